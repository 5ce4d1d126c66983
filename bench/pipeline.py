"""How fast frames and reports go through, beside other ways of consuming Kafka: ``python -m bench.pipeline``.

Every contender gets a broker and a database of its own and the same records, already in the topic; it is measured from
its first progress to its last. The ratios are to the confluent-kafka loop of the same round. Answers are checked: a
wrong one fails the run, however fast. The real Kafka and PostgreSQL run on the same machine and take their share of it.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contest import frames, reports
from bench.contest.contender import CONTENDERS, Contender
from bench.contest.measure import Measured, Records, measure, published
from bench.contest.peers import peers_python
from deploy.local.database import LocalDatabase

YARDSTICK = "confluent-kafka loop"
BATCH = 500
Results = dict[tuple[str, str], list[Measured]]


def _right(kind: str, records: Records, patients: int) -> Callable[[str], bool]:
    """Whether what a broker's topics hold in the end is what had to come out; waits a little for the last of it."""
    told = frames.expected(records) if kind == "telemetry" else reports.expected(patients)

    def right(kafka: str) -> bool:
        for _ in range(30):
            if kind == "telemetry":
                found: object = frames.answers(published(kafka, (frames.SINK,)))
            else:
                found = reports.answers(published(kafka, reports.SINKS))
            if found == told:
                return True
            time.sleep(0.5)
        return False

    return right


def _run(kinds: list[str], rounds: int, frame_count: int, patients: int, only: set[str]) -> Results:
    python = peers_python()
    taking = [c for c in CONTENDERS if (python or not c.peer) and (not only or c.name in only)]
    results: Results = {}
    with LocalDatabase() as database:
        for number in range(rounds):
            for kind in kinds:
                records = frames.load(frame_count) if kind == "telemetry" else reports.load(patients)
                topic = frames.TOPIC if kind == "telemetry" else reports.TOPICS[0]
                right = _right(kind, records, patients)
                for contender in (c for c in taking if kind in c.kinds):
                    try:
                        took = measure(
                            contender, kind, topic, records, right, database, python or Path(sys.executable), BATCH
                        )
                    except (RuntimeError, TimeoutError) as problem:
                        sys.stderr.write(f"round {number + 1} {kind} {contender.name}: {problem}\n")
                        took = Measured(0.0, 0.0, 0.0, right=False)
                    results.setdefault((kind, contender.name), []).append(took)
                    each = ", ".join(f"{name} {us:.0f}" for name, us in took.each_us.items())
                    sys.stderr.write(
                        f"round {number + 1} {kind} {contender.name}: {took.rate:,.0f}/s, {each} µs"
                        f"{'' if took.right else '  WRONG ANSWERS'}\n"
                    )
    return results


def _table(kind: str, results: Results) -> Table:
    table = Table(title=f"{kind}: medians, least and most of {max(len(r) for r in results.values())} rounds")
    for name in ("", f"{kind}/s", "ratio", "CPU µs each", "per core", "PostgreSQL µs each", "answers"):
        table.add_column(name, justify="left" if not name else "right")
    base = results.get((kind, YARDSTICK), [])
    for contender in CONTENDERS:
        took = results.get((kind, contender.name))
        if not took:
            continue
        rates = [m.rate for m in took]
        ratios = [m.rate / b.rate for m, b in zip(took, base, strict=False) if b.rate]
        own = statistics.median(m.own_us for m in took)
        table.add_row(
            contender.name,
            f"{statistics.median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "",
            f"{own:,.0f}",
            f"{1e6 / own:,.0f}" if own else "",
            f"{statistics.median(m.database_us for m in took):,.0f}" if contender.stateful else "",
            "right" if all(m.right for m in took) else "WRONG",
        )
    return table


def _legend(contenders: tuple[Contender, ...]) -> str:
    return "\n".join(f"{c.name}: {c.does}.\n    Promises: {c.promises}." for c in contenders)


def main() -> int:
    """Run the rounds, print the tables; 1 when an answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument("--patients", type=int, default=600)
    parser.add_argument("--kind", choices=("telemetry", "reports"), help="one of them only")
    parser.add_argument("--only", action="append", default=[], help="a contender's name; may be repeated")
    parser.add_argument("--json", type=Path, help="write every round there")
    given = parser.parse_args()
    kinds = [given.kind] if given.kind else ["telemetry", "reports"]
    results = _run(kinds, given.rounds, given.frames, given.patients, set(given.only))
    console = Console(width=140)
    for kind in kinds:
        console.print(_table(kind, results))
    console.print(f"A frame is {frames.SAMPLES * frames.CHANNELS} samples. {os.cpu_count()} cores, batch {BATCH}.")
    console.print(_legend(CONTENDERS), highlight=False)
    if given.json:
        rows = [
            {"kind": kind, "name": name, "rate": m.rate, "own_us": m.own_us, "database_us": m.database_us}
            for (kind, name), took in results.items()
            for m in took
        ]
        given.json.write_text(json.dumps(rows, indent=1), "utf-8")
    return 0 if all(m.right for took in results.values() for m in took) else 1


if __name__ == "__main__":
    raise SystemExit(main())
