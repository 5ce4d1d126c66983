"""What is said of each term of a sentence: how far a denial, a hedge or a "history of" reaches."""

from __future__ import annotations

from dataclasses import dataclass

from services.clinical.reading.lexicon import Attribute, Cue, Term
from services.clinical.reading.model import Assertion, Side
from services.clinical.reading.sentence import AFTER_WORDS, Item

_NEW_CLAUSE = frozenset(("comma", "stop", "soft", "and"))
_PARTS_LEFT = frozenset(("stop", "soft", "comma", "and", "verb", "with", "aside"))
_ROLES = _PARTS_LEFT | {"or", "versus", "same"}
BESIDE_WORDS = 5
"""How far an "or" may stand from what it leaves open."""
_DENYING = frozenset(("no", "not", "without", "non", "senza", "nessuna"))
_LIGHT = frozenset(("the", "any", "a", "an", "la", "il", "lo", "l", "un", "una", "alcun", "alcuna"))
GOVERNING_WORDS = 3
"""How close behind a question another cue belongs to what is asked."""
SIGN_WORDS = 2
"""How far "consistent with" may stand behind a denied sign and still be denied with it."""
PHRASE_WORDS = 4
"""How many words a phrase cue may stand away from its term."""


@dataclass(slots=True)
class Said:
    """What cues say of one target: the one before it, the one after it, and whether a hedge links it.

    `elsewhere` is what is said of the other side without naming the term again.
    """

    before: Cue | None = None
    after: Cue | None = None
    hedged: bool = False
    elsewhere: tuple[Cue, Side] | None = None


def _listed(items: list[Item], index: int, consumed: bool = True) -> bool:
    """Whether the comma at `index` goes on with a list: "no A, small B, or C", "no left, right or bilateral A"."""
    targets = 0
    for item in items[index + 1 :]:
        role = item.role
        if item.target:
            targets += 1
            if targets > 3:
                return False
        elif role == "or":
            return targets > 0 or not consumed
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


@dataclass(slots=True)
class _Reach:
    """The cue that reaches forward at some place of a sentence, and how the list that it opened goes on."""

    cue: Cue | None = None
    at: int = 0
    consumed: bool = False
    closed: bool = False
    linked: bool = True

    def means(self, *assertions: Assertion) -> bool:
        return self.cue is not None and self.cue.means in assertions

    def hear(self, cue: Cue, item: Item, words: list[str]) -> None:
        """Another cue: it replaces the last one, unless that one governs it ("to exclude possible", "likely no")."""
        gap = item.first - self.at
        if cue.yields and self.means(Assertion.ABSENT) and gap <= SIGN_WORDS and not (self.consumed and self.linked):
            self.at, self.linked = item.behind, True
            return
        if cue.means == "affirm":
            if self.means(Assertion.ABSENT) and not self.consumed and _LIGHT.issuperset(words[self.at : item.first]):
                self.at = item.behind  # "non si rileva la presenza di": the presence is what is denied
                return
            if not self.means(Assertion.POSSIBLE, Assertion.HYPOTHETICAL):
                self.cue = None
            return
        if self.cue is not None and not self.consumed:
            if self.means(Assertion.HYPOTHETICAL) and cue.means is not Assertion.OTHER_SUBJECT:
                if cue.means is Assertion.ABSENT or gap <= GOVERNING_WORDS:
                    return
            elif gap == 0 and {self.cue.means, cue.means} == {Assertion.POSSIBLE, Assertion.ABSENT}:
                return
        self.cue, self.at = cue, item.behind
        self.consumed, self.closed, self.linked = False, False, True

    def pass_over(self, items: list[Item], index: int) -> None:
        """A clause word: it ends the reach, closes the list, or links the next thing to it."""
        role = items[index].role
        denies = self.means(Assertion.ABSENT)
        if role == "stop":
            self.cue = None
        elif role == "soft":
            if denies and _listed(items, index, self.consumed):
                pass
            elif denies or self.consumed:
                self.cue = None
            self.linked = True
        elif role == "with":
            if denies or self.consumed:
                self.cue = None
        elif role == "verb":
            self.closed = self.closed or self.consumed or denies
        elif role in ("or", "same"):
            self.linked = True
            if denies and self.consumed:
                self.closed = False
        elif role in ("and", "comma", "versus"):
            self.linked = True
            if role == "comma" and denies and self.consumed and _anew(items, index):
                self.cue = None
            if role == "comma" and self.cue is not None and self.cue.reach == "phrase" and not self.consumed:
                self.cue = None

    def meet(self, item: Item) -> Cue | None:
        """A thing: the cue that reaches it, if one does."""
        reached = None
        if self.cue is not None:
            near = self.cue.reach != "phrase" or item.first - self.at <= PHRASE_WORDS
            linked = self.linked or not self.consumed or item.first == self.at
            goes_on = near and linked and not self.closed
            if goes_on or self.means(Assertion.OTHER_SUBJECT):
                reached = self.cue
                self.consumed = True
                self.at = item.behind
            else:
                self.cue = None
        self.linked = False
        return reached


def _forward(words: list[str], items: list[Item], said: dict[int, Said]) -> None:
    reach = _Reach()
    for index, item in enumerate(items):
        what = item.what
        if item.target:
            cue = reach.meet(item)
            if index in said:
                said[index].before = cue
        elif item.role:
            reach.pass_over(items, index)
        elif isinstance(what, Cue):
            if what.place == "before":
                reach.hear(what, item, words)
            else:
                reach.closed = reach.closed or reach.consumed


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
        own_verb = role == "verb" and items[place].first - item.behind <= 1
        if cue.reach != "sentence" and not own_verb and (role in ("stop", "verb", "with") or _before(item)):
            return
        if role == "stop" and cue.means not in (Assertion.POSSIBLE, Assertion.RESOLVED):
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
    """ "Small left effusion, none on the right": the side that the cue speaks of, if it is not the term's."""
    start = next((n for n in range(target + 1, place) if items[n].role in _NEW_CLAUSE), None)
    if start is None:
        return None
    near = [items[n].what for n in range(max(target - 3, 0), start)]
    own = {what.side for what in near if isinstance(what, Attribute) and what.side is not None}
    far = [items[n].what for n in range(start, min(place + 2, len(items))) if n != place]
    told = {what.side for what in far if isinstance(what, Attribute) and what.side is not None}
    other = told - own
    return next(iter(other)) if own and len(other) == 1 and Side.BILATERAL not in own | other else None


def _condition(items: list[Item], said: dict[int, Said], place: int) -> None:
    """ "Chest tube if the pneumothorax enlarges" places none."""
    cue, before = items[place].what, items[place - 1]
    near = items[place].first - before.behind <= GOVERNING_WORDS
    if isinstance(before.what, Term) and before.what.kind == "management" and near and isinstance(cue, Cue):
        said[place - 1].after = said[place - 1].after or cue


def _before(item: Item) -> bool:
    return isinstance(item.what, Cue) and item.what.place == "before" and item.what.reach != "phrase"


def _hedges(words: list[str], items: list[Item], said: dict[int, Said]) -> None:
    """ "A or B" and "A versus B" leave both open, where A and B are named side by side."""
    for index, item in enumerate(items):
        role = item.role
        if role not in ("or", "versus") or (role == "or" and _denied_change(words, items, index)):
            continue
        left = _beside(items, range(index - 1, -1, -1), _PARTS_LEFT)
        right = _beside(items, range(index + 1, len(items)), _ROLES)
        if left is not None and item.first - items[left].behind > BESIDE_WORDS:
            left = None
        if right is not None and items[right].first - item.behind > BESIDE_WORDS:
            right = None
        if left is not None and left in said:
            said[left].hedged = True
        if right is not None and right in said and (left is not None or role == "versus"):
            said[right].hedged = True


def _beside(items: list[Item], places: range, parting: frozenset[str]) -> int | None:
    for place in places:
        if items[place].target:
            return place
        if items[place].role in parting or isinstance(items[place].what, Cue):
            return None
    return None


def _denied_change(words: list[str], items: list[Item], index: int) -> bool:
    """ "No change in A or B" says that both are there."""
    return any(
        isinstance(item.what, Attribute) and words[item.first] in _DENYING for item in items[:index] if not item.target
    )


def scope(words: list[str], items: list[Item]) -> dict[int, Said]:
    """What the cues of a sentence say of each of its terms, by the term's place in `items`."""
    said = {index: Said() for index, item in enumerate(items) if isinstance(item.what, Term)}
    _forward(words, items, said)
    for index, item in enumerate(items):
        if isinstance(item.what, Cue):
            if item.what.place == "after":
                _reach_back(items, said, index)
            elif item.what.both and index > 0:
                _condition(items, said, index)
    _hedges(words, items, said)
    return said
