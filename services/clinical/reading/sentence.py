"""A sentence as a line of marks: terms, cues, clause words and attributes, in the order they are written."""

from __future__ import annotations

from operator import attrgetter

from services.clinical.reading.lexicon import Attribute, Cue, Lexicon, Stop, Term
from services.clinical.reading.measures import Size, sizes
from services.clinical.reading.tokens import Tokens

AFTER_WORDS = 12
"""How many words a cue may stand behind its term."""
_FIRST = attrgetter("first")
_PARTING = frozenset(("stop", "soft", "with", "and", "or", "versus", "comma", "same"))


class Item:
    """One mark: the tokens from `first` to before `behind`. `chunk` numbers the stretches between links.

    `target` tells a thing that cues and attributes speak of, ours or another; `role` is a clause word's.
    `other` is what a cue says where it stands behind its term, if its words may stand on either side.
    """

    __slots__ = ("behind", "chunk", "first", "other", "role", "target", "what")

    def __init__(
        self, first: int, behind: int, what: Term | Cue | Stop | Attribute | Size, other: Cue | None = None
    ) -> None:
        self.first = first
        self.behind = behind
        self.what = what
        self.other = other
        self.chunk = 0
        kind = type(what)
        self.role = what.role if kind is Stop else ""  # type: ignore[union-attr]
        self.target = kind is Term or (kind is Stop and what.target)  # type: ignore[union-attr]


def marks(folded: str, tokens: Tokens, first: int, behind: int, terms: list[Item], lexicon: Lexicon) -> list[Item]:
    """The items of the sentence of the tokens [first, behind), whose `terms` are known, with their chunks."""
    items = list(terms)
    covered = {place for term in terms for place in range(term.first, term.behind)}
    spoken = lexicon.spoken
    for start, end, rows in lexicon.mark_matcher.all(tokens.words, first, behind):
        said = spoken[rows]
        if not covered.isdisjoint(range(start, end)):
            # "Blunting of the left costophrenic angle" is one term with its side inside it.
            items += [Item(start, end, what) for what in said.inside]
            continue
        if said.cue is not None:
            items.append(Item(start, end, said.cue, said.behind))
        elif said.stop is not None:
            items.append(Item(start, end, said.stop))
        for what in said.attributes:
            items.append(Item(start, end, what))
    text_end = tokens.end(behind - 1)
    text_start = tokens.starts[first]
    if folded.find("mm", text_start, text_end) >= 0 or folded.find("cm", text_start, text_end) >= 0:
        for size in sizes(folded, text_start, text_end):
            items.append(Item(*tokens.between(size.start, size.end), size))
    items.sort(key=_FIRST)
    chunk = 0
    for index, item in enumerate(items):
        if item.other is not None and _behind_term(items, index):
            item.what = item.other
        if item.role:
            chunk += item.role in _PARTING
        elif isinstance(item.what, Cue):
            chunk += item.what.place == "before" and item.what.reach != "phrase"
        item.chunk = chunk
    return items


def _behind_term(items: list[Item], index: int) -> bool:
    """Whether words that may stand on either side of a term stand behind one: "pneumothorax resolved"."""
    if not any(item.target for item in items[index + 1 :]):
        return any(item.target for item in items[:index])
    for other in range(index - 1, -1, -1):
        if items[other].target:
            return items[index].first - items[other].behind <= AFTER_WORDS // 2
        if not isinstance(items[other].what, (Attribute, Size)):
            return False
    return False
