"""A run without servers: every mutant through the pure parts of all services, its time and the memory watched."""

import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutant import Mutant, mutants
from tests.fuzz.promises import Pipeline
from tests.fuzz.seeds import Seed

SLOWEST_S = 10.0
"""No input may hold up the others for longer; a fuzzer's machine is a slow one."""

GROWTH_MB = 64.0
"""What the second half of a run may add to the process; a leak of a kilobyte an input adds 50 MB to it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input for which a promise didn't hold: what was raised, and where."""

    mutant: Mutant
    error: str
    trace: str

    @property
    def signature(self) -> str:
        """What tells findings apart: the error's kind and its place, or the promise."""
        return self.error


@dataclass(slots=True)
class Tally:
    """What became of a run's inputs."""

    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    memory_mb: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def inputs(self) -> int:
        """How many there were, those with a finding included."""
        return sum(self.outcomes.values()) + len(self.findings)

    @property
    def growth_mb(self) -> float:
        """How much memory the second half added."""
        return self.memory_mb[-1] - self.memory_mb[len(self.memory_mb) // 2] if self.memory_mb else 0.0

    def problems(self) -> list[str]:
        """What is wrong, in words; empty when all held."""
        found = [f"mutant {f.mutant.number}: {f.error}" for f in self.findings]
        if self.slowest[0] > SLOWEST_S:
            found.append(f"mutant {self.slowest[1]} took {self.slowest[0]:.1f} s")
        if self.growth_mb > GROWTH_MB:
            found.append(f"memory grew by {self.growth_mb:.0f} MB in the second half")
        return found


def check(pipeline: Pipeline, mutant: Mutant) -> tuple[str, str] | Finding:
    """What became of one mutant, or what broke."""
    try:
        return pipeline.outcome(mutant)
    except Exception as broken:
        frames = traceback.extract_tb(broken.__traceback__)
        place = next((f for f in reversed(frames) if "services" in Path(f.filename).parts), frames[-1])
        error = f"{type(broken).__name__} at {Path(place.filename).name}:{place.lineno} {place.name}"
        if type(broken).__name__ == "Broken":
            error = f"{error}: {broken}"
        return Finding(mutant, error, "".join(traceback.format_exception(broken)))


def run(
    pipeline: Pipeline,
    seeds: list[Seed],
    seed: int,
    count: int,
    first: int = 0,
    progress: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Check ``count`` mutants."""
    tally, started, said = Tally(), time.monotonic(), 0.0
    for mutant in mutants(seeds, seed, count, first):
        before = time.perf_counter()
        found = check(pipeline, mutant)
        tally.slowest = max(tally.slowest, (time.perf_counter() - before, mutant.number))
        if isinstance(found, Finding):
            tally.findings.append(found)
        else:
            tally.outcomes[(mutant.topic, *found)] += 1
        now = time.monotonic()
        tally.seconds = now - started
        if now - said > 2:
            tally.memory_mb.append(memory_mb())
            progress(tally)
            said = now
    tally.memory_mb.append(memory_mb())
    return tally


def memory_mb() -> float:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def by_outcome(tally: Tally) -> Iterator[tuple[str, dict[str, int]]]:
    """Each topic's inputs by outcome."""
    topics = sorted({topic for topic, _, _ in tally.outcomes})
    for topic in topics:
        numbers: Counter[str] = Counter()
        for (t, outcome, _), n in tally.outcomes.items():
            if t == topic:
                numbers[outcome] += n
        yield topic, dict(sorted(numbers.items()))
