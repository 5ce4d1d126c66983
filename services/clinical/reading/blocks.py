"""The blocks of a report: which section, and which side, the text under a heading speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.clinical.reading.lexicon import Heading, Lexicon
from services.clinical.reading.model import Side

_LEAD = " -*#>=_[(.)"
_COLON = re.compile(r"[ ]*(?:\([^)\n]{0,40}\)|[\d/., -]{1,30})?[ ]*[:\]]|[ ]+-[ ]")
_ALONE = re.compile(r"[ ]*[=_-]*[ ]*(?=\n|$)")
_LABEL = re.compile(r"(?:^|\n)[ ]*([a-z][a-z /&-]{1,40}:)|\n[ ]*(\n)")


@dataclass(frozen=True, slots=True)
class Block:
    """From `start` on, text belongs to this section and speaks of this side."""

    start: int
    section: str
    side: Side | None


def _heads(text: str, folded: str, start: int, end: int, heading: Heading) -> bool:
    """Whether the heading words at `start` are a heading here, and not part of a sentence."""
    before = folded[max(0, start - 40) : start]
    line = before.rpartition("\n")[2]
    opens = ("\n" in before or start <= 40) and not line.strip(_LEAD + "0123456789")
    if _COLON.match(folded, end):
        return opens or (line.rstrip()[-1:] in ".;:" and (heading.side is not None or text[start].isupper()))
    return opens and heading.side is None and text[start].isupper() and _ALONE.match(folded, end) is not None


def blocks(text: str, folded: str, lexicon: Lexicon, section: str | None) -> tuple[Block, ...]:
    """The blocks in order, from place 0; a given `section` is the section of all of them.

    Any other label at the start of a line, and an empty line, end what was said of a side.
    """
    places: dict[int, Heading | None] = {}
    for match in _LABEL.finditer(folded):
        places[match.start(match.lastindex or 1)] = None
    for match in lexicon.heading_regex.finditer(folded):
        heading = lexicon.headings[match.lastindex or 0]
        if _heads(text, folded, match.start(), match.end(), heading):
            places[match.start()] = heading
    made = [Block(0, section or "body", None)]
    for start in sorted(places):
        heading = places[start]
        current = made[-1]
        opened = heading.section if heading else None
        side = heading.side if heading else None
        if opened or side is not None or current.side is not None:
            made.append(Block(start, section or opened or current.section, side))
    return tuple(made)
