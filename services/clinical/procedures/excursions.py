"""Sustained excursions of vital signs over the frames of one procedure.

An episode is what lies out of range without an in-range measurement in between, and without more silence than
a measurement stands for. It runs over frames and phases; once sustained, every phase it touched shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.clinical.procedures.frame import ConsolePhase, FrameDigest
from services.clinical.procedures.vitals import Line, thresholds
from services.clinical.statements import Excursion


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch with its times and its phase; ``worst`` is None while in range."""

    start: datetime
    end: datetime
    phase: ConsolePhase
    worst: float | None


def excursions(frames: Sequence[FrameDigest]) -> tuple[Excursion, ...]:
    """Find what was sustained: one excursion for each vital sign and phase, in the order of their names.

    Where two lines tell of one vital sign (systolic and diastolic), ``worst`` is of the first line of the
    table that was sustained, and ``seconds`` of the longer one.
    """
    table = thresholds()
    found: dict[tuple[str, str], Excursion] = {}
    for line in table.lines:
        for one in _of_line(line, table.signals[line.signal].hold_s, frames):
            key = (one.vital, one.phase)
            held = found.get(key)
            found[key] = one if held is None else _joined(held, one)
    return tuple(found[key] for key in sorted(found))


def _joined(first: Excursion, second: Excursion) -> Excursion:
    return Excursion(
        first.vital,
        first.phase,
        first.worst,
        max(first.seconds, second.seconds),
        min(first.first_at, second.first_at),
    )


def _of_line(line: Line, hold_s: float, frames: Sequence[FrameDigest]) -> list[Excursion]:
    parts: dict[ConsolePhase, list[_Mark]] = {}
    for episode in _episodes(line, hold_s, _marks(line, frames)):
        if (max(mark.end for mark in episode) - episode[0].start).total_seconds() < line.sustained_s:
            continue
        for mark, after in zip(episode, [*episode[1:], None], strict=True):
            # a value that is held belongs to the phase in which it was measured
            until = max(mark.end, after.start) if after else mark.end
            parts.setdefault(mark.phase, []).append(_Mark(mark.start, until, mark.phase, mark.worst))
    return [
        Excursion(
            vital=line.vital,
            phase=phase.value,
            worst=line.worse([mark.worst for mark in marks if mark.worst is not None]),
            seconds=round(sum((mark.end - mark.start).total_seconds() for mark in marks), 3),
            first_at=min(mark.start for mark in marks),
        )
        for phase, marks in parts.items()
    ]


def _marks(line: Line, frames: Sequence[FrameDigest]) -> list[_Mark]:
    marks: list[_Mark] = []
    for frame in frames:
        if line.id in frame.calm:
            marks.append(_Mark(frame.start, frame.end, frame.phase, None))
        for one in frame.stretches:
            if one.line == line.id:
                start, end = (frame.start + timedelta(seconds=s) for s in (one.from_s, one.to_s))
                marks.append(_Mark(start, end, frame.phase, one.worst))
    return sorted(marks, key=lambda mark: (mark.start, mark.end))


def _episodes(line: Line, hold_s: float, marks: Sequence[_Mark]) -> list[list[_Mark]]:
    episodes: list[list[_Mark]] = []
    previous: _Mark | None = None
    for mark in marks:
        if mark.worst is not None:
            if previous is not None and _continues(line, hold_s, previous, mark):
                episodes[-1].append(mark)
            else:
                episodes.append([mark])
        previous = mark
    return episodes


def _continues(line: Line, hold_s: float, previous: _Mark, mark: _Mark) -> bool:
    if previous.worst is None or (mark.start - previous.end).total_seconds() > hold_s:
        return False
    freezing = (previous.phase is ConsolePhase.FREEZE, mark.phase is ConsolePhase.FREEZE)
    return not (line.freeze_apart and freezing[0] != freezing[1])
