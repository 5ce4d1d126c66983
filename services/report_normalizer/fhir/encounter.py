"""Encounter, R4 and R5: a hospital stay, its end, and intensive care within it."""

from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import Moment
from services.clinical.statements import CareEvent
from services.report_normalizer.fhir.bundle import Resources, identifier_of_type
from services.report_normalizer.fhir.elements import Element, child, children, codings, concept_text, text
from services.report_normalizer.fhir.subject import subject_of
from services.report_normalizer.intensive_care import is_intensive_care
from services.report_normalizer.iso_time import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, WarningCode
from services.report_normalizer.source import Source

_STAY = frozenset(("IMP", "ACUTE", "NONAC", "SS", "OBSENC", "INPATIENT"))
_VISIT_NUMBER = frozenset(("VN",))
_NOT_BEGUN = frozenset(("planned", "arrived", "triaged"))
_DEATH = "death:encounter"
_TAKEN_BACK = frozenset(("cancelled", "entered-in-error", "discontinued"))


def encounter_facts(resource: Element, resources: Resources, source: Source, where: str) -> list[Fact]:
    """Admission, discharge, intensive care and, from the discharge disposition, death.

    A death at discharge has a number of this standard's own: an Encounter that is closed late must not take back what
    an ADT message said of the same visit. What the resource is silent of stays.
    """
    classes = {c.code.upper() for concept in children(resource, "class") for c in codings(concept)}
    if classes and not classes & _STAY:
        raise NotOurs(IgnoredCode.OUTPATIENT_VISIT)
    status = text(resource, "status")
    if status in _NOT_BEGUN:
        raise NotOurs(IgnoredCode.CARE_NOT_GIVEN_YET)
    site, patient_id = subject_of(resource, "subject", resources, source, where)
    identifiers = children(resource, "identifier")
    visit = identifier_of_type(identifiers, _VISIT_NUMBER) or next(
        (text(i, "value") for i in identifiers if text(i, "value")), text(resource, "id")
    )
    visit = source.required(visit, InvalidCode.ENCOUNTER_NOT_IDENTIFIED, f"{where}.identifier")
    period = child(resource, "period") or child(resource, "actualPeriod")
    admitted, left = read_time(source, period.get("start")), read_time(source, period.get("end"))
    sent = source.instant(read_time(source, child(resource, "meta").get("lastUpdated")))
    taken_back = status in _TAKEN_BACK
    facts = []

    def add(
        care: str, there: bool, given: Moment | None = None, ended: Moment | None = None, why: str | None = None
    ) -> None:
        if given is None and there:
            source.warn(WarningCode.TIME_MISSING)
        token = care.partition(":")[0]
        event = CareEvent(site, f"{visit}:{care}", patient_id, token, given, ended, encounter=visit, reason=why)
        facts.append(state(event, Standing.FINAL if there else Standing.WITHDRAWN, sent=sent))

    if taken_back:
        for care in ("admission", "discharge", "icu", _DEATH):
            add(care, False)
        return facts
    add("admission", True, admitted, why=_reason(resource))
    if left:
        add("discharge", True, left)
    for begun, over in _intensive_care(resource, resources, source):
        add("icu", True, begun or admitted, over)
    disposition = _disposition(resource)
    if left and "exp" in disposition:
        add(_DEATH, True, left)
    elif sent and (disposition or not left):
        add(_DEATH, False)
    return facts


def _intensive_care(
    resource: Element, resources: Resources, source: Source
) -> list[tuple[Moment | None, Moment | None]]:
    """The stay in intensive care, from its first to its last location period; none or one."""
    begun: list[Moment] = []
    over: list[Moment] = []
    there = False
    for place in children(resource, "location"):
        reference = child(place, "location")
        name = text(reference, "display") or text(resources.resolve(reference, resource), "name")
        if is_intensive_care(name) and text(place, "status") not in ("planned", "reserved"):
            there = True
            period = child(place, "period")
            starts, ends = read_time(source, period.get("start")), read_time(source, period.get("end"))
            begun += [starts] if starts else []
            over += [ends] if ends else []
    return [(min(begun, default=None), max(over, default=None))] if there else []


def _disposition(resource: Element) -> set[str]:
    """The codes of how the stay ended; ``exp`` is dead."""
    stay = child(resource, "hospitalization") or child(resource, "admission")
    return {c.code.lower() for c in codings(child(stay, "dischargeDisposition"))}


def _reason(resource: Element) -> str | None:
    concepts = children(resource, "reasonCode")
    for reason in children(resource, "reason"):
        concepts += children(reason, "value") or [reason]
    return next((concept_text(c) for c in concepts if concept_text(c)), None)
