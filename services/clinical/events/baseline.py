"""What was there before: a finding that a CT before the start already showed is no event, unless it grew."""

from collections.abc import Sequence
from datetime import date

from services.clinical.events.coded import reading_of
from services.clinical.events.showing import Showing, same_side
from services.clinical.procedures.windows import Span
from services.clinical.reading import Change, Finding, Severity

_AMOUNT = {Severity.TRACE: 0, Severity.SMALL: 1, Severity.MODERATE: 2, Severity.LARGE: 3}
_SAME_SIZE_MM = 2.0


def grew(now: Finding, before: Finding) -> bool:
    """Whether a finding is more than it was: said so, larger, of a graver amount, or bloody where it wasn't."""
    if now.change in (Change.INCREASED, Change.NEW):
        return True
    if now.change in (Change.UNCHANGED, Change.DECREASED):
        return False
    if now.finding == "hemorrhagic_pleural_effusion" and before.finding == "pleural_effusion":
        return True
    if now.size_mm is not None and before.size_mm is not None:
        return now.size_mm > before.size_mm + _SAME_SIZE_MM
    if now.severity is not None and before.severity is not None:
        return _AMOUNT[now.severity] > _AMOUNT[before.severity]
    return False


def known_before(showing: Showing, baseline: Sequence[Showing]) -> bool:
    """Whether the latest CT before the start that speaks of it showed it, and it hasn't grown since."""
    for family in sorted(showing.families):
        about = [
            b
            for b in baseline
            if b.compartment == showing.compartment and same_side(b.side, showing.side) and family in b.families
        ]
        if not about:
            return False
        latest = max(b.order[0] for b in about)
        last = [b for b in about if b.order[0] == latest and b.firm]
        if not last or all(grew(showing.finding, b.finding) for b in last):
            return False
    return True


def unchanged_since_before(
    showing: Showing, span: Span, after: Sequence[Showing], baseline: Sequence[Showing]
) -> bool | None:
    """Whether "unchanged" compares with a CT before the start; None when nothing tells.

    It doesn't when a CT since the start already showed the finding, or when the last one before denied it. Else the
    dates of the comparisons decide, where they are stated.
    """
    if showing.finding.change is not Change.UNCHANGED:
        return False
    sooner = [o for o in after if o.order[0] < showing.order[0]]
    if any(o.firm and _same(o, showing) for o in sooner):
        return False
    if any(b.denies and _same(b, showing) for b in baseline):
        return False
    report = showing.placed.report
    reading = reading_of(report.text, report.body.language)
    dates = [day for c in reading.comparisons if (day := _day(c.date))]
    if dates:
        return max(dates) < span.start.date()
    return False if sooner else None


def _day(text: str | None) -> date | None:
    """A day as a report states it; None where it states none that exists."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _same(one: Showing, other: Showing) -> bool:
    same_place = one.compartment == other.compartment and same_side(one.side, other.side)
    return same_place and bool(one.families & other.families)
