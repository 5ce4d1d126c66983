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


class Contribution(NamedTuple):
    """One count of one owner (a procedure or a patient) on one day of one site."""

    owner: str
    site: str
    day: date
    stratum: str
    measure: str
    number: int


def contributions(
    records: Iterable[ProcedureRecord], events: Iterable[AdverseEvent], ruleset: str
) -> tuple[Contribution, ...]:
    """The contributions of one kin group, in canonical order."""
    by_procedure: dict[str, list[AdverseEvent]] = {}
    for event in events:
        if event.status is EventStatus.LIVE:
            by_procedure.setdefault(event.procedure, []).append(event)
    tally: dict[tuple[str, str, date, str, str], int] = {}
    patients: dict[tuple[str, str], list[ProcedureRecord]] = {}
    for record in records:
        known = record.end or record.start
        if record.status != "documented" or known is None:
            continue
        patients.setdefault((record.patient_site, record.patient_id), []).append(record)
        mine = by_procedure.get(record.procedure, [])
        for stratum, measure, count in _of_procedure(record, mine, ruleset):
            key = (record.procedure, record.site, known.latest.date(), stratum, measure)
            tally[key] = tally.get(key, 0) + count
    for (site, patient), theirs in patients.items():
        owner = f"patient:{site}:{patient}"
        day = max(m.latest.date() for r in theirs if (m := r.end or r.start))
        for stratum, measure in _of_patient(theirs, by_procedure, ruleset):
            tally[(owner, theirs[0].site, day, stratum, measure)] = 1
    return tuple(Contribution(*key, count) for key, count in sorted(tally.items()))


def counted(event: AdverseEvent) -> bool:
    """Whether an event belongs to the 24-hour rate for certain."""
    return event.timing is Timing.WITHIN_24H and event.certainty is Certainty.DEFINITE


def _of_procedure(record: ProcedureRecord, events: Sequence[AdverseEvent], ruleset: str) -> list[tuple[str, str, int]]:
    out: list[tuple[str, str, int]] = []
    assessed = record.phase is not Phase.OPEN and record.follow_up is FollowUp.ASSESSED
    strata = [*procedure_strata(record), *(f"organ={o}" for o in organs_of(record))]
    definite = [e for e in events if counted(e)]
    worst = max((e.grade(ruleset).grade for e in definite), default=0)
    for stratum in strata:
        out.append((stratum, "procedures.planned", 1))
        out.append((stratum, f"procedures.follow_up.{record.follow_up.value}", 1))
        if record.treated:
            out.append((stratum, "procedures.treated", 1))
        if assessed:
            out.append((stratum, "procedures.assessed", 1))
        relevant = [e for e in definite if not stratum.startswith("organ=") or f"organ={e.organ}" == stratum]
        if relevant:
            out.append((stratum, "procedures.with_event", 1))
            if record.treated:
                out.append((stratum, "procedures.treated_with_event", 1))
            if assessed:
                out.append((stratum, "procedures.assessed_with_event", 1))
    if worst:
        out.append((ALL, f"procedures.worst.{worst}", 1))
    out += [(ALL, f"review.{flag}", 1) for flag in record.review]
    by_lesion = {lesion.number: lesion for lesion in record.lesions}
    for lesion in record.lesions:
        mine = [e for e in definite if e.lesion == lesion.number]
        for stratum in lesion_strata(lesion, record):
            out.append((stratum, "lesions.planned", 1))
            if lesion.treated:
                out.append((stratum, "lesions.treated", 1))
            if mine:
                out.append((stratum, "lesions.with_event", 1))
                if lesion.treated:
                    out.append((stratum, "lesions.treated_with_event", 1))
    for event in events:
        lesion_of = by_lesion.get(event.lesion or "")
        where = lesion_strata(lesion_of, record) if lesion_of else (ALL, f"organ={event.organ or 'unknown'}")
        grade = event.grade(ruleset).grade
        kind = "events" if counted(event) else f"{event.certainty.value}_{event.timing.value}_events"
        for stratum in where:
            out.append((stratum, f"{kind}.all", 1))
            out.append((stratum, f"{kind}.grade.{grade}", 1))
            out.append((stratum, f"{kind}.{event.event}.{grade}", 1))
            if lesion_of and lesion_of.treated and counted(event):
                out.append((stratum, "events.of_treated_lesions", 1))
        if lesion_of is None and counted(event):
            out.append((ALL, "events.unattributed", 1))
            if record.lesions and all(lesion.treated for lesion in record.lesions):
                out += [(stratum, "events.of_treated_lesions", 1) for stratum in where]
    return out


def _of_patient(
    records: Sequence[ProcedureRecord], events: dict[str, list[AdverseEvent]], ruleset: str
) -> set[tuple[str, str]]:
    out: set[tuple[str, str]] = set()
    definite = [e for r in records for e in events.get(r.procedure, []) if counted(e)]
    organs = {o for r in records for o in organs_of(r)}
    for stratum in (ALL, *(f"organ={o}" for o in organs)):
        treated = [
            x for r in records for x in r.lesions if x.treated and (stratum == ALL or f"organ={x.organ}" == stratum)
        ]
        relevant = any(stratum == ALL or f"organ={e.organ}" == stratum for e in definite)
        if stratum == ALL:
            relevant = relevant or any("ambiguous_event" in r.review for r in records)
        out.add((stratum, "patients.planned"))
        if treated:
            out.add((stratum, "patients.treated"))
        if relevant:
            out.add((stratum, "patients.with_event"))
            if treated:
                out.add((stratum, "patients.treated_with_event"))
    worst = max((e.grade(ruleset).grade for e in definite), default=0)
    if worst:
        out.add((ALL, f"patients.worst.{worst}"))
    return out
