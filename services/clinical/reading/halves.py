"""Both sides in one breath: "bilateral effusions, new on the left", "right effusion larger, unchanged on the left"."""

from __future__ import annotations

from dataclasses import replace

from services.clinical.reading.attributes import Traits
from services.clinical.reading.lexicon import Attribute, Cue, Stop
from services.clinical.reading.measures import Size
from services.clinical.reading.model import Side
from services.clinical.reading.sentence import Item

_PARTING = frozenset(("comma", "soft", "and", "stop"))
_ONE = (Side.LEFT, Side.RIGHT)


def halves(items: list[Item], index: int, told: Traits) -> tuple[Traits, ...]:
    """The traits of the term at `index`, side by side where the words behind it tell the sides apart."""
    if told.side is None:
        return (told,)
    for item in items[index + 1 :]:
        if type(item.what) is Attribute and item.what.side in _ONE and item.what.side is not told.side:
            break
    else:
        return (told,)
    apart = [one for part in _parts(items, index) if (one := _half(part)) is not None]
    if told.side is Side.BILATERAL:
        if len(apart) == 2 and {half.side for half in apart} == set(_ONE):
            return tuple(_like(told, half) for half in apart)
        if len(apart) == 1 and apart[0].change is not None:
            other = _ONE[apart[0].side is Side.LEFT]
            rest = replace(told, side=other, change=None if told.change is apart[0].change else told.change)
            return (_like(told, apart[0]), rest)
        return (told,)
    others = [half for half in apart if half.side is not told.side and half.change is not None]
    if len(others) != 1 or told.change is None or told.change is others[0].change:
        return (told,)
    return (told, replace(others[0], site=told.site, bloody=told.bloody))


def _like(told: Traits, half: Traits) -> Traits:
    return replace(told, side=half.side, change=half.change or told.change, severity=half.severity or told.severity)


def _parts(items: list[Item], index: int) -> list[list[Attribute]]:
    """The attributes behind the term, clause by clause; a clause that names another thing or has a cue is none."""
    parts: list[list[Attribute]] = []
    current: list[Attribute] | None = []
    for item in items[index + 1 :]:
        what = item.what
        if isinstance(what, Stop) and what.role in _PARTING:
            if current:
                parts.append(current)
            current = []
        elif item.target:
            return parts
        elif isinstance(what, Cue):
            current = None
        elif isinstance(what, Attribute) and current is not None:
            current.append(what)
        elif isinstance(what, Size):
            continue
    return [*parts, current] if current else parts


def _half(part: list[Attribute]) -> Traits | None:
    """One side and how it is there; None for anything else."""
    sides = {one.side for one in part if one.side is not None}
    changes = {one.change for one in part if one.change is not None}
    amounts = {one.severity for one in part if one.severity is not None}
    if len(sides) != 1 or sides == {Side.BILATERAL} or len(changes) != 1:
        return None
    return Traits(side=sides.pop(), change=changes.pop(), severity=next(iter(amounts), None))
