"""What was done, and for which event: care events and what the reports say of treatment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.clinical.events.adverse_event import Certainty
from services.clinical.events.coded import reading_of
from services.clinical.events.compartments import compartments
from services.clinical.events.draft import Draft
from services.clinical.events.named import events_named
from services.clinical.events.showing import same_side
from services.clinical.moments import Moment
from services.clinical.procedures.placing import Placed, Role
from services.clinical.procedures.windows import Span
from services.clinical.reading import Assertion, Finding, Reading, Side
from services.clinical.statements import CareEvent

EXTENDED_BY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Care:
    """One thing done: the token, the side it was done on where stated, who says so, and when."""

    care: str
    source: str
    side: str | None = None
    given: Moment | None = None
    reason: str | None = None


def care_given(placed: Sequence[Placed], events: Sequence[CareEvent], span: Span) -> list[Care]:
    """Everything done for one procedure's patient from its start to 30 days after, in canonical order."""
    before = {
        (f.finding, f.side)
        for p in placed
        if p.role is Role.BASELINE
        for f in reading_of(p.report.text, p.report.body.language).findings
        if f.kind == "management" and f.assertion is Assertion.PRESENT
    }
    found = set()
    for one in placed:
        if one.role in (Role.BASELINE, Role.OUTSIDE) or one.report.doubtful:
            continue
        reading = reading_of(one.report.text, one.report.body.language)
        for f in reading.findings:
            if f.kind in ("management", "escalation") and _was_given(f) and not _known(f, before):
                side = f.side.value if f.side and f.side != "bilateral" else None
                found.add(Care(f.finding, one.report.report, side, one.report.body.performed, _reason(f, reading)))
    for event in events:
        if event.given is None or event.given.within(span.start, span.final_at) is not False:
            found.add(Care(event.care, f"care:{event.site}:{event.care_id}", event.side, event.given, event.reason))
    return sorted(found, key=lambda c: (c.care, c.source, c.side or ""))


def _was_given(finding: Finding) -> bool:
    """A drain that has been removed since was there."""
    removed = finding.finding == "chest_tube" and finding.assertion is Assertion.RESOLVED
    return removed or finding.assertion is Assertion.PRESENT


def _reason(care: Finding, reading: Reading) -> str | None:
    """The sentence that names the care, where it names a finding too: "to intensive care because of the hemothorax"."""
    named = any(
        m.kind == "finding" and m.assertion is Assertion.PRESENT and m.start == care.start for m in reading.mentions
    )
    return care.sentence if named else None


def longer_stay(events: Sequence[CareEvent], planned: Moment | None, span: Span) -> Care | None:
    """A stay more than 24 h longer than planned, from the discharge; None when either time isn't known."""
    left = [e for e in events if e.care == "discharge" and e.given and e.given.latest >= span.end]
    first = min(left, key=lambda e: (e.given.latest, e.care_id) if e.given else (span.final_at, ""), default=None)
    if not first or not planned or not first.given:
        return None
    if first.given.earliest - planned.latest > EXTENDED_BY:
        return Care("extended_stay", f"care:{first.site}:{first.care_id}", None, first.given, first.reason)
    return None


def _known(finding: Finding, before: set[tuple[str, Side | None]]) -> bool:
    """Whether the same was in place on a CT before the start, on that side or on one that isn't said."""
    return any(f == finding.finding and (s is None or finding.side is None or s == finding.side) for f, s in before)


def assign(care: Sequence[Care], events: Sequence[Draft]) -> tuple[dict[int, list[Care]], tuple[str, ...]]:
    """Which care belongs to which event (by its place in ``events``), and what is left for review.

    A drain treats the pleura, an anticoagulant the pulmonary arteries; where several events fit, none gets it.
    Intensive care, an operation or a longer stay say nothing of where: they count for the event that their documented
    reason names, or without a reason for the procedure's only event, and are flagged otherwise.
    """
    table = compartments()
    given: dict[int, list[Care]] = {}
    review = set()
    definite = [i for i, e in enumerate(events) if e.certainty is Certainty.DEFINITE]
    for one in care:
        if one.care in table.management and one.given is None:
            review.add(f"{one.care}_time_unknown")
        if table.unspecific(one.care):
            tied = [i for i in events_named(one.reason, events) if i in definite] if one.reason else definite
            if len(tied) == 1:
                given.setdefault(tied[0], []).append(one)
            else:
                review.add(f"{one.care}_not_tied_to_an_event")
            continue
        fits = [
            i for i, e in enumerate(events) if table.treats(one.care, e.compartment) and same_side(one.side, e.side)
        ]
        if not fits and one.care in table.management:
            review.add(f"{one.care}_without_event")
        best = [i for i in fits if events[i].event in ("hydropneumothorax", "pneumothorax")] or fits
        if len(best) > 1 and one.reason:
            # "Hematoma with active bleeding, embolized" is said of the one that its sentence names.
            best = [i for i in events_named(one.reason, events) if i in best] or best
        if len(best) == 1:
            given.setdefault(best[0], []).append(one)
        elif best:
            review.add(f"{one.care}_fits_several_events")
    return given, tuple(sorted(review))
