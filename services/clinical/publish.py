"""publish(chart, rules, as_of): everything that CryoWatch says, as a pure function of a kin group's facts.

Any order of the facts, any repeats, any crash in between: the same records, events and contributions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.clinical.chart import Chart, fold
from services.clinical.events.adverse_event import AdverseEvent, EventStatus, Phase
from services.clinical.events.assemble import Case, ambiguous, events_of
from services.clinical.events.coded import reading_of, said
from services.clinical.facts import Fact
from services.clinical.grading.ruleset import RuleSet, shipped
from services.clinical.identifiers import patient_name, procedure_name, site_of, value_of
from services.clinical.kin import held
from services.clinical.procedures.documentation import Documented
from services.clinical.procedures.placing import Placed, Role, place
from services.clinical.procedures.record import FollowUp, PlacedReport, ProcedureRecord
from services.clinical.procedures.windows import DEFAULT_WINDOWS, Span, Windows, span
from services.clinical.rates.contributions import Contribution, contributions
from services.clinical.reading import READER_VERSION
from services.clinical.revision import EPOCH, revision
from services.clinical.statements import CareEvent


@dataclass(frozen=True, slots=True)
class Rules:
    """What the function depends on beside the chart and the time. ``published`` names the rule set of the rates."""

    event_key: bytes
    rulesets: tuple[RuleSet, ...] = ()
    windows: Windows = DEFAULT_WINDOWS
    published: str = "orsi-2024"
    epoch: int = EPOCH

    def sets(self) -> tuple[RuleSet, ...]:
        """The rule sets in force; those that come with CryoWatch unless others were named."""
        return self.rulesets or shipped()

    @property
    def stamp(self) -> str:
        """Names what the function depends on: a chart published under another stamp must be published again."""
        sets = ",".join(f"{r.id}@{r.version}" for r in self.sets())
        return f"{self.epoch}/{READER_VERSION}/{self.published}/{sets}"


@dataclass(frozen=True, slots=True)
class Published:
    """What one kin group amounts to. ``next_due`` is when time alone changes it next."""

    records: tuple[ProcedureRecord, ...]
    events: tuple[AdverseEvent, ...]
    contributions: tuple[Contribution, ...]
    next_due: datetime | None


def publish(facts: Iterable[Fact], rules: Rules, as_of: datetime) -> Published:
    """Fold the facts of one kin group and publish its procedures, events and contributions."""
    facts = tuple(facts)
    return publish_chart(fold(facts), held(facts), rules, as_of)


def publish_chart(chart: Chart, weight: int, rules: Rules, as_of: datetime) -> Published:
    """Publish a folded chart; ``weight`` is how many fact versions its group holds."""
    spans = {p.procedure: span(p.start, p.end, rules.windows) for p in chart.procedures if p.status == "documented"}
    cases, open_ended = [], []
    for patient, procedures in _by_patient(chart).items():
        known = {p.procedure: bounds for p in procedures if (bounds := spans.get(p.procedure))}
        every = {p.procedure for p in chart.procedures}
        placed = place([r for r in chart.reports if r.patient == patient], known, every)
        care = _care_of(chart, patient, known)
        for documented in procedures:
            bounds = known.get(documented.procedure)
            if bounds is None:
                open_ended.append((documented, patient))
                continue
            cases.append(
                Case(
                    documented,
                    bounds,
                    patient,
                    tuple(placed[documented.procedure]),
                    tuple(care.get(documented.procedure, ())),
                    bounds.phase(as_of),
                )
            )
    elsewhere = _of_others(chart)
    records: list[ProcedureRecord] = []
    events: list[AdverseEvent] = []
    for case in cases:
        found, review = events_of(case, chart, rules.sets(), rules.event_key)
        number = revision(rules.epoch, weight, case.phase, overdue=as_of >= case.span.follow_up_to)
        found = [replace(event, revision=number) for event in found]
        unclear = ambiguous(case, chart)
        flags = (*review, *case.documented.review, *unclear, *_hard_to_read(case.placed))
        if case.documented.procedure in elsewhere:
            flags = (*flags, "report_under_another_patient")
        records.append(_record(case, found, tuple(sorted(flags)), number, as_of))
        events += found
    for documented, patient in open_ended:
        records.append(_without_window(documented, patient, revision(rules.epoch, weight, Phase.OPEN)))
    records.sort(key=lambda r: r.procedure)
    events.sort(key=lambda e: e.id)
    due = [at for case in cases if (at := case.span.next_due(as_of))]
    return Published(
        tuple(records), tuple(events), contributions(records, events, rules.published), min(due, default=None)
    )


def _by_patient(chart: Chart) -> dict[str, list[Documented]]:
    grouped: dict[str, list[Documented]] = {}
    for documented in chart.procedures:
        statement = documented.statement
        patient = chart.patient_of(statement.site, statement.patient_id) if statement else ""
        grouped.setdefault(patient, []).append(documented)
    return dict(sorted(grouped.items()))


def _care_of(chart: Chart, patient: str, spans: dict[str, Span]) -> dict[str, list[CareEvent]]:
    """Care belongs to the procedure that it names, else to the latest one that had started by then."""
    found: dict[str, list[CareEvent]] = {}
    for event in chart.care:
        name = patient_name(event.site, event.patient_id)
        if chart.surviving.get(name, name) != patient:
            continue
        named = procedure_name(event.site, event.accession) if event.accession else ""
        if named in spans:
            found.setdefault(named, []).append(event)
            continue
        started = [n for n, s in spans.items() if event.given and event.given.latest >= s.start]
        if event.given is None and len(spans) == 1:
            started = list(spans)
        if started:
            found.setdefault(max(started, key=lambda n: (spans[n].start, n)), []).append(event)
    return found


def _follow_up(case: Case, as_of: datetime) -> FollowUp:
    roles = {p.role for p in case.placed}
    follow_ups = [p.report for p in case.placed if p.role is Role.FOLLOW_UP]
    if any(said(r).assesses for r in follow_ups):
        return FollowUp.ASSESSED
    if follow_ups or Role.UNDECIDED in roles:
        return FollowUp.UNDECIDED
    return FollowUp.OVERDUE if as_of >= case.span.follow_up_to else FollowUp.WAITING


def _hard_to_read(placed: Sequence[Placed]) -> list[str]:
    """``report_empty``, ``report_contradictory`` and their like, and doubts of versions; of reports since the start."""
    since = [p.report for p in placed if p.role not in (Role.BASELINE, Role.OUTSIDE)]
    outcomes = {reading_of(r.text, r.body.language).outcome for r in since}
    return [*(f"report_{outcome}" for outcome in outcomes - {"read"}), *(flag for r in since for flag in r.review)]


def _of_others(chart: Chart) -> set[str]:
    """Procedures that a report names under another patient's number: a merge not announced, or a number mistyped."""
    patients = {p.procedure: patient for patient, found in _by_patient(chart).items() for p in found}
    named = {(procedure_name(r.body.site, r.body.accession), r.patient) for r in chart.reports if r.body.accession}
    return {procedure for procedure, patient in named if patients.get(procedure, patient) not in ("", patient)}


def _placed(placed: Placed) -> PlacedReport:
    report = placed.report
    outcome = reading_of(report.text, report.body.language).outcome
    return PlacedReport(report.report, placed.role.value, report.body.performed, report.standing.value, outcome)


def _record(
    case: Case, events: Sequence[AdverseEvent], review: tuple[str, ...], number: int, as_of: datetime
) -> ProcedureRecord:
    bounds = case.span
    reports = tuple(_placed(p) for p in sorted(case.placed, key=lambda p: (p.report.report, p.role)))
    return replace(
        _without_window(case.documented, case.patient, number),
        phase=case.phase,
        follow_up=_follow_up(case, as_of),
        closes_at=bounds.closes_at,
        final_at=bounds.final_at,
        reports=reports,
        events=tuple(e.id for e in events if e.status is EventStatus.LIVE),
        review=tuple(sorted(set(review))),
    )


def _without_window(documented: Documented, patient: str, number: int) -> ProcedureRecord:
    """The record of a procedure whose end isn't known, or which is withdrawn or known to a console only."""
    said = documented.statement
    treatments = documented.treatments
    coldest = [t.minimum_tip_c for t in treatments if t.minimum_tip_c is not None]
    return ProcedureRecord(
        procedure=documented.procedure,
        status=documented.status,
        site=site_of(documented.procedure),
        accession=said.accession if said else value_of(documented.procedure),
        patient_site=site_of(patient) if patient else "",
        patient_id=value_of(patient) if patient else "",
        phase=Phase.OPEN,
        follow_up=FollowUp.UNDECIDED,
        start=documented.start,
        end=documented.end,
        lesions=documented.lesions,
        gauge=documented.gauge,
        positions=documented.positions,
        coolant=documented.coolant,
        device=documented.device,
        intent=said.intent if said else None,
        anesthesia=said.anesthesia if said else None,
        patient_class=said.patient_class if said else None,
        treated=documented.treated,
        minimum_tip_c=min(coldest, default=None),
        freeze_s=sum(t.freeze_s for t in treatments) if treatments else None,
        below_minus_20_s=sum(t.below_minus_20_s for t in treatments) if treatments else None,
        frames=sum(t.frames for t in treatments),
        review=documented.review,
        revision=number,
    )
