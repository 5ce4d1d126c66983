"""A sentence as a line of marks: terms, cues, clause words and attributes, in the order they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.clinical.reading.lexicon import Attribute, Cue, Lexicon, Stop, Term
from services.clinical.reading.measures import Size, sizes

_WORDS = re.compile(r"[^\s]+")


@dataclass(slots=True)
class Item:
    """One mark in its place. `chunk` numbers the stretches between links and clause ends."""

    start: int
    end: int
    what: Term | Cue | Stop | Attribute | Size
    chunk: int = 0

    @property
    def target(self) -> bool:
        """Whether it is a thing that cues and attributes speak of, ours or another."""
        return isinstance(self.what, Term) or (isinstance(self.what, Stop) and self.what.role == "other")


def words_between(folded: str, start: int, end: int) -> int:
    """How many words stand between two places."""
    return len(_WORDS.findall(folded, start, end)) if end > start else 0


def marks(folded: str, start: int, end: int, terms: list[Item], lexicon: Lexicon) -> list[Item]:
    """The items of the sentence from `start` to `end`, whose `terms` are known, with their chunks."""
    items = list(terms)
    ends = [(item.start, item.end) for item in terms]
    rows = lexicon.marks
    for match in lexicon.mark_regex.finditer(folded, start, end):
        begin, stop = match.span()
        if any(begin < after and stop > before for before, after in ends):
            continue
        items.append(Item(begin, stop, rows[match.lastindex or 0]))
    if "m" in folded[start:end]:
        items.extend(Item(size.start, size.end, size) for size in sizes(folded, start, end))
    items.sort(key=lambda item: item.start)
    chunk = 0
    for item in items:
        what = item.what
        if isinstance(what, Stop) and what.role in ("stop", "soft", "with", "and", "or", "versus", "comma", "same"):
            chunk += 1
            item.chunk = chunk
        elif isinstance(what, Cue) and what.place == "before" and what.reach != "phrase":
            chunk += 1
            item.chunk = chunk
        else:
            item.chunk = chunk
    return items
