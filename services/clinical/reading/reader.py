"""Reading a report: terms first, then, in the sentences that have one, what is said of them."""

from __future__ import annotations

from services.clinical.reading.comparisons import comparisons
from services.clinical.reading.folding import break_lines, fold
from services.clinical.reading.languages import language_of, requested, spoken
from services.clinical.reading.layout import lay_out
from services.clinical.reading.legible import fault
from services.clinical.reading.lexicon import lexicon
from services.clinical.reading.mentions import mentions_on
from services.clinical.reading.model import READER_VERSION, Reading
from services.clinical.reading.page import Page
from services.clinical.reading.positions import positions
from services.clinical.reading.tokens import tokenize

LONG = 200_000
"""A report longer than this is coded too_long; it is read as far as READ_AT_MOST."""
READ_AT_MOST = 1_500_000

SECTIONS = ("technique", "comparison", "indication", "history", "findings", "impression", "addendum", "body", "prior")


def _unread(language: str, outcome: str) -> Reading:
    return Reading(language, READER_VERSION, outcome, (), (), ())


def read(text: str, *, language: str | None = None, section: str | None = None) -> Reading:
    """Read a report, or one `section` of it; total and deterministic.

    `language` is a tag such as "it" or "en-US", else it is recognized.
    """
    flaw = fault(text)
    if flaw:
        return _unread("unknown", flaw)
    too_long = len(text) > LONG
    lines = break_lines(text[:READ_AT_MOST])
    folded = fold(lines)
    announced = requested(language)
    code = announced if announced == "unknown" else spoken(announced, folded) if announced else language_of(folded)
    if code == "unknown":
        return _unread("unknown", "unknown_language")
    words = lexicon(code)
    given = section if section in SECTIONS else None
    tokens = tokenize(folded, words.slips)
    layout = lay_out(lines, folded, tokens, words, given)
    mentions = mentions_on(Page(lines, folded, tokens, layout, words))
    final, contradictory = positions(mentions)
    outcome = "too_long" if too_long else "contradictory" if contradictory else "read"
    compared = comparisons(lines, folded, layout, tokens, words)
    return Reading(code, READER_VERSION, outcome, final, tuple(one.finding for one in mentions), compared)
