"""Vital signs out of range: the table of thresholds, and what one frame's samples show against it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Samples = Mapping[str, Sequence[float | None] | None]


@dataclass(frozen=True, slots=True)
class Signal:
    """A vital sign's physical range, and for how many seconds a measurement stands while no other comes."""

    lowest: float
    highest: float
    hold_s: float


@dataclass(frozen=True, slots=True)
class Line:
    """One threshold. ``above``: out of range is at or above the limit; otherwise it is below the limit."""

    id: str
    vital: str
    signal: str
    limit: float
    above: bool
    sustained_s: float
    freeze_apart: bool
    example: tuple[float, ...]

    def broken(self, value: float) -> bool:
        """Whether the value is out of range."""
        return value >= self.limit if self.above else value < self.limit

    def worse(self, values: Sequence[float]) -> float:
        """Pick the value that is farthest out of range, or nearest to it."""
        return max(values) if self.above else min(values)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The table ``vitals.toml``, read once; lines in its order."""

    signals: dict[str, Signal]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a frame on one side of a line, in seconds from its start; ``worst`` None: in range."""

    line: str
    from_s: float
    to_s: float
    worst: float | None = None


@cache
def thresholds() -> Thresholds:
    """Read the table that comes with the package."""
    data = tomllib.loads(files(__package__).joinpath("vitals.toml").read_text("utf-8"))
    lines = tuple(
        Line(
            row["id"],
            row["vital"],
            row["signal"],
            row["at_least"] if "at_least" in row else row["below"],
            "at_least" in row,
            row["sustained_s"],
            row["freeze_apart"],
            tuple(row["example"]),
        )
        for row in data["line"]
    )
    signals = {name: Signal(row["lowest"], row["highest"], row["hold_s"]) for name, row in data["signal"].items()}
    return Thresholds(signals, lines)


def observe(samples: Samples, step_s: float) -> tuple[tuple[str, ...], tuple[Stretch, ...]]:
    """Lines that a frame's samples never cross, and the stretches of those that they do.

    A line without a single measurement is in neither: nothing is known of it.
    """
    table = thresholds()
    measured = {name: _available(samples, name, signal) for name, signal in table.signals.items()}
    calm: list[str] = []
    stretches: list[Stretch] = []
    for line in table.lines:
        values = measured[line.signal]
        present = [value for value in values if value is not None]
        if not present:
            continue
        if not line.broken(line.worse(present)):
            calm.append(line.id)
        else:
            stretches += _stretches(line, values, step_s, table.signals[line.signal].hold_s)
    return tuple(calm), tuple(stretches)


def _available(samples: Samples, name: str, signal: Signal) -> list[float | None]:
    low, high = signal.lowest, signal.highest
    if name == "mean_mmhg":
        pairs = zip(samples.get("systolic_mmhg") or (), samples.get("diastolic_mmhg") or (), strict=False)
        raw: Sequence[float | None] = [
            lower + (upper - lower) / 3 if upper and lower and 0 < lower <= upper <= high else None
            for upper, lower in pairs
        ]
    else:
        raw = samples.get(name) or ()
    return [value if value is not None and low <= value <= high else None for value in raw]


def _stretches(line: Line, values: Sequence[float | None], step_s: float, hold_s: float) -> list[Stretch]:
    found: list[Stretch] = []
    for index, value in enumerate(values):
        if value is None:
            continue
        begins, ends = round(index * step_s, 3), round((index + 1) * step_s, 3)
        worst = round(float(value), 1) if line.broken(value) else None
        last = found[-1] if found else None
        if last and worst is None and last.worst is None:
            found[-1] = Stretch(line.id, last.from_s, ends)
        elif last and worst is not None and last.worst is not None and begins - last.to_s <= hold_s:
            found[-1] = Stretch(line.id, last.from_s, ends, line.worse((worst, last.worst)))
        else:
            found.append(Stretch(line.id, begins, ends, worst))
    return found
