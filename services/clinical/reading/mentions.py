"""What each sentence of a report mentions: terms first, then, where there is one, what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.clinical.reading.attributes import Traits, traits
from services.clinical.reading.blocks import Block
from services.clinical.reading.ellipsis import continued
from services.clinical.reading.halves import halves
from services.clinical.reading.lexicon import Attribute, Term
from services.clinical.reading.model import Assertion, Finding, Side
from services.clinical.reading.naming import companions, named
from services.clinical.reading.page import Page
from services.clinical.reading.positions import Mention
from services.clinical.reading.scope import Said, scope
from services.clinical.reading.sentence import Item, marks
from services.clinical.reading.tokens import Tokens
from services.clinical.reading.weighing import weigh

_PLACED = frozenset(("fracture", "pulmonary_hemorrhage", "hematoma", "nerve_injury"))
_TREATMENTS = ("management", "escalation")
_HERE = (Assertion.PRESENT, Assertion.POSSIBLE)


@dataclass(frozen=True, slots=True)
class _Span:
    """A sentence's place without the blanks around it, and its block."""

    text: str
    start: int
    end: int
    block: Block


def mentions_on(page: Page) -> list[Mention]:
    """Every mention, in text order."""
    found: list[Mention] = []
    last: Side | None = None
    sentences = _terms(page)
    for number, terms in sentences.items():
        made = _sentence(page, number, terms, last)
        if number and any(one.finding.finding in _PLACED for one in made):
            made = [_at_the_lesion(page, number, one) for one in made]
        if made and number + 1 not in sentences:
            made = continued(page, number + 1, made)
        found.extend(made)
        last = next((one.finding.side for one in reversed(made) if one.finding.side is not None), last)
    return found


def _terms(page: Page) -> dict[int, list[Item]]:
    """The terms of each sentence that has one of ours, by the sentence's number."""
    sentences: dict[int, list[Item]] = {}
    tokens, lexicon = page.tokens, page.lexicon
    for first, behind, rows in lexicon.term_matcher.all(tokens.words, 0, len(tokens.words)):
        term = lexicon.terms[rows[0]]
        start = tokens.starts[first]
        if term.code and not page.text[start : tokens.end(behind - 1)].isupper():
            continue
        sentences.setdefault(page.layout.sentence_at(start), []).append(Item(first, behind, term))
    kept: dict[int, list[Item]] = {}
    for number, items in sentences.items():
        names = {item.what.finding for item in items if isinstance(item.what, Term)}
        # "Right pneumothorax. Drain in place." names in one sentence what the next one treats, or the one after it.
        sooner = (*sentences.get(number - 2, ()), *sentences.get(number - 1, ()))
        before = {item.what.finding for item in sooner if isinstance(item.what, Term)}
        ours = [
            item
            for place, item in enumerate(items)
            if isinstance(item.what, Term)
            and (not item.what.near or item.what.near & (names | before))
            and not _label(tokens, items, place)
        ]
        if any(isinstance(item.what, Term) and item.what.finding != "none" for item in ours):
            kept[number] = ours
    return kept


def _label(tokens: Tokens, terms: list[Item], place: int) -> bool:
    """Whether a term only labels what follows: "Fractures: old rib fractures"."""
    item = terms[place]
    if item.behind >= len(tokens.words) or tokens.words[item.behind] != ":":
        return False
    follows = terms[place + 1 : place + 2]
    return any(
        isinstance(one.what, Term) and isinstance(item.what, Term) and one.what.finding == item.what.finding
        for one in follows
    )


def _sentence(page: Page, number: int, terms: list[Item], last: Side | None) -> list[Mention]:
    start, end = page.layout.starts[number], page.layout.ends[number]
    words = page.tokens.words
    items = marks(page.folded, page.tokens, *page.tokens.between(start, end), terms, page.lexicon)
    said = scope(words, items)
    block = page.layout.block_at(start)
    told = traits(words, page.lexicon.apart, items, block.side)
    start, end = page.sentence(number)
    span = _Span(page.text[start:end], start, end, block)
    made = []
    for index in said:
        term = items[index].what
        assert isinstance(term, Term)
        if told[index].same and told[index].side is None:
            told[index].side = last
        made += [_mention(term, said[index], half, span) for half in halves(items, index, told[index])]
        last = told[index].side or last
    for index in said:
        elsewhere, term = said[index].elsewhere, items[index].what
        if elsewhere is not None and isinstance(term, Term):
            # "None on the right" says it of the other side without naming the term again.
            made.append(_mention(term, Said(after=elsewhere[0]), Traits(side=elsewhere[1]), span))
    return companions([one for one in made if one is not None])


def _at_the_lesion(page: Page, number: int, mention: Mention) -> Mention:
    """ "Ablation zone in the right lower lobe. Perilesional hemorrhage." lies where the lesion does."""
    found = mention.finding
    if found.side is not None or found.finding not in _PLACED or found.assertion not in _HERE:
        return mention
    start = page.sentence(number - 1)[0]
    if page.layout.block_at(start) is not page.layout.block_at(found.start):
        return mention
    rows = page.lexicon.mark_matcher.all(
        page.tokens.words, *page.tokens.between(page.layout.starts[number - 1], page.layout.ends[number - 1])
    )
    told = [page.lexicon.marks[n] for _, _, numbers in rows for n in numbers]
    places = [one for one in told if isinstance(one, Attribute)]
    sides = {one.side for one in places if one.side}
    site = "lung" if found.finding == "pulmonary_hemorrhage" else found.site
    if len(sides) != 1 or sides == {Side.BILATERAL} or site is None or site not in {one.site for one in places}:
        return mention
    return replace(mention, finding=replace(found, side=sides.pop()))


def _mention(term: Term, said: Said, told: Traits, span: _Span) -> Mention | None:
    if term.finding == "none":
        return None
    block = span.block
    treatment = term.kind in _TREATMENTS
    assertion = weigh(said, term.assertion, block.section, treatment and not block.advice, told.change)
    if assertion is None:
        return None
    denied = assertion is Assertion.ABSENT
    finding, site, qualifiers = named(term, told, assertion)
    made = Finding(
        finding=finding,
        kind=term.kind,
        assertion=assertion,
        side=told.side,
        size_mm=None if denied else told.size,
        severity=None if denied or treatment else told.severity,
        change=None if denied or assertion is Assertion.RESOLVED else told.change,
        site=site,
        qualifiers=qualifiers,
        section=block.section,
        sentence=span.text,
        start=span.start,
        end=span.end,
    )
    kind_of = told.severity is not None or told.change is not None or (said.before is not None and said.before.narrow)
    return Mention(made, denied and (term.narrow or kind_of), block.preliminary)
