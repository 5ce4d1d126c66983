"""What is said of each term of a sentence: how far a denial, a hedge or a "history of" reaches."""

from __future__ import annotations

from dataclasses import dataclass

from services.clinical.reading.lexicon import Attribute, Cue, Stop, Term
from services.clinical.reading.model import Assertion, Side
from services.clinical.reading.sentence import AFTER_WORDS, Item

_NEW_CLAUSE = frozenset(("comma", "stop", "soft", "and"))
_DENYING = frozenset(("no", "not", "without", "non", "senza", "nessuna"))
PHRASE_WORDS = 4
"""How many words a phrase cue may stand away from its term."""


@dataclass(slots=True)
class Said:
    """What cues say of one target: the one before it, the one after it, whether a hedge links it,
    and what is said of the other side without the term.
    """

    before: Cue | None = None
    after: Cue | None = None
    hedged: bool = False
    elsewhere: tuple[Cue, Side] | None = None


def _listed(items: list[Item], index: int) -> bool:
    """Whether the comma at `index` goes on with a list: "no A, small B, or C" denies B too."""
    targets = 0
    for item in items[index + 1 :]:
        role = item.role
        if item.target:
            targets += 1
            if targets > 3:
                return False
        elif role == "or":
            return targets > 0
        elif role in ("stop", "with", "verb", "and") or isinstance(item.what, Cue):
            return False
    return False


def _anew(items: list[Item], index: int) -> bool:
    """Whether the thing behind the comma at `index` is described by itself, and the list ends with it."""
    for place in range(index + 1, len(items)):
        item = items[place]
        if item.target:
            follows = next((one for one in items[place + 1 :] if one.first >= item.behind), None)
            return (
                follows is not None
                and follows.first == item.behind
                and isinstance(follows.what, Attribute)
                and (follows.what.side or follows.what.severity or follows.what.change) is not None
                and not _listed(items, index)
            )
        if not isinstance(item.what, Attribute):
            return False
    return False


def _forward(items: list[Item], said: dict[int, Said]) -> None:
    active: Cue | None = None
    at = 0
    consumed = closed = False
    linked = True
    for index, item in enumerate(items):
        what = item.what
        role = item.role
        if isinstance(what, Cue):
            if what.place == "after":
                closed = closed or consumed
                continue
            if what.means == "affirm":
                if active and active.means is not Assertion.POSSIBLE and active.means is not Assertion.HYPOTHETICAL:
                    active = None
                continue
            keep = active is not None and not consumed
            if keep and active is not None and what.means is Assertion.ABSENT:
                if active.means is Assertion.HYPOTHETICAL:
                    continue
                if active.means is Assertion.POSSIBLE and item.first - at == 0:
                    continue
            if keep and active is not None and active.means is Assertion.HYPOTHETICAL and what.means is not Assertion.OTHER_SUBJECT:
                if item.first - at <= 3:
                    continue
            active, at, consumed, closed, linked = what, item.behind, False, False, True
        elif role == "stop":
            active = None
        elif role == "soft":
            if active and not (active.means is Assertion.ABSENT and _listed(items, index)):
                if active.means is Assertion.ABSENT or consumed:
                    active = None
            linked = True
        elif role == "with":
            if active and (active.means is Assertion.ABSENT or consumed):
                active = None
        elif role == "verb":
            closed = closed or consumed or (active is not None and active.means is Assertion.ABSENT)
        elif role in ("or", "same"):
            linked = True
            if active and active.means is Assertion.ABSENT and consumed:
                closed = False
        elif role in ("and", "comma", "versus"):
            linked = True
            if role == "comma" and active and active.means is Assertion.ABSENT and consumed and _anew(items, index):
                active = None
            if active and active.reach == "phrase" and not consumed and role == "comma":
                active = None
        elif item.target:
            if active is not None:
                near = active.reach != "phrase" or item.first - at <= PHRASE_WORDS
                if active.means is Assertion.OTHER_SUBJECT or (near and not closed and (not consumed or linked)):
                    if isinstance(what, Term):
                        said[index].before = active
                    consumed = True
                    at = item.behind
                else:
                    active = None
            linked = False


def _reach_back(items: list[Item], said: dict[int, Said], place: int) -> None:
    cue = items[place].what
    assert isinstance(cue, Cue)
    target = -1
    for index in range(place - 1, -1, -1):
        item = items[index]
        role = item.role
        if item.target:
            target = index
            break
        if cue.reach != "sentence" and (role in ("stop", "verb", "with") or _before(item)):
            return
        if cue.reach == "sentence" and role == "stop" and cue.means is not Assertion.POSSIBLE and cue.means is not Assertion.RESOLVED:
            return
    if target < 0 or items[place].first - items[target].behind > AFTER_WORDS:
        return
    if target in said:
        side = _other_side(items, target, place)
        if side is not None:
            said[target].elsewhere = (cue, side)
            return
        said[target].after = cue
    joined = False
    for index in range(target - 1, -1, -1):
        item = items[index]
        role = item.role
        if role in ("stop", "soft", "verb", "with", "versus") or _before(item) or isinstance(item.what, Cue):
            return
        if role in ("and", "or"):
            joined = True
        elif role == "comma" and not joined:
            return
        elif item.target:
            if not joined:
                return
            if index in said:
                if said[index].after is not None:
                    return
                said[index].after = cue


def _other_side(items: list[Item], target: int, place: int) -> Side | None:
    """ "Small left effusion, none on the right": the side that a cue behind its term speaks of, if it is not the term's."""
    start = next((n for n in range(target + 1, place) if items[n].role in _NEW_CLAUSE), None)
    if start is None:
        return None
    near = [items[n].what for n in range(max(target - 3, 0), start)]
    own = {what.side for what in near if isinstance(what, Attribute) and what.side is not None}
    far = [items[n].what for n in range(start, min(place + 2, len(items))) if n != place]
    told = {what.side for what in far if isinstance(what, Attribute) and what.side is not None}
    other = told - own
    return next(iter(other)) if own and len(other) == 1 and Side.BILATERAL not in own | other else None


def _before(item: Item) -> bool:
    return isinstance(item.what, Cue) and item.what.place == "before" and item.what.reach != "phrase"


def _hedges(words: list[str], items: list[Item], said: dict[int, Said]) -> None:
    """ "A or B" and "A versus B" leave both open, where A and B are named side by side."""
    for index, item in enumerate(items):
        role = item.role
        if role not in ("or", "versus") or (role == "or" and _denied_change(words, items, index)):
            continue
        left = right = None
        for other in range(index - 1, -1, -1):
            if items[other].target:
                left = other
                break
            if items[other].role in ("stop", "soft", "comma", "and", "verb", "with") or isinstance(items[other].what, Cue):
                break
        for other in range(index + 1, len(items)):
            if items[other].target:
                right = other
                break
            if items[other].role or (isinstance(items[other].what, Cue)):
                break
        if left is not None and item.first - items[left].behind > 5:
            left = None
        if right is not None and items[right].first - item.behind > 5:
            right = None
        if left in said:
            said[left].hedged = True
        if right in said and (left is not None or role == "versus"):
            said[right].hedged = True


def _denied_change(words: list[str], items: list[Item], index: int) -> bool:
    """ "No change in A or B" says that both are there."""
    return any(
        isinstance(item.what, Attribute) and words[item.first] in _DENYING for item in items[:index] if not item.target
    )


def scope(words: list[str], items: list[Item]) -> dict[int, Said]:
    """What the cues of a sentence say of each of its terms, by the term's place in `items`."""
    said = {index: Said() for index, item in enumerate(items) if isinstance(item.what, Term)}
    _forward(items, said)
    for index, item in enumerate(items):
        if isinstance(item.what, Cue) and item.what.place == "after":
            _reach_back(items, said, index)
    _hedges(words, items, said)
    return said
