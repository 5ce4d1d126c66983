"""``cryowatch read``: what a report's text says, and what it would mean as the procedure's 24-hour CT."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.table import Table

from services.clinical.facts import state
from services.clinical.moments import at
from services.clinical.publish import Rules, publish
from services.clinical.reading import Reading
from services.clinical.reading import read as read_text
from services.clinical.statements import Lesion, ProcedureStatement, ReportBody, ReportStatus
from services.command.tables import show

_START = datetime(2200, 1, 2, 9, tzinfo=UTC)
"""Later than any date that a report states: an examination that is named by its date only came before."""
_END = _START + timedelta(hours=2)
ESCALATION = "escalation"
"""Arrest, shock and organ failure raise a grade, and are no findings of the reader's vocabulary."""
_RULES = Rules(event_key=b"events of one report read alone: no id")


@click.command()
@click.option("--table", "as_table", is_flag=True, help="A table, also for JSON lines.")
def read(as_table: bool) -> None:
    """Read reports from standard input: JSON lines {"id", "lang", "text"}, or plain text."""
    raw = sys.stdin.buffer.read().decode("utf-8", "replace")
    lines = _json_lines(raw)
    if lines is None:
        show(_table(read_text(raw)))
        return
    for number, item in enumerate(lines, 1):
        if not isinstance(item, dict) or not isinstance(item.get("text"), str):
            raise click.UsageError(f'line {number}: write an object with "id", "lang" and "text"')
        reading = read_text(item["text"], language=item.get("lang"), section=item.get("section"))
        if as_table:
            show(_table(reading))
            continue
        answer: dict[str, Any] = {"id": item.get("id"), "outcome": reading.outcome, "findings": _findings(reading)}
        if item.get("procedure_context"):
            answer["events"] = events_alone(item["text"], item.get("lang"), item["procedure_context"])
        click.echo(json.dumps(answer, ensure_ascii=False))


def _json_lines(raw: str) -> list[Any] | None:
    """The lines as JSON, or None when the input is plain text."""
    lines = [line for line in raw.split("\n") if line.strip()]
    try:
        return [json.loads(line) for line in lines] if lines and lines[0].lstrip().startswith("{") else None
    except ValueError as problem:
        raise click.UsageError(f"the input begins like JSON lines but a line is none ({problem})") from None


def _findings(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "finding": f.finding,
            "assertion": f.assertion.value,
            "side": f.side.value if f.side else None,
            "size_mm": f.size_mm,
            "severity": f.severity.value if f.severity else None,
            "change": f.change.value if f.change else None,
            "sentence": f.sentence.strip(),
        }
        for f in reading.findings
        if f.kind != ESCALATION
    ]


def events_alone(text: str, language: str | None, context: dict[str, Any]) -> list[dict[str, Any]]:
    """The events when this is the only report, of the CT 24 hours after the procedure."""
    site = context.get("site")
    lesion = Lesion("1", context.get("organ"), str(site) if site else context.get("organ"), context.get("side"))
    procedure = ProcedureStatement("X", "1", "1", start=at(_START), end=at(_END), lesions=(lesion,))
    performed = at(_END + timedelta(hours=24))
    facts = [
        state(procedure),
        state(ReportBody("X", "1", "1", text, performed=performed, accession="1", language=language)),
        state(ReportStatus("X", "1", "1")),
    ]
    published = publish(facts, _RULES, _END + timedelta(days=31))
    return [
        {"event": e.event, "side": e.side, "grades": {g.ruleset: g.grade for g in e.grades}}
        for e in published.events
        if e.certainty == "definite"
    ]


def _table(reading: Reading) -> Table:
    table = Table(title=f"{reading.outcome}, language {reading.language}")
    for column in ("finding", "assertion", "side", "size", "severity", "change", "sentence"):
        table.add_column(column)
    for f in reading.findings:
        size = f"{f.size_mm:g} mm" if f.size_mm is not None else ""
        words = [x.value if x else "" for x in (f.side, f.severity, f.change)]
        table.add_row(f.finding, f.assertion.value, words[0], size, words[1], words[2], f.sentence.strip())
    return table
