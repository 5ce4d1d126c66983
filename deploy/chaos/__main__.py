"""``make chaos``: storms of faults over the whole pipeline under load, and whether it still equals the oracle.

::

    make chaos SEED=7 FAULTS=50                 # one run; its JSON goes to build/chaos/7.json
    python -m deploy.chaos table build/chaos/*  # the fault table over several runs
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.chaos.report import as_json, load, markdown, table
from deploy.chaos.run import Outcome, Watcher, weather_storms
from deploy.chaos.schedule import KINDS, Storm, lines, schedule
from deploy.local.stack import ROOT
from simulators.run import COHORTS, Run, build_run


def main() -> int:
    """Run chaos, or print the table of runs; 0 when all is exact."""
    options = _options()
    console = Console() if sys.stdout.isatty() else Console(width=150, force_terminal=False)
    if options.verb == "table":
        print(markdown(load(options.files)), end="")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        storms = schedule(options.seed, options.faults, options.kinds.split(",") if options.kinds else KINDS)
    except ValueError as problem:
        print(f"chaos: {problem}", file=sys.stderr)
        return 2
    if options.verb == "schedule":
        print("\n".join(lines(storms)))
        return 0
    run = build_run(options.seed, options.cohort, options.dial)
    with tempfile.TemporaryDirectory(prefix="cryowatch-chaos-") as folder:
        outcome = _weather(options, run, storms, Path(folder), console)
        found = as_json(outcome, options.cohort, options.dial)
        if not outcome.exact:
            _keep_logs(Path(folder), console)
    out = ROOT / "build" / "chaos" / f"{options.seed}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n")
    console.print(table([found]))
    for storm in outcome.storms:
        for finding in storm.findings:
            console.print(f"after {', '.join(f.kind for f in storm.storm)}: {finding}", style="red")
    for finding in outcome.findings:
        console.print(f"at the end: {finding}", style="red")
    console.print(f"{'Exact' if outcome.exact else 'DIFFERS'} after {outcome.seconds:.0f} s. {out.relative_to(ROOT)}")
    return 0 if outcome.exact else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.chaos", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("run", "schedule"):
        one = verbs.add_parser(verb)
        one.add_argument("--seed", type=int, default=1, help="of the schedule and of the messages (default 1)")
        one.add_argument("--faults", type=int, default=12, help="how many faults strike (default 12)")
        one.add_argument("--kinds", default="", help=f"only these, comma-separated: {', '.join(KINDS)}")
        one.add_argument("--cohort", choices=COHORTS, default="paper", help="the paper's, or an invented one")
        one.add_argument("--dial", type=float, default=0.3, help="faults among the messages, 0 to 1 (default 0.3)")
        one.add_argument("--patience", type=float, default=120, help="seconds to catch up in (default 120)")
    verbs.add_parser("table").add_argument("files", type=Path, nargs="+", help="JSON of earlier runs")
    return parser.parse_args()


def _weather(options: argparse.Namespace, run: Run, storms: list[Storm], folder: Path, console: Console) -> Outcome:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    started = time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        faults = bar.add_task("faults lifted", total=sum(len(storm) for storm in storms))
        sent = bar.add_task("messages sent", total=len(run.messages))
        entered = bar.add_task("in the ledger", total=None)

        def progress(lifted: int, out: int, rows: int) -> None:
            bar.update(faults, completed=lifted)
            bar.update(sent, completed=out)
            bar.update(entered, completed=rows)

        def say(words: str) -> None:
            console.print(f"{time.monotonic() - started:6.1f} s  {words}")

        return weather_storms(options.seed, run, storms, folder, Watcher(say, progress), patience=options.patience)


def _keep_logs(folder: Path, console: Console) -> None:
    kept = ROOT / "build" / "chaos" / "logs"
    kept.mkdir(parents=True, exist_ok=True)
    for log in (folder / "logs").glob("*.log"):
        (kept / log.name).write_bytes(log.read_bytes())
    console.print(f"Logs of services and servers: {kept.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
