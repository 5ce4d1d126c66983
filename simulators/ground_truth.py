"""What really happened, written down for whoever wants to check a service. No service reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simulators.cohort.model import Cohort, Complication, Finding, Lesion
from simulators.cohort.tables import count_cells
from simulators.registry import Hospital, Procedure

RULE_SETS = ("orsi-2024", "sir-2017")


def ground_truth(cohort: Cohort, hospital: Hospital, horizon: datetime, run: Mapping[str, Any]) -> dict[str, Any]:
    """The truth as one JSON object.

    ``patients``, ``procedures`` (with their lesions) and ``events`` are sorted. The pulmonary arteries count as one
    place, so an embolism has no side. ``tables`` holds k and n of every cell of the paper's tables as counted in this
    cohort, ``counts`` the numbers that denominators are made of, and ``run`` what this run added on the way (seed,
    faults, messages): the only part that differs from seed to seed.
    """
    events = [
        _event(procedure, lesion, lesion.complication)
        for procedure in hospital.procedures
        for lesion in procedure.lesions
        if lesion.complication
    ]
    return {
        "cohort": cohort.name,
        "site": hospital.site.code,
        "horizon": _iso(horizon),
        "patients": _patients(hospital),
        "procedures": [_procedure(procedure) for procedure in hospital.procedures],
        "events": sorted(events, key=lambda event: (event["procedure"], event["lesion"])),
        "counts": _counts(cohort),
        "tables": {name: {"k": cell.k, "n": cell.n} for name, cell in sorted(count_cells(cohort).items())},
        "run": dict(run),
    }


def _patients(hospital: Hospital) -> list[dict[str, Any]]:
    people = {procedure.person.mrn: procedure for procedure in hospital.procedures}
    return [
        {
            "mrn": mrn,
            "retired_mrn": procedure.person.retired_mrn,
            "sex": procedure.person.sex,
            "birth_date": procedure.person.birth_date.isoformat(),
            "age": procedure.patient.age,
        }
        for mrn, procedure in sorted(people.items())
    ]


def _procedure(procedure: Procedure) -> dict[str, Any]:
    return {
        "accession": procedure.accession,
        "mrn": procedure.person.mrn,
        "start": _iso(procedure.start),
        "end": _iso(procedure.end),
        "follow_up": _iso(procedure.follow_up),
        "admitted": _iso(procedure.admitted),
        "planned_discharge": _iso(procedure.planned_discharge),
        "discharged": _iso(procedure.discharged),
        "console": procedure.console,
        "gauge": procedure.gauge,
        "positions": list(procedure.positions),
        "intent": procedure.intent,
        "treated": procedure.session.treated,
        "lesions": [_lesion(lesion) for lesion in procedure.lesions],
    }


def _lesion(lesion: Lesion) -> dict[str, Any]:
    return {
        "number": lesion.number,
        "organ": lesion.organ.value,
        "location": lesion.location,
        "side": lesion.side.value if lesion.side else None,
        "size_mm": lesion.size_mm,
        "pleura_mm": lesion.pleura_mm,
        "abandoned": lesion.abandoned,
    }


def _event(procedure: Procedure, lesion: Lesion, event: Complication) -> dict[str, Any]:
    return {
        "procedure": procedure.accession,
        "mrn": procedure.person.mrn,
        "lesion": lesion.number,
        "organ": lesion.organ.value,
        "location": lesion.location,
        "finding": event.finding.value,
        "side": None if event.finding is Finding.PULMONARY_EMBOLISM else event.side.value,
        "management": [event.care.value] if event.care else [],
        "extra_days": event.extra_days,
        "grades": {rule_set: event.grade(rule_set) for rule_set in RULE_SETS},
    }


def _counts(cohort: Cohort) -> dict[str, int]:
    lesions = tuple(cohort.lesions)
    sessions = tuple(cohort.sessions)
    with_event = [patient for patient in cohort.patients if any(lesion.complication for lesion in patient.lesions)]
    return {
        "patients": len(cohort.patients),
        "patients_treated": sum(any(each.treated for each in patient.sessions) for patient in cohort.patients),
        "patients_with_event": len(with_event),
        "procedures": len(sessions),
        "procedures_treated": sum(session.treated for session in sessions),
        "procedures_with_event": sum(bool(session.complications) for session in sessions),
        "lesions": len(lesions),
        "lesions_treated": sum(lesion.abandoned is None for lesion in lesions),
        "lesions_with_event": sum(lesion.complication is not None for lesion in lesions),
        "events": sum(len(session.complications) for session in sessions),
    }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
