"""Which of the languages that we have tables for a text is written in, if any."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from services.clinical.reading.lexicon import LANGUAGES, lexicon

_WORD = re.compile(r"[a-z]{2,}")
_SAMPLE = 400
"""In words."""
_ENOUGH = 0.25
"""At least this share of the words must be known, or the language is unknown."""

_TELLING = 8
"""A text of fewer words can't contradict the language that was announced."""


def language_of(folded: str) -> str:
    """The code of the language, or "unknown": too few words known, or more words of another language."""
    words = [match[0] for match in islice(_WORD.finditer(folded), _SAMPLE)]
    if not words:
        return "unknown"
    tables = {code: lexicon(code) for code in LANGUAGES}
    known = {code: sum(map(table.words.__contains__, words)) for code, table in tables.items()}
    best = max(LANGUAGES, key=lambda code: known[code])
    foreign = sum(map(tables[best].foreign.__contains__, words))
    telling = known[best] - min(known.values())
    if known[best] < _ENOUGH * len(words) or foreign > max(telling, 0) or (foreign and foreign * 4 > known[best]):
        return "unknown"
    return best


def prepare() -> None:
    """Compile the tables of every language now: the first report would wait for it, some 0.7 s."""
    for code in LANGUAGES:
        lexicon(code)


def spoken(code: str, folded: str) -> str:
    """The language that was announced, unless a text of some length is plainly written in another, or in none of ours.

    A hospital's setting must not turn a report that nobody read into one that shows nothing.
    """
    words = [match[0] for match in islice(_WORD.finditer(folded), _SAMPLE)]
    known = sum(map(lexicon(code).words.__contains__, words))
    return code if len(words) < _TELLING or known >= _ENOUGH * len(words) else language_of(folded)


@lru_cache(maxsize=64)
def requested(language: str | None) -> str | None:
    """A language tag as one of ours ("en-US" is "en"), "unknown" for another, None for no tag."""
    if language is None or not language.strip():
        return None
    code = re.split(r"[-_]", language.strip().lower())[0]
    code = {"eng": "en", "ita": "it", "english": "en", "italian": "it"}.get(code, code)
    return code if code in LANGUAGES else "unknown"
