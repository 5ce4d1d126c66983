"""What each procedure and each patient adds to the rates. Contributions are replaced, never incremented.

A measure is a dotted name. Units: ``events``, ``lesions`` (planned, treated, with any event), ``procedures`` (planned,
treated, assessed, ...) and ``patients``. Events count by their own grade; lesions, procedures and patients by their
worst. Only events of the first 24 hours count; possible ones are kept apart.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from services.clinical.events.adverse_event import AdverseEvent, Certainty, EventStatus, Phase, Timing
from services.clinical.procedures.record import FollowUp, ProcedureRecord
from services.clinical.rates.strata import ALL, lesion_strata, organs_of, procedure_strata
from services.clinical.rates.tally import Tally


class Contribution(NamedTuple):
    """What one owner (a procedure or a patient) adds on one day of one site."""

    owner: str
    site: str
    day: date
    counts: Tally


def contributions(
    records: Iterable[ProcedureRecord], events: Iterable[AdverseEvent], ruleset: str
) -> tuple[Contribution, ...]:
    """The contributions of one kin group, in canonical order."""
    by_procedure: dict[str, list[AdverseEvent]] = {}
    for event in events:
        if event.status is EventStatus.LIVE:
            by_procedure.setdefault(event.procedure, []).append(event)
    found: list[Contribution] = []
    patients: dict[tuple[str, str], list[ProcedureRecord]] = {}
    for record in records:
        known = record.end or record.start
        if record.status != "documented" or known is None:
            continue
        patients.setdefault((record.patient_site, record.patient_id), []).append(record)
        counts = _of_procedure(record, by_procedure.get(record.procedure, []), ruleset)
        found.append(Contribution(record.procedure, record.site, known.latest.date(), counts))
    for (site, patient), theirs in patients.items():
        day = max(m.latest.date() for r in theirs if (m := r.end or r.start))
        counts = _of_patient(theirs, by_procedure, ruleset)
        found.append(Contribution(f"patient:{site}:{patient}", theirs[0].site, day, counts))
    return tuple(sorted(found, key=lambda one: one[:3]))


def counted(event: AdverseEvent) -> bool:
    """Whether an event belongs to the 24-hour rate for certain."""
    return event.timing is Timing.WITHIN_24H and event.certainty is Certainty.DEFINITE


def _count(to: Tally, stratum: str, *measures: str) -> None:
    counts = to.setdefault(stratum, {})
    for measure in measures:
        counts[measure] = counts.get(measure, 0) + 1


def _of_procedure(record: ProcedureRecord, events: Sequence[AdverseEvent], ruleset: str) -> Tally:
    found: Tally = {}
    assessed = record.phase is not Phase.OPEN and record.follow_up is FollowUp.ASSESSED
    always = ["procedures.planned", f"procedures.follow_up.{record.follow_up.value}"]
    with_event = ["procedures.with_event"]
    if record.treated:
        always.append("procedures.treated")
        with_event.append("procedures.treated_with_event")
    if assessed:
        always.append("procedures.assessed")
        with_event.append("procedures.assessed_with_event")
    definite = [e for e in events if counted(e)]
    for stratum in procedure_strata(record):
        _count(found, stratum, *always, *(with_event if definite else ()))
    for organ in organs_of(record):
        _count(found, f"organ={organ}", *always, *(with_event if any(e.organ == organ for e in definite) else ()))
    worst = max((e.grade(ruleset).grade for e in definite), default=0)
    _count(found, ALL, *([f"procedures.worst.{worst}"] if worst else ()), *(f"review.{flag}" for flag in record.review))
    by_lesion = {}
    for lesion in record.lesions:
        where = lesion_strata(lesion, record)
        by_lesion[lesion.number] = lesion, where
        mine = any(e.lesion == lesion.number for e in definite)
        measures = ["lesions.planned", *(["lesions.with_event"] if mine else ())]
        if lesion.treated:
            measures += ["lesions.treated", *(["lesions.treated_with_event"] if mine else ())]
        for stratum in where:
            _count(found, stratum, *measures)
    all_treated = bool(record.lesions) and all(lesion.treated for lesion in record.lesions)
    for event in events:
        named, where = by_lesion.get(event.lesion or "", (None, (ALL, f"organ={event.organ or 'unknown'}")))
        grade = event.grade(ruleset).grade
        kind = "events" if counted(event) else f"{event.certainty.value}_{event.timing.value}_events"
        measures = [f"{kind}.all", f"{kind}.grade.{grade}", f"{kind}.{event.event}.{grade}"]
        if counted(event) and (named.treated if named else all_treated):
            measures.append("events.of_treated_lesions")
        for stratum in where:
            _count(found, stratum, *measures)
        if counted(event) and named is None:
            _count(found, ALL, "events.unattributed")
    return found


def _of_patient(records: Sequence[ProcedureRecord], events: dict[str, list[AdverseEvent]], ruleset: str) -> Tally:
    found: Tally = {}
    definite = [e for r in records for e in events.get(r.procedure, []) if counted(e)]
    lesions = [lesion for r in records for lesion in r.lesions]
    ambiguous = any("ambiguous_event" in r.review for r in records)
    of_organs = [
        (f"organ={o}", any(x.treated and x.organ == o for x in lesions), any(e.organ == o for e in definite))
        for o in sorted({o for r in records for o in organs_of(r)})
    ]
    for stratum, treated, relevant in (
        (ALL, any(x.treated for x in lesions), bool(definite) or ambiguous),
        *of_organs,
    ):
        _count(found, stratum, "patients.planned")
        if treated:
            _count(found, stratum, "patients.treated")
        if relevant:
            _count(found, stratum, "patients.with_event", *(["patients.treated_with_event"] if treated else []))
    worst = max((e.grade(ruleset).grade for e in definite), default=0)
    if worst:
        _count(found, ALL, f"patients.worst.{worst}")
    return found
