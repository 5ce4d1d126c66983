"""The earlier examinations that a report compares with, and their dates as far as they are stated."""

from __future__ import annotations

import re

from services.clinical.reading.layout import Layout
from services.clinical.reading.lexicon import BASELINE, SINCE, Attribute, Lexicon
from services.clinical.reading.model import Comparison
from services.clinical.reading.tokens import Tokens

MOST = 20
"""More comparisons than this no report has; the rest are left out."""

_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{4}|\d{1,2})(?!\d)")
_NAMED = re.compile(
    r"(?<!\w)(?:(\d{1,2})[\s.\-]+([a-z]{3,10})|([a-z]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?)[\s,.\-]+(\d{4})(?!\d)"
)


def _iso(year: int, month: int, day: int) -> str | None:
    if not (1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year:04d}-{month:02d}-{day:02d}"


def stated_date(folded: str, lexicon: Lexicon) -> str | None:
    """The first full date in `folded`, as ISO; the day comes first unless it can't (or in English)."""
    for match in _NAMED.finditer(folded):
        month = lexicon.months.get((match[2] or match[3])[:3])
        if month is not None and (found := _iso(int(match[5]), month, int(match[1] or match[4]))):
            return found
    for match in _NUMERIC.finditer(folded):
        first, second, third = match.groups()
        if len(first) == 4:
            return _iso(int(first), int(second), int(third))
        year = int(third) + (2000 if len(third) == 2 else 0)
        one, two = int(first), int(second)
        dotted = "." in match[0]
        day_first = (lexicon.language != "en" or dotted or one > 12) and two <= 12
        return _iso(year, two, one) if day_first else _iso(year, one, two)
    return None


def _stage(tokens: Tokens, first: int, behind: int, lexicon: Lexicon) -> str | None:
    """ "The CT at the end of the procedure" or "the planning CT"; of several, the latest counts."""
    marks = lexicon.mark_matcher.all(tokens.words, first, behind)
    rows = (lexicon.marks[number] for _, _, numbers in marks for number in numbers)
    told = {row.qualifier for row in rows if isinstance(row, Attribute)}
    return "since" if SINCE in told else "before" if BASELINE in told else None


def comparisons(text: str, folded: str, layout: Layout, tokens: Tokens, lexicon: Lexicon) -> tuple[Comparison, ...]:
    """Every comparison named, in text order: comparison sections, and sentences that compare."""
    numbers: set[int] = set()
    for block, behind in zip(layout.blocks, (*layout.block_starts[1:], len(text)), strict=True):
        if block.section == "comparison":
            numbers.update(range(layout.sentence_at(block.start), layout.sentence_at(max(block.start, behind - 1)) + 1))
    for first, _, _ in lexicon.comparison.all(tokens.words, 0, len(tokens.words)):
        numbers.add(layout.sentence_at(tokens.starts[first]))
    found: dict[str, Comparison] = {}
    for number in sorted(numbers)[:MOST]:
        start, end = layout.starts[number], layout.ends[number]
        said = text[start:end].strip(" \n:-;.")
        if said:
            stage = _stage(tokens, *tokens.between(start, end), lexicon)
            found.setdefault(said, Comparison(said, stated_date(folded[start:end], lexicon), stage))
    return tuple(found.values())
