"""Cryoablations as the radiology information system documents them: ORM^O01, OMI^O23, OMG^O19 or ORU^R01.

OBR-3 is the accession number, OBR-7 and OBR-8 the start and end. Details are observations coded in the system 99CRYO;
OBX-4 is the lesion's number, empty for the whole procedure.
"""

import re

from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import Lesion, ProcedureStatement
from services.report_normalizer.hl7v2.groups import OrderGroup, is_local, order_groups
from services.report_normalizer.hl7v2.patient import patient_of
from services.report_normalizer.hl7v2.segments import Message, Segment
from services.report_normalizer.hl7v2.times import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, WarningCode
from services.report_normalizer.source import Source
from services.report_normalizer.treatment_words import coolant_of, is_cryoablation_name, organ_of, side_of, token

_LESION_CODES = frozenset(("ORGAN", "LOCATION", "SIDE", "SIZE_MM", "PLEURA_MM", "ABANDONED", "ABANDONED_REASON"))
_CANCEL = frozenset(("CA", "OC", "CR"))
_DISCONTINUE = frozenset(("DC", "OD", "DR"))
_CLASSES = {"I": "inpatient", "O": "outpatient", "INPATIENT": "inpatient", "OUTPATIENT": "outpatient"}
_YES = frozenset(("Y", "YES", "S", "SI", "SÌ", "TRUE", "1"))
_NO = frozenset(("N", "NO", "FALSE", "0"))


def order_facts(message: Message, source: Source) -> list[Fact]:
    """The cryoablations of an order message."""
    groups = [group for group in order_groups(message) if is_cryoablation(group)]
    if not groups:
        raise NotOurs(IgnoredCode.NOT_A_CRYOABLATION)
    return [procedure_fact(message, group, source) for group in groups]


def is_cryoablation(group: OrderGroup) -> bool:
    """Whether a group documents a cryoablation: by OBR-4, or by observations on lesions."""
    if any(code.upper().startswith("CRYOABL") for code in group.codes):
        return True
    if any(is_local(x) and x.value(3).upper() in _LESION_CODES for x in group.observations):
        return True
    return any(is_cryoablation_name(name) for name in group.names)


def procedure_fact(message: Message, group: OrderGroup, source: Source) -> Fact:
    """The statement of one group."""
    site, patient_id = patient_of(message, source)
    accession = source.required(group.filler, InvalidCode.PROCEDURE_NOT_IDENTIFIED, "OBR-3")
    standing, planned = _standing(group)
    lesions = _lesions(group, source)
    if not lesions and standing is Standing.FINAL:
        source.warn(WarningCode.LESIONS_MISSING)
    start, end = ("", "") if planned else (group.order.value(7), group.order.value(8))
    visit = message.first("PV1")
    declared = _CLASSES.get(visit.value(2).upper()) if visit else None
    statement = ProcedureStatement(
        site=site,
        accession=accession,
        patient_id=patient_id,
        start=read_time(source, start),
        end=read_time(source, end),
        lesions=lesions,
        gauge=_detail(group, "GAUGE").upper() or None,
        positions=_count(_detail(group, "POSITIONS"), source),
        coolant=coolant_of(_detail(group, "COOLANT")),
        device=_detail(group, "DEVICE") or None,
        intent=token(_detail(group, "INTENT")),
        anesthesia=token(_detail(group, "ANESTHESIA")),
        patient_class=_CLASSES.get(_detail(group, "CLASS").upper(), declared),
        planned_discharge=read_time(source, _detail(group, "PLANNED_DISCHARGE")),
        order=source.optional(group.placer),
    )
    if statement.start is None and standing is Standing.FINAL:
        source.warn(WarningCode.TIME_MISSING)
    issued = source.instant(read_time(source, group.order.value(22)))
    sent = source.instant(read_time(source, message.header.value(7)))
    return state(statement, standing, issued=issued, sent=sent)


def _standing(group: OrderGroup) -> tuple[Standing, bool]:
    """How the documentation stands, and whether its times are still plans."""
    control = group.common.value(1).upper() if group.common else ""
    order_status = group.common.value(5).upper() if group.common else ""
    status = group.order.value(25).upper()
    cancelled = control in _CANCEL or order_status == "CA" or status == "X"
    if cancelled or (control in _DISCONTINUE and not group.order.value(8)):
        return Standing.WITHDRAWN, False
    if status in ("C", "A", "M"):
        return Standing.CORRECTED, False
    if status in ("S", "O") or (not status and order_status == "SC"):
        return Standing.PRELIMINARY, True
    if status in ("P", "I", "R"):
        return Standing.PRELIMINARY, False
    return Standing.FINAL, False


def _detail(group: OrderGroup, code: str) -> str:
    """A detail of the whole procedure."""
    observation = group.local(code)
    return observation.value(5) if observation else ""


def _lesions(group: OrderGroup, source: Source) -> tuple[Lesion, ...]:
    by_number: dict[str, dict[str, Segment]] = {}
    for observation in group.observations:
        code = observation.value(3).upper()
        if is_local(observation) and code in _LESION_CODES and observation.value(11).upper() not in ("D", "W", "X"):
            number = source.optional(observation.value(4)) or "1"
            by_number.setdefault(number, {})[code] = observation
    return tuple(_lesion(number, by_number[number], source) for number in sorted(by_number, key=_natural))


def _lesion(number: str, said: dict[str, Segment], source: Source) -> Lesion:
    def value(code: str) -> str:
        return said[code].value(5) if code in said else ""

    abandoned, why = _abandoned(said.get("ABANDONED"))
    return Lesion(
        number=number,
        organ=organ_of(value("ORGAN")),
        location=token(value("LOCATION")),
        side=side_of(value("SIDE"), source),
        size_mm=_millimeters(said.get("SIZE_MM"), source),
        pleura_mm=_millimeters(said.get("PLEURA_MM"), source),
        abandoned=abandoned,
        abandoned_reason=(value("ABANDONED_REASON") or why or None) if abandoned else None,
    )


def _abandoned(observation: Segment | None) -> tuple[bool, str]:
    """Whether a lesion was given up, and why: ``Y^reason``, ``Y~reason``, ``Y: reason``, or the reason alone."""
    if observation is None:
        return False, ""
    parts = [
        observation.part(repetition, component)
        for repetition in observation.repetitions(5)
        for component in range(1, repetition.count(observation.delimiters.component) + 2)
    ]
    words = [word for part in parts for word in re.split(r"\s*[:;,]\s*", part, maxsplit=1) if word]
    if not words or words[0].upper() in _NO:
        return False, ""
    return True, " ".join(words[1:] if words[0].upper() in _YES else words)


def _millimeters(observation: Segment | None, source: Source) -> float | None:
    if observation is None or not observation.value(5):
        return None
    text, unit = observation.value(5).replace(",", "."), observation.value(6).lower()
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(mm|cm)?", text)
    if match is None or unit not in ("", "mm", "cm"):
        source.warn(WarningCode.VALUE_UNREADABLE)
        return None
    size = float(match[1]) * (10 if (match[2] or unit) == "cm" else 1)
    return round(size, 3)


def _count(text: str, source: Source) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,2}", text):
        source.warn(WarningCode.VALUE_UNREADABLE)
        return None
    return int(text)


def _natural(number: str) -> tuple[int, str]:
    return (int(number), "") if re.fullmatch(r"[0-9]{1,9}", number) else (10**9, number)
