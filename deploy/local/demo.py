"""``make demo``: the paper's cohort through a real Kafka and a real PostgreSQL, and its tables out at the other end."""

import argparse
import json
import signal
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import create_engine

from deploy.local.paper_tables import Cell, cells, corrected_rates
from deploy.local.servers import broker_and_database
from deploy.local.settled import ledger_rows, wait_settled
from deploy.local.stack import ROOT, Stack, running
from services.charts.rates import site_counts
from services.clinical.moments import iso
from services.clinical.rates.rate import Counts
from services.command.tables import ledger_table
from simulators.play import Run, build_run, play_to_kafka

EVENTS_OF_THE_PAPER = 25


def main() -> int:
    """Run the demo; 0 when every k and n is the paper's."""
    options = _options()
    console = Console() if sys.stdout.isatty() else Console(width=150, force_terminal=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
    started = time.monotonic()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="cryowatch-demo-")))
        console.print("Starting Apache Kafka and PostgreSQL ...")
        servers = opened.enter_context(broker_and_database())
        console.print("Starting the services ...")
        stack = opened.enter_context(running(Stack(servers.kafka, servers.database_url, folder)))
        run = build_run(options.seed, options.cohort, options.faults)
        _play(run, stack, console)
        console.print(f"Everything has come out {time.monotonic() - started:.0f} s after the start.\n")
        found = _result(run, stack)
        _print(found, stack, console)
        build = ROOT / "build" / "demo"
        build.mkdir(parents=True, exist_ok=True)
        (build / "tables.json").write_text(json.dumps(found["document"], indent=2, sort_keys=True) + "\n")
        console.print(f"The same as JSON: {build.relative_to(ROOT) / 'tables.json'}")
        wrong = [cell for cell in found["cells"] if not cell.agrees or "without a known" in cell.remark]
        if options.cohort == "paper":
            if len(found["events"]) != EVENTS_OF_THE_PAPER:
                console.print(f"{EVENTS_OF_THE_PAPER} AdverseEvent resources should stand.", style="red")
            for cell in wrong:
                console.print(f"Table {cell.table}, {cell.row}: printed {cell.printed}, ours {cell.ours}", style="red")
            console.print(
                f"{len(found['cells']) - len(wrong)} of {len(found['cells'])} cells agree with the paper.\n",
                style="bold",
            )
        if not options.exit:
            console.print("Running until Ctrl-C.")
            try:
                signal.pause()
            except KeyboardInterrupt:
                console.print("Stopping ...")
        good = not wrong and len(found["events"]) == EVENTS_OF_THE_PAPER
        return 0 if good or options.cohort != "paper" else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo DEMO_ARGS=...", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end after the tables instead of waiting for Ctrl-C")
    parser.add_argument("--seed", type=int, default=2024, help="ordering, wording and faults (default 2024)")
    parser.add_argument("--faults", type=float, default=0.3, help="how many faults are added, 0 to 1 (default 0.3)")
    parser.add_argument(
        "--cohort", choices=("paper", "random"), default="paper", help="the paper's, or an invented one"
    )
    return parser.parse_args()


def _play(run: Run, stack: Stack, console: Console) -> None:
    engine = create_engine(stack.database_url)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    total = len(run.messages)
    console.print(f"Playing {total} messages: HL7 v2, FHIR and console frames, with duplicates, disorder and garbage.")
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        played = bar.add_task("played into Kafka", total=total)
        entered = bar.add_task("through the services", total=total)
        play_to_kafka(
            run,
            stack.kafka,
            clock_file=stack.clock_file,
            progress=lambda done, _, now: bar.update(played, completed=done, description=f"played, {now:%Y-%m}"),
        )
        wait_settled(
            stack.kafka,
            engine,
            total,
            iso(run.horizon),
            patience=240,
            progress=lambda done: bar.update(entered, completed=done),
        )
    engine.dispose()


def _result(run: Run, stack: Stack) -> dict[str, Any]:
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        found = site_counts(connection, run.horizon, ["all"])
    values: dict[tuple[str, str], int] = {}
    for one in found:
        for key, count in one.counts.values.items():
            values[key] = values.get(key, 0) + count
    counts = Counts(values)
    ledger = ledger_rows(engine)
    engine.dispose()
    base = f"http://127.0.0.1:{stack.ports['gateway']}/r4"
    bundle = _get(f"{base}/AdverseEvent?_count=100")
    found_events = [entry["resource"] for entry in bundle.get("entry", ())]
    events = [event for event in found_events if "modifierExtension" not in event]
    table = cells(counts)
    corrected = {k: {"k": v[0], "n": v[1], "lower": v[2], "upper": v[3]} for k, v in corrected_rates(counts).items()}
    document = {
        "as_of": iso(run.horizon),
        "cells": [_cell_json(cell) for cell in table],
        "corrected": corrected,
        "adverse_events": {"standing": len(events), "withdrawn": len(found_events) - len(events)},
        "ledger": {f"{topic}/{outcome}": n for (topic, outcome), n in sorted(ledger.items())},
    }
    return {
        "cells": table,
        "counts": counts,
        "ledger": ledger,
        "events": events,
        "document": document,
        "as_of": run.horizon,
        "corrected": corrected,
    }


def _cell_json(cell: Cell) -> dict[str, object]:
    return {
        "table": cell.table,
        "row": cell.row,
        "printed": {"k": cell.printed[0], "n": cell.printed[1], "percent": cell.printed_percent},
        "ours": {"k": cell.ours[0], "n": cell.ours[1], "percent": cell.percent},
        "corrected": {"k": cell.corrected[0], "n": cell.corrected[1]} if cell.corrected else None,
        "agrees": cell.agrees,
        "remark": cell.remark,
    }


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # our own gateway
        value: dict[str, Any] = json.load(answer)
        return value


def _fraction(pair: tuple[int, int | None] | None, percent: str | None = None) -> str:
    if pair is None:
        return ""
    k, n = pair
    if n is None:
        return str(k)
    return f"{k}/{n} ({percent} %)" if percent else f"{k}/{n}"


def _print(found: dict[str, Any], stack: Stack, console: Console) -> None:
    as_of: datetime = found["as_of"]
    for number in ("1", "2", "3", "4", "5", "text"):
        name = f"Table {number}" if number != "text" else "In the text"
        table = Table(title=f"{name}, as of {as_of:%Y-%m-%d}", title_justify="left")
        for column in ("row", "printed", "ours", "corrected", ""):
            table.add_column(column)
        for cell in (c for c in found["cells"] if c.table == number):
            corrected = ""
            if cell.corrected:
                k, n = cell.corrected
                corrected = f"{k}/{n} ({100 * k / n:.1f} %)" if n else ""
            mark = "" if cell.agrees else "DIFFERS "
            table.add_row(
                cell.row.replace("_", " "),
                _fraction(cell.printed, cell.printed_percent),
                _fraction(cell.ours, cell.percent),
                corrected,
                mark + cell.remark,
            )
        console.print(table)
    for name, rate in found["corrected"].items():
        share = f"{100 * rate['k'] / rate['n']:.1f} %" if rate["n"] else "-"
        bounds = f"(95 % {100 * rate['lower']:.1f}-{100 * rate['upper']:.1f})"
        console.print(f"Corrected, {name}: {rate['k']}/{rate['n']} = {share} {bounds}")
    console.print(ledger_table(found["ledger"]))
    events = found["events"]
    withdrawn = found["document"]["adverse_events"]["withdrawn"]
    console.print(f"{len(events)} FHIR AdverseEvent resources stand; {withdrawn} more are marked withdrawn.")
    metrics = stack.services["complication_metrics"].ops_port
    ports = stack.ports
    console.print(f"Metrics:  http://127.0.0.1:{metrics}/metrics")
    console.print(f"FHIR R4:  http://127.0.0.1:{ports['gateway']}/r4/AdverseEvent   (R5: /r5/AdverseEvent)")
    console.print(f"Desk:     http://127.0.0.1:{ports['desk']}/reviews   (/dead-letters, /audit)")
    console.print(f"Send to:  MLLP 127.0.0.1:{ports['mllp']}, FHIR http://127.0.0.1:{ports['fhir_intake']}/fhir")
    console.print("For the command, in another terminal (then: .venv/bin/cryowatch reviews):")
    settings = stack.environment(name="command")
    for name in ("KAFKA", "DATABASE_URL", "SECRETS_DIR", "SITES_FILE", "CLOCK_FILE"):
        console.print(f"  export CRYOWATCH_{name}={settings[f'CRYOWATCH_{name}']}", soft_wrap=True, highlight=False)
    if events:
        console.print("A sample AdverseEvent:")
        console.print_json(json.dumps(events[0]))


if __name__ == "__main__":
    sys.exit(main())
