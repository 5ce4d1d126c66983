"""Sentences that name nothing and speak of what the one before named: "None on the right", "It measures 8 mm"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.clinical.reading.lexicon import Attribute, Cue
from services.clinical.reading.measures import sizes
from services.clinical.reading.model import Assertion, Change, Finding, Side
from services.clinical.reading.page import Page
from services.clinical.reading.positions import Mention

_ANSWERS = (Assertion.ABSENT, Assertion.PRESENT, Assertion.RESOLVED, Assertion.POSSIBLE)
_HERE = (Assertion.PRESENT, Assertion.POSSIBLE, Assertion.HISTORICAL)
_ASKED = (Assertion.POSSIBLE, Assertion.HYPOTHETICAL)
_SILENT = frozenset(".,:;-!")
_SHORT = 8
"""In words; a sentence longer than this that names nothing speaks of something else."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a sentence without a name says; `complete` when it has no word beside."""

    means: Assertion | None
    side: Side | None
    change: Change | None
    qualifiers: frozenset[str]
    complete: bool


def continued(page: Page, number: int, made: list[Mention]) -> list[Mention]:
    """The mentions of a sentence, with what the sentence `number` behind it, which names nothing, says of them."""
    layout, lexicon, words = page.layout, page.lexicon, page.tokens.words
    if number >= len(layout.starts):
        return made
    start, end = layout.starts[number], layout.ends[number]
    first, behind = page.tokens.between(start, end)
    if first >= behind:
        return made
    carries_on = lexicon.continues.at(words, first, behind) is not None
    measures = lexicon.measures.at(words, first, behind) is not None
    short = behind - first <= _SHORT and lexicon.heard.issuperset(words[first:behind])
    if not (carries_on or measures or short):
        return made
    place = max((n for n, m in enumerate(made) if m.finding.kind == "finding"), default=len(made) - 1)
    last = made[place]
    if layout.block_at(page.sentence(number)[0]) is not layout.block_at(last.finding.start):
        return made
    if not (carries_on or short):
        return [*made[:place], _measured(page, number, last), *made[place + 1 :]]
    told = _told(page, first, behind)
    if told.complete and told.means is not None and told.side is None:
        if page.text[last.finding.end - 1] == "?":
            return [replace(m, finding=_answered(m, told)) if m.finding.assertion in _ASKED else m for m in made]
    elif told.complete and told.side is not None and (told.means or told.change):
        return [*made, *_other_side(page, number, last, told)]
    if measures:
        last = _measured(page, number, last)
    if carries_on:
        last = _carried(last, told)
    return [*made[:place], last, *made[place + 1 :]]


def _told(page: Page, first: int, behind: int) -> _Told:
    lexicon, words = page.lexicon, page.tokens.words
    cues: dict[str, Cue] = {}
    sides: set[Side] = set()
    change: Change | None = None
    qualifiers: set[str] = set()
    rest = {n for n in range(first, behind) if words[n] not in _SILENT and words[n] not in lexicon.filler}
    for start, end, numbers in lexicon.mark_matcher.all(words, first, behind):
        for row in (lexicon.marks[number] for number in numbers):
            if isinstance(row, Cue):
                cues.setdefault(row.place, row)
            elif isinstance(row, Attribute):
                sides |= {row.side} if row.side else set()
                change = change or row.change
                qualifiers |= {row.qualifier} if row.qualifier else set()
            elif row.role in ("sign", "other"):
                rest.add(-1)
        rest.difference_update(range(start, end))
    said = [cue.means for place in ("after", "before") if (cue := cues.get(place))]
    means = next((Assertion(one) for one in said if one in _ANSWERS), None)
    return _Told(means, sides.pop() if len(sides) == 1 else None, change, frozenset(qualifiers), not rest)


def _other_side(page: Page, number: int, last: Mention, told: _Told) -> list[Mention]:
    """ "Small effusion on the left. None on the right." says it of the other side without naming it again."""
    found = last.finding
    if told.side is Side.BILATERAL or told.side is found.side or found.side is None:
        return []
    if found.assertion not in _HERE and (found.assertion, told.means) != (Assertion.RESOLVED, Assertion.PRESENT):
        return []
    start, end = page.sentence(number)
    finding = replace(
        found,
        assertion=told.means or Assertion.PRESENT,
        side=told.side,
        size_mm=None,
        severity=None,
        change=None if told.means in (Assertion.ABSENT, Assertion.RESOLVED) else told.change,
        qualifiers=(),
        sentence=page.text[start:end],
        start=start,
        end=end,
    )
    return [Mention(finding, False, last.preliminary)]


def _answered(mention: Mention, told: _Told) -> Finding:
    """What is asked in one sentence is answered in the next: "Pneumothorax? None seen"."""
    assert told.means is not None
    return replace(mention.finding, assertion=told.means)


def _carried(last: Mention, told: _Told) -> Mention:
    """What "It has resolved" and "This is stable from the planning CT" add to the sentence before."""
    found = last.finding
    if told.means is Assertion.RESOLVED and found.assertion in (Assertion.PRESENT, Assertion.HISTORICAL):
        return replace(last, finding=replace(found, assertion=Assertion.RESOLVED, change=None))
    if found.assertion is not Assertion.PRESENT:
        return last
    qualifiers = tuple(sorted({*found.qualifiers, *told.qualifiers}))
    return replace(last, finding=replace(found, change=found.change or told.change, qualifiers=qualifiers))


def _measured(page: Page, number: int, mention: Mention) -> Mention:
    """The mention with its size, where the sentence behind it begins with "It measures"."""
    if mention.finding.assertion is Assertion.ABSENT or mention.finding.size_mm is not None:
        return mention
    found = sizes(page.folded, page.layout.starts[number], page.layout.ends[number])
    if not found:
        return mention
    return replace(mention, finding=replace(mention.finding, size_mm=max(one.mm for one in found)))
