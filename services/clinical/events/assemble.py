"""The adverse events of one procedure, graded, attributed and with what they stand on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.clinical.chart import Chart
from services.clinical.events.adjudication import adjudicated, gone
from services.clinical.events.adverse_event import (
    AdverseEvent,
    Certainty,
    EventStatus,
    Evidence,
    Grade,
    Management,
    Phase,
    Timing,
)
from services.clinical.events.attribution import attribute, nearness
from services.clinical.events.coded import DISPUTED, SECTION, reading_of, said
from services.clinical.events.compartments import compartments
from services.clinical.events.deaths import COMPARTMENT, deaths_of, first_of, timing_of
from services.clinical.events.draft import Draft, drafts
from services.clinical.events.intraprocedural import Measured, measured
from services.clinical.events.management import Care, assign, care_given, longer_stay
from services.clinical.events.shared_care import of_this_procedure
from services.clinical.events.showing import Showing, families, same_side, showings
from services.clinical.grading.ruleset import RuleSet
from services.clinical.identifiers import event_id, site_of, value_of
from services.clinical.moments import Moment
from services.clinical.procedures.documentation import Documented
from services.clinical.procedures.placing import Placed, Role
from services.clinical.procedures.windows import Span
from services.clinical.reading import READER_VERSION, Assertion, Severity
from services.clinical.statements import CareEvent

_AMOUNT = (Severity.TRACE, Severity.SMALL, Severity.MODERATE, Severity.LARGE)


@dataclass(frozen=True, slots=True)
class Case:
    """One procedure with everything that speaks of it."""

    documented: Documented
    span: Span
    patient: str
    placed: tuple[Placed, ...]
    care: tuple[CareEvent, ...]
    phase: Phase


def events_of(
    case: Case, chart: Chart, rulesets: Sequence[RuleSet], key: bytes
) -> tuple[list[AdverseEvent], tuple[str, ...]]:
    """The procedure's adverse events in canonical order, and what a person should look at."""
    every = showings(case.placed, case.span)
    found = [s for s in every if _mine(s, case, chart)]
    measures = [m for m in measured(case.documented.treatments, case.documented.lesions) if _during(m, case.span)]
    composed = [*drafts(found, case.span), *(_measured_draft(m) for m in measures)]
    theirs = [s for s in every if _others(s, chart) > _near(s, case.documented)]
    care, unclear = of_this_procedure(care_given(case.placed, case.care, case.span), found, theirs)
    statement = case.documented.statement
    longer = longer_stay(case.care, statement.planned_discharge if statement else None, case.span)
    given, review = assign(care + ([longer] if longer else []), composed)
    deaths = deaths_of(care, composed)
    if deaths.cause is not None:
        given.setdefault(deaths.cause, []).extend(deaths.told)
    build = _Builder(case, rulesets, key)
    shown = len(composed) - len(measures)
    events = [
        build.from_draft(draft, given.get(i, []))
        for i, draft in enumerate(composed[:shown])
        if deaths.cause is None or draft.compartment != COMPARTMENT
    ]
    events += [build.from_telemetry(m, given.get(shown + i, [])) for i, m in enumerate(measures)]
    if deaths.cause is None:
        events += build.from_deaths([c for c in deaths.told if c.source.startswith("care:")])
    decided = [adjudicated(event, chart.adjudications) for event in one_per_place(events, rulesets)]
    events = [_to_be_decided(event) for event in decided]
    flags = {*review, *unclear, *deaths.review, *gone(case.documented.procedure, events, chart.adjudications)}
    flags |= {DISPUTED for p in case.placed if p.role is not Role.OUTSIDE and said(p.report).disputed}
    return sorted(events, key=lambda e: e.id), tuple(sorted(flags))


def _to_be_decided(event: AdverseEvent) -> AdverseEvent:
    """A possible event counts nowhere until somebody confirms or rejects it: it is work for a person."""
    open_ = event.certainty is Certainty.POSSIBLE and event.status is EventStatus.LIVE
    return replace(event, review=tuple(sorted({*event.review, "possible_event"}))) if open_ else event


def _during(one: Measured, span: Span) -> bool:
    """Whether it was measured once the procedure may have begun: an idle console watches the patient before."""
    return one.onset.latest >= span.start


def _measured_draft(one: Measured) -> Draft:
    return Draft(_telemetry_compartment(one.event), None, one.event, False, Certainty.DEFINITE, Timing.WITHIN_24H, ())


_FIRMEST = (Certainty.DEFINITE, Certainty.POSSIBLE)
_FIRST = (Timing.WITHIN_24H, Timing.UNDECIDED, Timing.DELAYED)


def one_per_place(events: Sequence[AdverseEvent], rulesets: Sequence[RuleSet]) -> list[AdverseEvent]:
    """One event per id: what reports, telemetry and care events say of one place is one event, named by its worst."""
    places: dict[str, list[AdverseEvent]] = {}
    for event in events:
        places.setdefault(event.id, []).append(event)
    merged = []
    for same in places.values():
        if len(same) == 1:
            merged += same
            continue
        worst = max(same, key=lambda e: (*(e.grade(r.id).grade for r in rulesets), e.event))
        merged.append(
            replace(
                worst,
                certainty=min((e.certainty for e in same), key=_FIRMEST.index),
                timing=min((e.timing for e in same), key=_FIRST.index),
                onset=min((e.onset for e in same if e.onset), default=None),
                recorded=min((e.recorded for e in same if e.recorded), default=None),
                evidence=tuple(dict.fromkeys(x for e in same for x in e.evidence)),
                management=tuple(dict.fromkeys(x for e in same for x in e.management)),
                review=tuple(sorted({x for e in same for x in e.review})),
            )
        )
    return merged


def _mine(showing: Showing, case: Case, chart: Chart) -> bool:
    """Of a CT that assesses two procedures, a finding is placed by side, then by region; else it is ambiguous."""
    return not showing.placed.shared or _near(showing, case.documented) > _others(showing, chart)


def _others(showing: Showing, chart: Chart) -> tuple[int, int]:
    """How near the finding is to the nearest other procedure that its CT assesses."""
    others = [p for p in chart.procedures if p.procedure in showing.placed.shared]
    return max((_near(showing, other) for other in others), default=(0, 0))


def _near(showing: Showing, documented: Documented) -> tuple[int, int]:
    return nearness(showing.compartment, showing.side, documented.lesions)


def ambiguous(case: Case, chart: Chart) -> tuple[str, ...]:
    """What shared CTs show that fits this procedure as well as another: for neither procedure, but for the patient.

    ``ambiguous_finding`` when there is any; ``ambiguous_event`` too when it is a definite event of the first 24 hours.
    """
    tied = []
    for showing in showings(case.placed, case.span):
        if showing.timing == "baseline":
            tied.append(showing)
            continue
        others = [p for p in chart.procedures if p.procedure in showing.placed.shared]
        best = max((_near(showing, other) for other in others), default=None)
        if best == _near(showing, case.documented):
            tied.append(showing)
    found = drafts(tied, case.span)
    if not found:
        return ()
    counted = any(d.certainty is Certainty.DEFINITE and d.timing is Timing.WITHIN_24H for d in found)
    return ("ambiguous_event", "ambiguous_finding") if counted else ("ambiguous_finding",)


@dataclass(frozen=True, slots=True)
class _Builder:
    case: Case
    rulesets: Sequence[RuleSet]
    key: bytes

    def from_draft(self, draft: Draft, care: Sequence[Care]) -> AdverseEvent:
        first = draft.shown[0]
        last = draft.shown[-1].finding
        qualifiers = sorted({q for s in draft.shown for q in s.finding.qualifiers})
        disputed = {DISPUTED for s in draft.shown if s.disputed}
        evidence = tuple(_evidence(s) for s in draft.shown)
        treated = [c.given for c in care if c.given and not compartments().unspecific(c.care)]
        timing = draft.timing
        if draft.certainty is Certainty.DEFINITE and any(
            m.within(self.case.span.start, self.case.span.closes_at) for m in treated
        ):
            timing = Timing.WITHIN_24H  # treated inside the window, whenever it was first shown
        shown = [s.placed.report.body.performed for s in draft.shown]
        onset = min((m for m in [*shown, *treated] if m is not None), default=None)
        amounts = [s.finding.severity for s in draft.shown if s.finding.severity]
        event = self._event(draft.compartment, draft.side, draft.event, care, qualifiers)
        return replace(
            event,
            certainty=draft.certainty,
            timing=timing,
            onset=onset,
            recorded=_recorded(draft),
            evidence=evidence,
            place=last.site,
            hemorrhagic=draft.hemorrhagic,
            severity=max(amounts, key=_AMOUNT.index).value if amounts else None,
            preliminary=all(s.preliminary for s in draft.shown),
            outcome="fatal" if any(c.care == "death" for c in care) else "unknown",
            review=tuple(sorted({*draft.review, *first.placed.report.review, *disputed})),
        )

    def from_telemetry(self, one: Measured, care: Sequence[Care]) -> AdverseEvent:
        event = self._event(_telemetry_compartment(one.event), None, one.event, care, ())
        proof = Evidence(one.source, one.says, one.onset)
        return replace(event, onset=one.onset, recorded=one.onset.earliest, evidence=(proof,))

    def from_deaths(self, deaths: Sequence[Care]) -> list[AdverseEvent]:
        """A death whose cause no document states is an event of its own, grade 5, causality unknown."""
        if not deaths:
            return []
        first = first_of(deaths, self.case.span)
        return [
            replace(
                self._event(COMPARTMENT, None, "death", deaths, ()),
                onset=first.given,
                recorded=first.given.earliest if first.given else None,
                timing=timing_of(first, self.case.span),
                evidence=(Evidence(first.source, "death", first.given),),
                outcome="fatal",
            )
        ]

    def _event(
        self, compartment: str, side: str | None, token: str, care: Sequence[Care], qualifiers: Sequence[str]
    ) -> AdverseEvent:
        documented, span = self.case.documented, self.case.span
        lesion = attribute(compartment, side, documented.lesions)
        organs = {x.organ for x in documented.lesions if lesion is None or x.number == lesion}
        provisional = self.case.phase is not Phase.FINAL
        grades: tuple[Grade, ...] = tuple(
            r.grade(token, [c.care for c in care], qualifiers, provisional=provisional) for r in self.rulesets
        )
        statement = documented.statement
        return AdverseEvent(
            id=event_id(self.key, documented.procedure, compartment, side),
            status=EventStatus.LIVE,
            site=site_of(documented.procedure),
            procedure=documented.procedure,
            accession=statement.accession if statement else value_of(documented.procedure),
            patient_site=site_of(self.case.patient),
            patient_id=value_of(self.case.patient),
            event=token,
            compartment=compartment,
            side=side,
            certainty=Certainty.DEFINITE,
            timing=Timing.WITHIN_24H,
            onset=None,
            recorded=None,
            grades=grades,
            evidence=(),
            management=tuple(Management(c.care, c.source, c.given) for c in care),
            lesion=lesion,
            organ=organs.pop() if len(organs) == 1 else None,
            phase=self.case.phase,
            reader=READER_VERSION,
            procedure_start=documented.start,
            procedure_end=Moment(span.end, span.end),
        )


def _telemetry_compartment(token: str) -> str:
    where = compartments().of(token, None)
    return where[0] if where else token


def _evidence(showing: Showing) -> Evidence:
    finding = showing.finding
    return Evidence(
        source=showing.placed.report.report,
        says=f"{finding.finding}:{finding.assertion.value}",
        performed=showing.placed.report.body.performed,
        section=finding.section,
        start=None if finding.section == SECTION else finding.start,
        end=None if finding.section == SECTION else finding.end,
    )


def _recorded(draft: Draft) -> datetime | None:
    """The earliest issue time of a report version that shows the event."""
    times = []
    for showing in draft.shown:
        report = showing.placed.report
        for text, when in report.past:
            shows = any(
                f.assertion in (Assertion.PRESENT, Assertion.POSSIBLE)
                and families(f.finding, draft.compartment) & showing.families
                and (f.side == "bilateral" or same_side(f.side.value if f.side else None, draft.side))
                for f in reading_of(text, report.body.language).findings
                if f.kind == "finding"
            )
            if when and (shows or text == report.body.text):
                times.append(when)
    return min(times, default=None)
