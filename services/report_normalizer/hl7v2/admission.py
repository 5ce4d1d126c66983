"""Stays, intensive care and deaths from ADT messages.

A01 and A06 (and A04 of an inpatient) admit, A02 transfers, A03 discharges; A11, A12 and A13 take these back, with what
they said of intensive care and of a death (PV1-36). PID-29 and PID-30 of any ADT tell of a death, too. One stay in
intensive care is kept for each visit: the last that was told.
"""

import re

from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import Moment
from services.clinical.statements import CareEvent
from services.report_normalizer.hl7v2.patient import patient_of
from services.report_normalizer.hl7v2.segments import Message, Segment
from services.report_normalizer.hl7v2.times import read_time
from services.report_normalizer.intensive_care import is_intensive_care
from services.report_normalizer.reasons import IgnoredCode, NotOurs, WarningCode
from services.report_normalizer.source import Source

_ADMIT, _CANCEL_ADMIT = frozenset(("A01", "A06", "A04")), "A11"
_TRANSFER, _CANCEL_TRANSFER = "A02", "A12"
_DISCHARGE, _CANCEL_DISCHARGE = "A03", "A13"
_VISIT = _ADMIT | {_CANCEL_ADMIT, _TRANSFER, _CANCEL_TRANSFER, _DISCHARGE, _CANCEL_DISCHARGE}
_PERSON = frozenset(("A08", "A28", "A31", "A05", "A14", "A07"))
_OUTPATIENT = frozenset(("O", "E", "R", "P", "C"))
_DIED = re.compile(r"\b(?:expired|died|deceased|death|decedut[oa]|decesso|exitus)\b", re.IGNORECASE)


def visit_facts(message: Message, source: Source) -> list[Fact]:
    """What an ADT message says of a stay, of intensive care, and of a death."""
    trigger = message.type[1]
    if trigger not in _VISIT | _PERSON:
        raise NotOurs(IgnoredCode.MESSAGE_TYPE_NOT_USED)
    visit = message.first("PV1")
    outpatient = visit is not None and visit.value(2).upper() in _OUTPATIENT and trigger != "A06"
    person = message.first("PID")
    told_of_death = person is not None and _death_told(person)
    if trigger == "A04" and (visit is None or visit.value(2).upper() not in ("I", "")):
        outpatient = True
    if not told_of_death and (trigger in _PERSON or visit is None or outpatient):
        visited = trigger in _VISIT and outpatient
        raise NotOurs(IgnoredCode.OUTPATIENT_VISIT if visited else IgnoredCode.NO_CARE_IN_MESSAGE)
    site, patient_id = patient_of(message, source)
    sent = source.instant(read_time(source, message.header.value(7)))
    facts = []
    if visit is not None and trigger in _VISIT and not outpatient:
        for care, standing in _stays(message, visit, site, patient_id, source):
            facts.append(state(care, standing, sent=sent))
    if person is not None and told_of_death:
        care, standing = _death(message, person, site, patient_id, source)
        facts.append(state(care, standing, sent=sent))
    if not facts:
        raise NotOurs(IgnoredCode.NO_CARE_IN_MESSAGE)
    return facts


def _stays(
    message: Message, visit: Segment, site: str, patient_id: str, source: Source
) -> list[tuple[CareEvent, Standing]]:
    trigger = message.type[1]
    encounter = _encounter(message, visit, patient_id, source)
    detail = message.first("PV2")
    facts: list[tuple[CareEvent, Standing]] = []

    def add(care: str, given: Moment | None, standing: Standing, reason: str | None = None) -> None:
        event = CareEvent(
            site, f"{encounter}:{care}", patient_id, care, given=given, encounter=encounter, reason=reason or None
        )
        if given is None and standing is Standing.FINAL:
            source.warn(WarningCode.TIME_MISSING)
        facts.append((event, standing))

    if trigger in _ADMIT or trigger == _CANCEL_ADMIT:
        admitted = read_time(source, visit.value(44)) or _occurred(message, source)
        why = (detail.value(3, 2) or detail.value(3)) if detail else ""
        add("admission", admitted, Standing.WITHDRAWN if trigger == _CANCEL_ADMIT else Standing.FINAL, why)
        if trigger in _ADMIT and is_intensive_care(_place(visit, 3)):
            add("icu", admitted, Standing.FINAL, why)
        elif trigger == _CANCEL_ADMIT:  # nobody was in intensive care on a stay that never was
            add("icu", None, Standing.WITHDRAWN)
    elif trigger == _TRANSFER and is_intensive_care(_place(visit, 3)):
        if not is_intensive_care(_place(visit, 6)):
            why = (detail.value(4, 2) or detail.value(4)) if detail else ""
            add("icu", _occurred(message, source), Standing.FINAL, why)
    elif trigger == _CANCEL_TRANSFER and not is_intensive_care(_place(visit, 3)):
        if is_intensive_care(_place(visit, 6)) or not _place(visit, 6):
            add("icu", None, Standing.WITHDRAWN)
    elif trigger in (_DISCHARGE, _CANCEL_DISCHARGE):
        standing = Standing.FINAL if trigger == _DISCHARGE else Standing.WITHDRAWN
        left = _left(message, visit, source)
        add("discharge", left, standing)
        if trigger == _CANCEL_DISCHARGE:
            add("death", None, Standing.WITHDRAWN)
        elif _DIED.search(visit.value(36, 2) or visit.value(36)):
            add("death", left, standing, _cause(message))
    return facts


def _left(message: Message, visit: Segment, source: Source) -> Moment | None:
    return read_time(source, visit.value(45)) or _occurred(message, source)


def _occurred(message: Message, source: Source) -> Moment | None:
    """When the event happened: EVN-6, else, with a warning, when it was recorded (EVN-2)."""
    event = message.first("EVN")
    if event is None:
        return None
    happened = read_time(source, event.value(6))
    if happened is None and event.value(2):
        source.warn(WarningCode.RECORDED_TIME_USED)
        happened = read_time(source, event.value(2))
    return happened


def _encounter(message: Message, visit: Segment, patient_id: str, source: Source) -> str:
    """The visit's number: PV1-19, else PID-18, else one made of the patient and the admission time."""
    person = message.first("PID")
    number = source.optional(visit.value(19)) or (source.optional(person.value(18)) if person else None)
    if number is None:
        source.warn(WarningCode.ENCOUNTER_MISSING)
        return f"{patient_id}@{visit.value(44)[:14]}"
    return number


def _place(visit: Segment, field: int) -> str:
    """An assigned location as text: point of care, room, facility and description."""
    return " ".join(visit.value(field, component) for component in (1, 2, 4, 9)).strip()


def _death_told(person: Segment) -> bool:
    return bool(person.raw(29)) or person.is_null(30) or person.value(30).upper() in ("Y", "1", "TRUE")


def _cause(message: Message) -> str | None:
    """The cause of death as text: PDA-1."""
    stated = message.first("PDA")
    return (stated.value(1, 2) or stated.value(1) or None) if stated else None


def _death(message: Message, person: Segment, site: str, patient_id: str, source: Source) -> tuple[CareEvent, Standing]:
    """The death; withdrawn when PID-29 or PID-30 is plainly emptied (two quotes) and the other says nothing else."""
    died = bool(person.value(29)) or person.value(30).upper() in ("Y", "1", "TRUE")
    given = read_time(source, person.value(29))
    if died and given is None:
        source.warn(WarningCode.TIME_MISSING)
    event = CareEvent(site, f"death:{patient_id}", patient_id, "death", given=given, reason=_cause(message))
    return event, Standing.FINAL if died else Standing.WITHDRAWN
