"""Reading a report: terms first, then, in the sentences that have one, what is said of them."""

from __future__ import annotations

from services.clinical.reading.attributes import Traits, traits
from services.clinical.reading.blocks import Block
from services.clinical.reading.comparisons import comparisons
from services.clinical.reading.folding import break_lines, fold
from services.clinical.reading.languages import language_of, requested
from services.clinical.reading.layout import Layout, lay_out
from services.clinical.reading.legible import fault
from services.clinical.reading.lexicon import Lexicon, Term, lexicon
from services.clinical.reading.model import READER_VERSION, Assertion, Finding, Reading
from services.clinical.reading.naming import companions, named
from services.clinical.reading.positions import Mention, positions
from services.clinical.reading.scope import Said, scope
from services.clinical.reading.sentence import Item, marks
from services.clinical.reading.tokens import Tokens, tokenize
from services.clinical.reading.weighing import weigh

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
    code = requested(language) or language_of(folded)
    if code == "unknown":
        return _unread("unknown", "unknown_language")
    words = lexicon(code)
    given = section if section in SECTIONS else None
    tokens = tokenize(folded)
    layout = lay_out(lines, folded, tokens, words, given)
    mentions = _mentions(lines, folded, tokens, layout, words)
    final, contradictory = positions(mentions)
    outcome = "too_long" if too_long else "contradictory" if contradictory else "read"
    compared = comparisons(lines, folded, layout, tokens, words)
    return Reading(code, READER_VERSION, outcome, final, tuple(one.finding for one in mentions), compared)


def _mentions(text: str, folded: str, tokens: Tokens, layout: Layout, words: Lexicon) -> list[Mention]:
    found: list[Mention] = []
    sentences: dict[int, list[Item]] = {}
    for first, behind, rows in words.term_matcher.all(tokens.words, 0, len(tokens.words)):
        term = words.terms[rows[0]]
        start = tokens.starts[first]
        if term.code and not text[start : tokens.ends[behind - 1]].isupper():
            continue
        sentences.setdefault(layout.sentence_at(start), []).append(Item(first, behind, term))
    for number, terms in sentences.items():
        named = {item.what.finding for item in terms if isinstance(item.what, Term)}
        terms = [one for place, one in enumerate(terms) if not _label(tokens, terms, place)]
        kept = [one for one in terms if isinstance(one.what, Term) and (not one.what.near or one.what.near & named)]
        if any(isinstance(one.what, Term) and one.what.finding != "none" for one in kept):
            found.extend(_sentence(text, folded, tokens, layout, words, number, kept))
    return found


def _label(tokens: Tokens, terms: list[Item], place: int) -> bool:
    """Whether a term only labels what follows: "Fractures: old rib fractures"."""
    item = terms[place]
    return (
        item.behind < len(tokens.words)
        and tokens.words[item.behind] == ":"
        and isinstance(item.what, Term)
        and any(isinstance(one.what, Term) and one.what.finding == item.what.finding for one in terms[place + 1 :])
    )


def _sentence(
    text: str, folded: str, tokens: Tokens, layout: Layout, words: Lexicon, number: int, terms: list[Item]
) -> list[Mention]:
    start, end = layout.starts[number], layout.ends[number]
    first, behind = tokens.between(start, end)
    items = marks(folded, tokens, first, behind, terms, words)
    said = scope(tokens.words, items)
    block = layout.block_at(start)
    told = traits(tokens.words, words.apart, items, block.side)
    while start < end and text[start] in " \n":
        start += 1
    while end > start and text[end - 1] in " \n":
        end -= 1
    span = (text[start:end], start, end)
    made = [_mention(items[index].what, said[index], told[index], block, span) for index in sorted(said)]
    for index in sorted(said):
        if said[index].elsewhere is not None:
            made.append(_elsewhere(items[index].what, said[index], block, span))
    return companions([one for one in made if one is not None])


def _elsewhere(term: object, said: Said, block: Block, span: tuple[str, int, int]) -> Mention | None:
    """What is said of the other side without naming the term again: "none on the right"."""
    assert said.elsewhere is not None
    cue, side = said.elsewhere
    return _mention(term, Said(after=cue), Traits(side=side), block, span)


def _mention(term: object, said: Said, told: Traits, block: Block, span: tuple[str, int, int]) -> Mention | None:
    assert isinstance(term, Term)
    if term.finding == "none":
        return None
    assertion = weigh(said, term.assertion, block.section, term.kind == "management" and not block.advice, told.change)
    denied = assertion is Assertion.ABSENT
    change = None if denied or assertion is Assertion.RESOLVED else told.change
    if assertion is None:
        return None
    finding, site, qualifiers = named(term, told, assertion)
    narrow = assertion is Assertion.ABSENT and (
        term.narrow
        or (said.before is not None and said.before.narrow)
        or told.severity is not None
        or told.change is not None
    )
    made = Finding(
        finding=finding,
        kind=term.kind,
        assertion=assertion,
        side=told.side,
        size_mm=None if denied else told.size,
        severity=None if denied or term.kind == "management" else told.severity,
        change=change,
        site=site,
        qualifiers=qualifiers,
        section=block.section,
        sentence=span[0],
        start=span[1],
        end=span[2],
    )
    return Mention(made, narrow, block.preliminary)
