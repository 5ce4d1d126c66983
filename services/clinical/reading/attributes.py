"""Which side, size, severity, change, site and qualifiers of a sentence belong to which term."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from services.clinical.reading.lexicon import BASELINE, KNOWN, SINCE, Attribute, Cue, Stop, Term
from services.clinical.reading.measures import Size
from services.clinical.reading.model import Assertion, Change, Severity, Side
from services.clinical.reading.sentence import Item

_ORDER = (Severity.TRACE, Severity.SMALL, Severity.MODERATE, Severity.LARGE)
SEVERAL = "several"
_STAGES = frozenset((SINCE, BASELINE))
_MOVED = (Change.INCREASED, Change.DECREASED)
_PLACING = frozenset(("on", "at", "di", "a", "in", "sul"))
_BEHIND = frozenset(("treated", "active_bleeding"))
SITED = frozenset(
    (
        "hematoma",
        "hemorrhage",
        "fracture",
        "nerve_injury",
        "organ_injury",
        "infection",
        "pulmonary_hemorrhage",
        "fistula",
    )
)


@dataclass(slots=True)
class Traits:
    """What is collected for one term; `ahead` says that the side was written before it."""

    side: Side | None = None
    ahead: bool = False
    severity: Severity | None = None
    change: Change | None = None
    change_ahead: bool = False
    size: float | None = None
    site: str | None = None
    level: str | None = None
    known: bool = False
    bloody: bool = False
    same: bool = False
    qualifiers: set[str] = field(default_factory=set)


def _take(traits: Traits, what: Attribute | Size, ahead: bool) -> None:
    if isinstance(what, Size):
        traits.size = max(traits.size or 0.0, what.mm)
        return
    if what.side is not None and (traits.side is None or (what.site is None and not traits.ahead and ahead)):
        traits.side, traits.ahead = what.side, ahead
    elif what.side is not None and traits.side is not what.side and ahead == traits.ahead and what.site is None:
        traits.side = Side.BILATERAL
    if what.severity is not None and (
        traits.severity is None or (ahead and _ORDER.index(what.severity) > _ORDER.index(traits.severity))
    ):
        traits.severity = what.severity
    if what.change is not None and (
        traits.change is None
        or (traits.known and what.qualifier != KNOWN)
        or (traits.change is Change.UNCHANGED and not ahead and what.change in _MOVED)
    ):
        # "Known", "confirmed", "persistent" give way to what has become of it since.
        traits.change, traits.change_ahead, traits.known = what.change, ahead, what.qualifier == KNOWN
    traits.site = traits.site or what.site
    if what.level is not None:
        traits.level = what.level if traits.level in (None, what.level) else SEVERAL
    traits.bloody = traits.bloody or what.bloody
    traits.same = traits.same or what.same
    if what.qualifier:
        traits.qualifiers.add(what.qualifier)


def _owner(words: list[str], apart: frozenset[str], items: list[Item], index: int) -> tuple[int | None, bool]:
    """The target that the attribute at `index` belongs to, and whether it stands ahead of it.

    The target right behind it, where only describing words stand between; else the target before
    it; else, in a stretch of its own that opens the sentence, the next target of the same stretch.
    """
    item = items[index]
    after = before = None
    for other in range(index + 1, len(items)):
        if items[other].chunk != item.chunk:
            break
        if items[other].target:
            after = other
            break
    for other in range(index - 1, -1, -1):
        if items[other].target:
            before = other
            break
        if isinstance(items[other].what, Stop) and items[other].chunk == item.chunk:
            role = items[other].what.role  # type: ignore[union-attr]
            if role not in ("comma", "with", "verb", "soft", "and", "aside"):
                break
    if before is not None and items[before].chunk != item.chunk and after is not None:
        before = None
    if after is None:
        here = before is not None and items[before].chunk == item.chunk
        shared = None if here else _shared(items, index)
        return (before, False) if shared is None else (shared, True)
    if before is None or items[before].chunk != item.chunk:
        return after, True
    what, treated = item.what, items[after].what
    if isinstance(what, Attribute) and what.side is not None and items[before].behind == item.first:
        if isinstance(treated, Term) and treated.kind == "management" and items[after].first == item.behind:
            return before, False  # "pneumotorace sinistro drenato"
    if words[item.first] in _PLACING and isinstance(item.what, Attribute) and item.what.side is not None:
        return before, False  # "hematoma on the left surgically treated"
    bracketed = index > 0 and items[index - 1].role == "aside" and words[items[index - 1].first] in "(["
    if bracketed or (isinstance(item.what, Attribute) and item.what.qualifier in _BEHIND):
        return before, False
    gap = words[item.behind : items[after].first]
    if len(gap) <= 4 and apart.isdisjoint(gap):
        return after, True
    return before, False


def _headed(items: list[Item], owner: int, index: int) -> int:
    """ "Effusion with adjacent atelectasis, unchanged" says it of the effusion, and not of what comes with it."""
    if items[owner].role != "other" or not any(one.role in ("comma", "soft") for one in items[owner:index]):
        return owner
    for place in range(owner - 1, 0, -1):
        if items[place].role == "with":
            head = next((n for n in range(place - 1, -1, -1) if items[n].target or items[n].role == "stop"), None)
            return head if head is not None and isinstance(items[head].what, Term) else owner
        if items[place].target or items[place].role:
            return owner
    return owner


def _ellipsis(words: list[str], items: list[Item], owner: int, index: int, told: Traits) -> bool:
    """Whether a second side behind a comma speaks of the other side: "effusion on the left, the right one has gone"."""
    what = items[index].what
    if index < owner or told.side is None or not isinstance(what, Attribute) or what.side in (None, told.side):
        return False
    between = [one for one in items[owner + 1 : index] if one.role in ("comma", "soft", "stop")]
    apart = any(one.role == "stop" or words[one.first] == "," for one in between)
    return apart and what.side is not Side.BILATERAL


def _shared(items: list[Item], index: int) -> int | None:
    """The target of "right and small left effusions": what stands before the "and" is for both."""
    links = sides = 0
    for place in range(index, len(items)):
        item = items[place]
        what = item.what
        if item.target:
            return place if links == 1 and sides == 2 else None
        if isinstance(what, Attribute):
            sides += what.side is not None and (links == 1) == (sides == 1)
        elif isinstance(what, Stop) and what.role in ("and", "soft", "or"):
            links += 1
        else:
            return None
    return None


def traits(words: list[str], apart: frozenset[str], items: list[Item], label: Side | None) -> dict[int, Traits]:
    """The traits of each term of a sentence, by its place in `items`; `label` is the heading's side."""
    found = {index: Traits() for index, item in enumerate(items) if item.target}
    leading: list[tuple[int, Attribute]] = []
    sites: list[tuple[int, Attribute]] = []
    for index, item in enumerate(items):
        what = item.what
        if not isinstance(what, (Attribute, Size)):
            continue
        owner, ahead = _owner(words, apart, items, index)
        if isinstance(what, Attribute) and what.qualifier in _STAGES and what.side is None:
            # "Unchanged since the end of the procedure" is said of the effusion before it, over any clause end.
            sooner = [place for place in range(index) if items[place].target]
            owner, ahead = (sooner[-1], False) if sooner else (owner, ahead)
        if isinstance(what, Attribute) and what.site:
            sites.append((index, what))
        if isinstance(what, Attribute) and what.change and owner is not None and not ahead:
            owner = _headed(items, owner, index)
        if owner is not None:
            if not _ellipsis(words, items, owner, index, found[owner]):
                _take(found[owner], what, ahead)
        elif isinstance(what, Attribute):
            leading.append((index, what))
    for index, made in found.items():
        what = items[index].what
        if isinstance(what, Term):
            _lead(items, index, made, leading)
    if len(found) > 1:
        _share(items, found)
        _read_as(items, found)
    for index, made in found.items():
        what = items[index].what
        if not isinstance(what, Term):
            continue
        made.side = made.side or what.side or label
        made.severity = made.severity or what.severity
        made.change = made.change or what.change
        if made.site is None and what.finding in SITED and sites:
            made.site = min(sites, key=lambda one: abs(items[one[0]].first - items[index].first))[1].site
    return found


def _lead(items: list[Item], index: int, made: Traits, leading: list[tuple[int, Attribute]]) -> None:
    """ "On the right, there is fluid": a side that opens the sentence is for what follows it."""
    if made.side is not None:
        return
    for place, what in reversed(leading):
        if place < index and what.side is not None:
            between = [items[n] for n in range(place + 1, index)]
            if not any(one.target for one in between):
                made.side = what.side
                return


def _read_as(items: list[Item], found: dict[int, Traits]) -> None:
    """ "Right basal opacity, atelectasis versus effusion": what a sign is read as lies where the sign lies."""
    for index, made in found.items():
        if made.side is not None or not isinstance(items[index].what, Term):
            continue
        read = False
        for other in range(index - 1, -1, -1):
            what = items[other].what
            if isinstance(what, Cue):
                read = read or what.means in (Assertion.POSSIBLE, "affirm")
            elif isinstance(what, Stop):
                if what.role == "sign":
                    made.side = found[other].side if read else None
                    break
                read = read or what.role in ("versus", "or")
                if what.role in ("stop", "soft", "with", "and"):
                    break


def _share(items: list[Item], found: dict[int, Traits]) -> None:
    """ "Left pneumothorax and effusion", "pneumothorax and effusion on the left": neighbors in a list share."""
    order = sorted(found)
    for one, two in pairwise(order):
        first, second = found[one], found[two]
        if first.change_ahead and second.change is None and _listed(items, one, two):
            second.change, second.change_ahead = first.change, True
        if not _neighbors(items, one, two):
            continue
        if second.side is None and first.ahead:
            second.side, second.ahead = first.side, True
        elif first.side is None and second.side is not None and not second.ahead:
            first.side = second.side
        if second.change is None and first.change_ahead:
            second.change = first.change
        elif first.change is None and not second.change_ahead:
            first.change = second.change


def _listed(items: list[Item], one: int, two: int) -> bool:
    """Whether only a link, sides and amounts stand between the two: "no change in effusion or in left pneumothorax"."""
    between = [item.what for item in items[one + 1 : two]]
    links = [what for what in between if isinstance(what, Stop)]
    return len(links) == 1 and all(
        what.role in ("and", "or", "soft")
        if isinstance(what, Stop)
        else isinstance(what, Attribute) and (what.side or what.severity or what.site) is not None
        for what in between
    )


def _neighbors(items: list[Item], one: int, two: int) -> bool:
    between = items[one + 1 : two]
    links = [item for item in between if isinstance(item.what, Stop)]
    rest = [item for item in between if not isinstance(item.what, Stop)]
    return (
        len(links) >= 1
        and all(item.what.role in ("and", "or") for item in links)  # type: ignore[union-attr]
        and all(isinstance(item.what, Attribute) and item.what.severity is not None for item in rest)
    )
