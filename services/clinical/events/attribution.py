"""Which lesion an event belongs to: by side, then by what lies near. What can't be told is unattributed."""

from collections.abc import Sequence

from services.clinical.events.compartments import compartments
from services.clinical.procedures.record import RecordedLesion


def candidates(compartment: str, side: str | None, lesions: Sequence[RecordedLesion]) -> list[RecordedLesion]:
    """The lesions that may have caused an event there, the nearest group only; lesions of the other side excluded."""
    same_side = [
        x
        for x in lesions
        if not (side and x.side in ("left", "right") and side in ("left", "right") and x.side != side)
    ]
    groups = compartments().near.get(compartment) or compartments().near.get(compartment.split(":")[0])
    if groups is None:
        return same_side
    for group in groups:
        found = [x for x in same_side if x.location in group]
        if found:
            return found
    return []


def nearness(compartment: str, side: str | None, lesions: Sequence[RecordedLesion]) -> tuple[int, int]:
    """How near the lesions are to an event: by side, then by region; (0, 0) when none can have caused it."""
    near = candidates(compartment, side, lesions)
    if not near:
        return 0, 0
    groups = compartments().near.get(compartment) or compartments().near.get(compartment.split(":")[0]) or ()
    group = next((i for i, places in enumerate(groups) if near[0].location in places), 0)
    return 2 if side and any(x.side == side for x in near) else 1, -group


def attribute(compartment: str, side: str | None, lesions: Sequence[RecordedLesion]) -> str | None:
    """The lesion's number, or None. A sideless event of a one-lesion procedure belongs to that lesion."""
    if len(lesions) == 1:
        only = lesions[0]
        opposite = side in ("left", "right") and only.side in ("left", "right") and side != only.side
        return None if opposite else only.number
    found = candidates(compartment, side, lesions)
    return found[0].number if len(found) == 1 else None
