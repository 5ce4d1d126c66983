"""The blocks of a report: which section, and which side, the text under a heading speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from services.clinical.reading.lexicon import Heading, Lexicon
from services.clinical.reading.model import Side
from services.clinical.reading.tokens import Tokens

_LEAD = " -*#>=_[(.)0123456789\"'\n"
_LONGEST_LEAD = 30
_COLON = re.compile(r"[ ]*(?:\([^)\n]{0,40}\)|[\d/., -]{1,30})?[ ]*[:\]]|[ ]+-[ ]")
_ALONE = re.compile(r"[ ]*[=_-]*[ ]*(?=\n|$)")
_LABEL = re.compile(r"[ ]*([a-z][a-z /&-]{1,40}:)")
_BREAK = re.compile(r"\n[ ]*(?:([a-z][a-z /&-]{1,40}:)|(\n))")
_STOPS = frozenset(".;:?!")
_ONE_LINE = frozenset({"comparison", "technique"})
_PREAMBLE = _ONE_LINE | {"indication", "history"}
_LONGEST_PREAMBLE = 60
"""In lines; a preamble longer than this is not one."""
_BODY = Heading("body", None)


@dataclass(frozen=True, slots=True)
class Block:
    """From `start` on, text belongs to this section and side; a final text replaces what is `preliminary`.

    `advice`: what it says is to be done, and has not been.
    """

    start: int
    section: str
    side: Side | None
    preliminary: bool = False
    advice: bool = False


def _headings(text: str, folded: str, tokens: Tokens, lexicon: Lexicon) -> dict[int, Heading]:
    """The headings by their place: words of the table with a colon, or alone on their line."""
    found: dict[int, Heading] = {}
    words, starts = tokens.words, tokens.starts
    for index in lexicon.heading_matcher.places(words, 0, len(words)):
        start = starts[index]
        opens = _opens(folded, start)
        if (opens and not words[index].isalpha()) or not (opens or (index and words[index - 1] in _STOPS)):
            continue
        match = lexicon.heading_matcher.at(words, index, len(words))
        if match is None:
            continue
        heading = lexicon.headings[match[0][0]]
        end = tokens.end(match[1] - 1)
        if _COLON.match(folded, end):
            if opens or heading.side is not None or text[start].isupper():
                found[start] = heading
        elif opens and heading.side is None and text[start].isupper() and _ALONE.match(folded, end):
            found[start] = heading
    return found


def _opens(folded: str, start: int) -> bool:
    """Whether what stands at `start` opens its line, perhaps behind a number or a bullet."""
    before = folded[folded.rfind("\n", 0, start) + 1 : start]
    return not before or (not before.strip(_LEAD) and len(before.rstrip()) <= _LONGEST_LEAD)


def _end_of_preamble(text: str, start: int, section: str, limit: int) -> int | None:
    """Where a preamble ends before the next heading at `limit`: many reports begin their findings without one.

    Comparison and technique end with their own line, or the lines that it wraps into. What the history and the
    indication say may run over several lines; it ends with an empty one or, without any, with the first full line.
    """
    colon = text.find(":", start, start + 60)
    place = _end_of_line(text, start)
    if colon < 0 or not text[colon + 1 : place].strip():
        place = _end_of_line(text, place + 1)
    full = None
    for _ in range(_LONGEST_PREAMBLE):
        if not 0 <= place < limit:
            break
        follows = text[place + 1 : place + 80].lstrip(" ")
        line = text[text.rfind("\n", 0, place) + 1 : place].rstrip()
        if not follows or follows[0] == "\n":
            return place + 1
        wraps = line[-1:] not in ".:;?!" and (follows[:1].islower() or follows[:1].isdigit() or follows[:1] == "(")
        if not wraps:
            if section in _ONE_LINE:
                return place + 1
            full = full or place + 1
        place = _end_of_line(text, place + 1)
    return full


def _end_of_line(folded: str, start: int) -> int:
    end = folded.find("\n", start)
    return len(folded) if end < 0 else end


def blocks(text: str, folded: str, tokens: Tokens, lexicon: Lexicon, section: str | None) -> tuple[Block, ...]:
    """The blocks in order, from place 0; a given `section` is the section of all of them.

    Any other label at the start of a line, and an empty line, end what was said of a side.
    """
    places: dict[int, Heading | None] = {}
    label = _LABEL.match(folded)
    if label:
        places[label.start(1)] = None
    for match in _BREAK.finditer(folded, label.end() if label else 0):
        places[match.start(match.lastindex or 1)] = None
    headings = _headings(text, folded, tokens, lexicon)
    described = any(heading.section == "findings" and not heading.standing for heading in headings.values())
    for start, following in pairwise((*sorted(headings), len(text))):
        heading = headings[start]
        if heading.section in _PREAMBLE and section is None:
            end = _end_of_preamble(text, start, heading.section, following)
            if end is not None and not (described and following < len(text)):
                places.setdefault(end, _BODY)
    places.update(headings)
    made = [Block(0, section or "body", None)]
    lasting = False
    for start in sorted(places):
        opening = places[start]
        current = made[-1]
        opened = opening.section if opening else None
        side = opening.side if opening else None
        preliminary = current.preliminary
        if opening and opening.standing in ("preliminary", "final"):
            preliminary = opening.standing == "preliminary"
            line = text[start : _end_of_line(text, start)]
            lasting = preliminary and not line.partition(":")[2].strip()
        elif opened and not lasting:
            preliminary = False
        if opened or side is not None or current.side is not None:
            advice = opening.standing == "advice" if opened and opening else current.advice
            made.append(Block(start, section or opened or current.section, side, preliminary, advice))
    return tuple(made)
