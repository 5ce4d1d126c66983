"""A treatment folded from the digests of its frames: any order, any repeats, any split, the same summary."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.clinical.canonical import digest
from services.clinical.moments import Moment, at
from services.clinical.procedures.excursions import excursions
from services.clinical.procedures.frame import IN_CYCLE, ConsolePhase, FrameDigest, HeaderPart
from services.clinical.statements import Alarm, ConsoleHeader, Cycle, TreatmentSummary

TREATED_S = 60.0
"""Seconds below -20 °C within the freezing of one cycle from which a tumor counts as treated.

-20 °C is the isotherm that has to cover the tumor and its margin. The tip crosses it within seconds of any
freezing, also of one that only fixes the probe or is given up at once; published freezing times are minutes.
"""


@dataclass(frozen=True, slots=True)
class _Frames:
    """Distinct frames in the order of their numbers, and how many distinct digests were held for them."""

    held: int
    frames: tuple[FrameDigest, ...]


def summarize(
    site: str, accession: str, console: str, digests: Iterable[FrameDigest]
) -> tuple[TreatmentSummary, ConsoleHeader | None]:
    """Sum up one procedure, and tell what its console said of it; ValueError when there is no frame.

    ``frames`` counts every distinct digest held, also two of one number, so that it grows with all that is
    learned. Of two of one number the one that covers more time counts, then the one of the greater hash.
    """
    kept = _distinct(digests)
    frames = kept.frames
    if not frames:
        raise ValueError("a treatment needs at least one frame")
    cycles, treated = _cycles(frames)
    alarms = {(alarm.at, alarm.code) for frame in frames for alarm in frame.alarms}
    summary = TreatmentSummary(
        site=site,
        accession=accession,
        console=console,
        frames=kept.held,
        first_at=min(frame.start for frame in frames),
        last_at=max(frame.end for frame in frames),
        treated=treated,
        cycles=cycles,
        missing_frames=_missing(frames),
        minimum_tip_c=_coldest(frames),
        freeze_s=_total(cycle.freeze_s for cycle in cycles),
        below_minus_20_s=_total(cycle.below_minus_20_s for cycle in cycles),
        below_minus_40_s=_total(cycle.below_minus_40_s for cycle in cycles),
        alarms=tuple(Alarm(code, instant) for instant, code in sorted(alarms)),
        excursions=excursions(frames),
        done=any(frame.phase is ConsolePhase.DONE for frame in frames),
    )
    return summary, _header(site, accession, console, kept)


def _distinct(digests: Iterable[FrameDigest]) -> _Frames:
    by_number: dict[int, set[FrameDigest]] = {}
    for one in digests:
        by_number.setdefault(one.frame, set()).add(one)
    chosen = (
        next(iter(same)) if len(same) == 1 else max(same, key=lambda one: (one.seconds, digest(one)))
        for _, same in sorted(by_number.items())
    )
    return _Frames(sum(map(len, by_number.values())), tuple(chosen))


def _missing(frames: tuple[FrameDigest, ...]) -> int:
    """Count the numbers that were passed over. Consoles count from one; a frame zero shows a count from zero."""
    first = min(1, frames[0].frame)
    return frames[-1].frame - first + 1 - len(frames)


def _cycles(frames: tuple[FrameDigest, ...]) -> tuple[tuple[Cycle, ...], bool]:
    parts: dict[tuple[int, int], list[FrameDigest]] = {}
    for frame in frames:
        if frame.phase in IN_CYCLE and frame.insertion and frame.cycle:  # without samples a frame need not name them
            parts.setdefault((frame.insertion, frame.cycle), []).append(frame)
    cycles = tuple(
        Cycle(
            insertion=insertion,
            cycle=cycle,
            freeze_s=_total(part.freeze_s for part in same),
            thaw_s=_total(part.thaw_s for part in same),
            minimum_tip_c=_coldest(same),
            below_minus_20_s=_total(part.below_minus_20_s for part in same),
            below_minus_40_s=_total(part.below_minus_40_s for part in same),
        )
        for (insertion, cycle), same in sorted(parts.items())
    )
    freezing = ([part for part in same if part.phase is ConsolePhase.FREEZE] for same in parts.values())
    return cycles, any(_total(part.below_minus_20_s for part in same) >= TREATED_S for same in freezing)


def _coldest(frames: Iterable[FrameDigest]) -> float | None:
    return min((frame.minimum_tip_c for frame in frames if frame.minimum_tip_c is not None), default=None)


def _total(seconds: Iterable[float]) -> float:
    return round(sum(seconds, 0.0), 3)


def _header(site: str, accession: str, console: str, kept: _Frames) -> ConsoleHeader | None:
    """Take, field by field, what the frame of the highest number says that says anything of it."""
    parts = [frame.header for frame in kept.frames if frame.header is not None]
    if not parts:
        return None
    said = HeaderPart()
    for part in parts:
        said = HeaderPart(
            started=part.started or said.started,
            ended=part.ended or said.ended,
            device=part.device or said.device,
            coolant=part.coolant or said.coolant,
            gauge=part.gauge or said.gauge,
            positions=part.positions or said.positions,
        )
    started: Moment | None = at(said.started) if said.started else None
    ended: Moment | None = at(said.ended) if said.ended else None
    return ConsoleHeader(
        site=site,
        accession=accession,
        console=console,
        frames=kept.held,
        started=started,
        ended=ended,
        device=said.device,
        coolant=said.coolant,
        gauge=said.gauge,
        positions=said.positions,
    )
