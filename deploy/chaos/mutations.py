"""Take one guard away at a time, in a copy of the tree, and see whether the chaos test notices.

::

    python -m deploy.chaos.mutations              # all of them; a Markdown table at the end
    python -m deploy.chaos.mutations row-lock ... # some
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.chaos.guards import MUTATIONS, Mutation
from deploy.local.parent import die_with_parent
from deploy.local.stack import ROOT

TEST = "tests/live/test_chaos.py"
_COPIED = ("services", "simulators", "deploy", "schemas", "tests", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the test said without the guard."""

    mutation: Mutation
    red: bool
    why: str
    seconds: float
    directly: bool | None
    """Whether the guard's own test went red; None when the chaos test is its test."""

    @property
    def row(self) -> str:
        """A line of the table."""
        own = self.mutation.test.partition("::")[2] if self.mutation.test else ""
        own = own and f"{'red' if self.directly else 'GREEN'}: `{own}`"
        return f"| {self.mutation.guard} | {'red' if self.red else 'green'} | {self.why} | {own} |"


def main(names: list[str]) -> int:
    """Try the named mutations, or all; 0 when each was noticed by the chaos test or by the guard's own test."""
    unknown = sorted(set(names) - {m.name for m in MUTATIONS})
    if unknown:
        print(f"no such mutation: {', '.join(unknown)}; there are {', '.join(m.name for m in MUTATIONS)}")
        return 2
    chosen = [m for m in MUTATIONS if not names or m.name in names]
    seen = []
    for mutation in chosen:
        seen.append(attempt(mutation))
        print(f"{mutation.name}, {seen[-1].seconds:.0f} s: {seen[-1].row}", flush=True)
    print("\n| guard taken away | chaos test | what it found | its own test |\n| --- | --- | --- | --- |")
    print("\n".join(one.row for one in seen))
    return 0 if all(one.red or one.directly for one in seen) else 1


def attempt(mutation: Mutation) -> Seen:
    """Run the chaos test without one guard."""
    with tempfile.TemporaryDirectory(prefix="cryowatch-mutation-") as folder:
        copy = Path(folder) / "tree"
        copy.mkdir(mode=0o755)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        apply(mutation, copy)
        started = time.monotonic()
        code, output = _pytest(TEST, copy)
        seconds = time.monotonic() - started
        directly = _pytest(mutation.test, copy)[0] == 1 if mutation.test else None
        return Seen(mutation, code == 1, _why(output), seconds, directly)


def _pytest(test: str, tree: Path) -> tuple[int, str]:
    """Run a test in a copy: 0 for green, 1 for red, and what it printed. RuntimeError when it can't be run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", test, "-q", "-x", "-p", "no:cacheprovider"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=partial(die_with_parent, signal.SIGINT),  # so that an interrupted trial cleans up
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{test} didn't run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode, done.stdout


def apply(mutation: Mutation, tree: Path) -> None:
    """Edit a copy; ValueError when a guard is no longer where it was."""
    for file, old, new in mutation.edits:
        path = tree / file
        text = path.read_text("utf-8")
        if text.count(old) != 1:
            raise ValueError(f"mutation {mutation.name}: {file} holds its text {text.count(old)} times, not once")
        path.write_text(text.replace(old, new), "utf-8")


def _why(output: str) -> str:
    """The first findings of the test, or what ended it."""
    found = list(dict.fromkeys(re.findall(r"FOUND ([^{].+)", output)))
    found = found or re.findall(r"^E +(\w*Error: .+)", output, re.MULTILINE)
    return "; ".join(found[:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
