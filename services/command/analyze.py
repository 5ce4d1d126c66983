"""``cryowatch analyze FOLDER``: the pure core over an export, in one process, without Kafka or a database."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from services.clinical.canonical import to_json
from services.clinical.grading.ruleset import shipped
from services.clinical.moments import parse_iso
from services.command.export_folder import Analysis, analyze_folder
from services.command.tables import events_table, ledger_table, rates_table, show
from services.runtime.settings import Settings
from services.runtime.sites import load_sites


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Records, adverse events and rates as one JSON document.")
@click.option("--as-of", help="The instant as of which windows are open or closed (ISO with zone; default: now).")
@click.option("--sites", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Sites file (TOML).")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Event id key.")
@click.option(
    "--ruleset",
    type=click.Choice([r.id for r in shipped()]),
    default="orsi-2024",
    show_default=True,
    help="Rule set whose grades the rates count.",
)
def analyze(
    folder: Path, as_json: bool, as_of: str | None, sites: Path | None, key_file: Path | None, ruleset: str
) -> None:
    """Read FOLDER (hl7v2/, fhir/, telemetry/ and adjudications/ files); show its complications and their rates."""
    try:
        instant = parse_iso(as_of) if as_of else datetime.now(UTC)
    except ValueError as problem:
        raise click.UsageError(f"{problem}; an instant looks like 2026-11-24T10:00:00Z") from None
    try:
        known = load_sites(sites) if sites else Settings().sites()
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    key = key_file.read_bytes().strip() if key_file else b"a key for analysis in this process alone"
    with Progress(console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        found = analyze_folder(
            folder, known, key, instant, ruleset, lambda done, total: bar.update(task, completed=done, total=total)
        )
    if found.messages == 0:
        raise click.UsageError(f"{folder} has no hl7v2/*.hl7, fhir/*.json or telemetry/*.jsonl files")
    if as_json:
        click.echo(json.dumps(_document(found), sort_keys=True, ensure_ascii=False, separators=(",", ":")))
        return
    standing = [event for event in found.events if event.status == "live"]
    show(events_table([to_json(event) for event in standing], ruleset))
    show(rates_table(found.counts))
    show(ledger_table(found.ledger))


def _document(found: Analysis) -> dict[str, object]:
    return {
        "records": to_json(found.records),
        "events": to_json(found.events),
        "ledger": {f"{topic}/{outcome}": n for (topic, outcome), n in sorted(found.ledger.items())},
        "rates": {f"{stratum}/{measure}": n for (stratum, measure), n in sorted(found.counts.values.items())},
    }
