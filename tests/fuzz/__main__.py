"""``python -m tests.fuzz``: the long run, or (``--live``) mutants through real servers and services.

Ends with 1 when a promise was broken; each finding is shrunk and written to ``--out`` as a file to keep as a test.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.fuzz.hospital import all_seeds, pipeline
from tests.fuzz.live_run import live
from tests.fuzz.mutant import mutant
from tests.fuzz.pure_run import Finding, Tally, by_outcome, check, run
from tests.fuzz.shrink import shrink

ENDINGS = {"hl7v2-inbound": "hl7", "fhir-inbound": "json", "procedure-telemetry": "json"}


def _part(first: int, count: int, seed: int) -> Tally:
    """One process's share of the run."""
    return run(pipeline(), all_seeds(), seed, count, first, partial(_say, first))


def _say(first: int, tally: Tally) -> None:
    sys.stderr.write(
        f"from {first}: {tally.inputs} inputs, {len(tally.findings)} findings, "
        f"{tally.memory_mb[-1]:.0f} MB, {tally.seconds:.0f} s\n"
    )


def _pure(count: int, seed: int, processes: int, out: Path) -> int:
    share = -(-count // processes)
    firsts = [n * share for n in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        tallies = list(pool.map(_part, firsts, [min(share, count - f) for f in firsts], [seed] * processes))
    problems = [problem for tally in tallies for problem in tally.problems()]
    for tally in tallies:
        for topic, numbers in by_outcome(tally):
            print(f"{topic:22}{numbers}")
        print(
            f"{tally.inputs} inputs in {tally.seconds:.0f} s; "
            f"slowest {tally.slowest[0]:.2f} s (mutant {tally.slowest[1]}); "
            f"memory {tally.memory_mb[0]:.0f} -> {tally.memory_mb[-1]:.0f} MB, second half {tally.growth_mb:+.0f} MB"
        )
    counted = sum(tally.inputs for tally in tallies)
    print(f"{counted} inputs, every one accounted for" if counted == count else f"{count - counted} INPUTS ARE MISSING")
    _keep([finding for tally in tallies for finding in tally.findings], out)
    for problem in problems[:20]:
        print(problem)
    return 1 if problems or counted != count else 0


def _keep(findings: list[Finding], out: Path) -> None:
    """One file for each kind of finding: the smallest input that shows it, and its trace."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.error, finding)
    for number, (error, finding) in enumerate(sorted(first.items()), 1):
        made = finding.mutant

        def breaks(value: bytes, made: object = made, error: str = error) -> bool:
            found = check(pipeline(), replace(made, value=value))  # type: ignore[type-var]
            return isinstance(found, Finding) and found.error == error

        small = shrink(made.value, breaks) if len(made.value) < 20_000 and breaks(made.value) else made.value
        out.mkdir(parents=True, exist_ok=True)
        name = out / f"{number:02d}-{made.topic}.{ENDINGS[made.topic]}"
        name.write_bytes(small)
        name.with_suffix(".txt").write_text(f"{error}\n{made.seed} {made.recipe}\n{finding.trace}", "utf-8")
        print(f"{error}: {name} ({len(small)} bytes)")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--live", action="store_true", help="through Kafka, PostgreSQL and the services")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="folder for what was found")
    parser.add_argument("--show", type=int, help="write mutant of that number to standard output, and end")
    given = parser.parse_args()
    if given.show is not None:
        sys.stdout.buffer.write(mutant(all_seeds(), given.seed, given.show).value)
        return 0
    if given.live:
        return live(given.count, given.seed)
    return _pure(given.count, given.seed, given.processes, given.out)


if __name__ == "__main__":
    raise SystemExit(main())
