"""What was there before is no event unless it grew, and what came with the procedure is one, also when it has gone."""

from collections.abc import Sequence
from datetime import date

from services.clinical.events.coded import reading_of
from services.clinical.events.showing import Showing, same_side
from services.clinical.procedures.windows import Span
from services.clinical.reading import Assertion, Change, Finding, Severity
from services.clinical.reading.lexicon import BASELINE, KNOWN, SINCE

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


def known_since_before(
    showing: Showing, span: Span, after: Sequence[Showing], baseline: Sequence[Showing]
) -> bool | None:
    """Whether "unchanged", "smaller" or "known" says that it was there before the start; None when nothing tells.

    It doesn't when a CT since the start already showed the finding, or when the last one before denied it. Else what
    the text names decides: the planning CT or the one at the end of the procedure; else what was done about it, and
    the dates of the comparisons, where they are stated.
    """
    finding = showing.finding
    known = KNOWN in finding.qualifiers and finding.change not in (Change.NEW, Change.INCREASED)
    if not known and (finding.change not in (Change.UNCHANGED, Change.DECREASED) or finding.finding == "nerve_injury"):
        return False  # a palsy that persists is no comparison with an earlier CT
    sooner = [o for o in after if o.order[0] < showing.order[0]]
    if any(o.firm and _same(o, showing) for o in sooner):
        return False
    if any(b.denies and _same(b, showing) for b in baseline):
        return False
    named = _named_stage(showing)
    if named is not None:
        return named == "before"
    if _treated_air(showing):
        return False
    comparisons = reading_of(showing.placed.report.text, showing.placed.report.body.language).comparisons
    dates = [day for c in comparisons if (day := _day(c.date))]
    if dates:
        return max(dates) < span.start.date()
    if sooner or (finding.change is Change.DECREASED and ("air" in showing.families or _treated(showing))):
        # Nobody freezes beside a pneumothorax: one that has become smaller came with the procedure.
        return False
    return None


def gone_since(showing: Showing, span: Span) -> bool:
    """Whether the text says that it was there once the procedure had begun, and is gone: an event all the same.

    It says so where it names the CT at the end of the procedure, or a drain that was placed for it.
    """
    finding = showing.finding
    if finding.assertion not in (Assertion.RESOLVED, Assertion.HISTORICAL) or showing.placed.report.doubtful:
        return False
    if SINCE in finding.qualifiers:
        return finding.section != "history"  # an earlier procedure has had its end too
    if finding.assertion is Assertion.HISTORICAL or not _treated(showing) or _named_stage(showing) == "before":
        return False
    comparisons = reading_of(showing.placed.report.text, showing.placed.report.body.language).comparisons
    dates = [day for c in comparisons if (day := _day(c.date))]
    return "air" in showing.families or not dates or max(dates) >= span.start.date()


def _named_stage(showing: Showing) -> str | None:
    """ "since" or "before": what the finding's own words compare with, else what the report's comparisons are."""
    told = showing.finding.qualifiers
    if SINCE in told:
        return "since"
    if BASELINE in told or KNOWN in told:
        return "before"
    report = showing.placed.report
    stages = {c.stage for c in reading_of(report.text, report.body.language).comparisons}
    return "since" if "since" in stages else "before" if "before" in stages else None


_DRAINS = ("chest_tube", "aspiration", "thoracentesis")


def _treated(showing: Showing) -> bool:
    """Whether the report tells of a drain or a needle for it, on its side or on one that isn't said."""
    report = showing.placed.report
    return showing.compartment == "pleura" and any(
        f.finding in _DRAINS
        and f.assertion is Assertion.PRESENT
        and same_side(None if f.side in (None, "bilateral") else f.side.value, showing.side)
        for f in reading_of(report.text, report.body.language).findings
    )


def _treated_air(showing: Showing) -> bool:
    """A drained pneumothorax isn't one from before the procedure, whatever the CT is compared with."""
    return "air" in showing.families and _treated(showing)


def _day(text: str | None) -> date | None:
    """A day as a report states it; None where it states none that exists."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _same(one: Showing, other: Showing) -> bool:
    same_place = one.compartment == other.compartment and same_side(one.side, other.side)
    return same_place and bool(one.families & other.families)
