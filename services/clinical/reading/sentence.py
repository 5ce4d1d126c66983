"""A sentence as a line of marks: terms, cues, clause words and attributes, in the order they are written."""

from __future__ import annotations

from dataclasses import dataclass

from services.clinical.reading.lexicon import Attribute, Cue, Lexicon, Stop, Term
from services.clinical.reading.measures import Size, sizes
from services.clinical.reading.tokens import Tokens

_PARTING = frozenset(("stop", "soft", "with", "and", "or", "versus", "comma", "same"))


@dataclass(slots=True)
class Item:
    """One mark: the tokens from `first` to before `behind`. `chunk` numbers the stretches between links."""

    first: int
    behind: int
    what: Term | Cue | Stop | Attribute | Size
    chunk: int = 0

    @property
    def target(self) -> bool:
        """Whether it is a thing that cues and attributes speak of, ours or another."""
        return isinstance(self.what, Term) or (isinstance(self.what, Stop) and self.what.role == "other")


def marks(folded: str, tokens: Tokens, first: int, behind: int, terms: list[Item], lexicon: Lexicon) -> list[Item]:
    """The items of the sentence of the tokens [first, behind), whose `terms` are known, with their chunks."""
    items = list(terms)
    rows = lexicon.marks
    covered = {place for term in terms for place in range(term.first, term.behind)}
    for start, end, row in lexicon.mark_matcher.all(tokens.words, first, behind):
        what = rows[row]
        if not covered.isdisjoint(range(start, end)):
            # "Blunting of the left costophrenic angle" is one term with its side inside it.
            if not (isinstance(what, Attribute) and (what.side or what.site)):
                continue
        items.append(Item(start, end, what))
    text_end = tokens.ends[behind - 1]
    if folded.find("mm", tokens.starts[first], text_end) >= 0 or folded.find("cm", tokens.starts[first], text_end) >= 0:
        for size in sizes(folded, tokens.starts[first], text_end):
            items.append(Item(*tokens.between(size.start, size.end), size))
    items.sort(key=lambda item: item.first)
    chunk = 0
    for item in items:
        what = item.what
        if isinstance(what, Stop):
            chunk += what.role in _PARTING
        elif isinstance(what, Cue):
            chunk += what.place == "before" and what.reach != "phrase"
        item.chunk = chunk
    return items
