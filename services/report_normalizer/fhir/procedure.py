"""Procedure, R4 and R5: a cryoablation becomes its documentation, other coded care a care event."""

from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import Moment
from services.clinical.statements import CareEvent, Lesion, ProcedureStatement
from services.report_normalizer.care import care_of
from services.report_normalizer.fhir.bundle import Resources, identifier_of_type, untyped_identifier
from services.report_normalizer.fhir.elements import (
    Element,
    child,
    children,
    codings,
    concept_text,
    extension_text,
    extension_value,
    extensions,
    text,
)
from services.report_normalizer.fhir.subject import subject_of
from services.report_normalizer.iso_time import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, Rejected, WarningCode
from services.report_normalizer.source import Source
from services.report_normalizer.treatment_words import coolant_of, is_cryoablation_name, organ_of, side_of, token

ACCESSION = frozenset(("ACSN",))
_PLACER, _VISIT = frozenset(("PLAC",)), frozenset(("VN", "AN"))
_DOCUMENTED = {
    "preparation": Standing.PRELIMINARY,
    "in-progress": Standing.PRELIMINARY,
    "on-hold": Standing.PRELIMINARY,
    "stopped": Standing.FINAL,
    "completed": Standing.FINAL,
    "not-done": Standing.WITHDRAWN,
    "entered-in-error": Standing.WITHDRAWN,
}
_CLASSES = {"IMP": "inpatient", "AMB": "outpatient"}


def procedure_facts(resource: Element, resources: Resources, source: Source, where: str) -> list[Fact]:
    """What a Procedure says.

    One in error without a code (a server may drop it) could be any: a dead letter, for a person to give it its code.
    """
    code = child(resource, "code")
    names = [text(code, "text"), *(c.display for c in codings(code))]
    local = any(c.code.upper().startswith("CRYOABL") for c in codings(code))
    if local or extensions(resource, "lesion") or any(map(is_cryoablation_name, names)):
        return [_documentation(resource, resources, source, where)]
    care = care_of((c.system, c.code) for c in codings(code))
    if care is not None:
        return [care_fact(resource, care, resources, source, where)]
    if text(resource, "status") == "entered-in-error" and not codings(code) and not text(code, "text"):
        raise Rejected(InvalidCode.IN_ERROR_WITHOUT_CODE, f"{where}.code")
    raise NotOurs(IgnoredCode.NOT_CARE)


def care_fact(resource: Element, care: str, resources: Resources, source: Source, where: str) -> Fact:
    """Care that a Procedure or a MedicationAdministration says was given, or takes back."""
    status = text(resource, "status")
    if status in ("preparation", "in-preparation"):
        raise NotOurs(IgnoredCode.CARE_NOT_GIVEN_YET)
    site, patient_id = subject_of(resource, "subject", resources, source, where)
    identifiers = children(resource, "identifier")
    own = next((text(i, "value") for i in identifiers if text(i, "value")), "") or text(resource, "id")
    own = source.required(own, InvalidCode.CARE_NOT_IDENTIFIED, f"{where}.identifier")
    started, ended = times_of(resource, source)
    site_text = children(resource, "bodySite")
    visit = child(resource, "encounter") or child(resource, "context")
    event = CareEvent(
        site=site,
        care_id=f"{text(resource, 'resourceType')}:{own}",
        patient_id=patient_id,
        care=care,
        given=started,
        ended=ended,
        side=_care_side(site_text),
        accession=_referred(resource, ("partOf", "basedOn", "request"), resources, source, ACCESSION),
        encounter=_encounter(visit, resource, resources, source),
        reason=_reason(resource),
    )
    withdrawn = status in ("not-done", "entered-in-error")
    if started is None and not withdrawn:
        source.warn(WarningCode.TIME_MISSING)
    sent = source.instant(read_time(source, child(resource, "meta").get("lastUpdated")))
    return state(event, Standing.WITHDRAWN if withdrawn else Standing.FINAL, sent=sent)


def times_of(resource: Element, source: Source) -> tuple[Moment | None, Moment | None]:
    """Start and end of performed[x] (R4), occurrence[x] (R5) or effective[x] (medication)."""
    for name in ("performed", "occurrence", "occurence", "effective"):
        period = child(resource, f"{name}Period")
        if period:
            return read_time(source, period.get("start")), read_time(source, period.get("end"))
        if resource.get(f"{name}DateTime"):
            return read_time(source, resource[f"{name}DateTime"]), None
    return None, None


def _documentation(resource: Element, resources: Resources, source: Source, where: str) -> Fact:
    site, patient_id = subject_of(resource, "subject", resources, source, where)
    accession = source.required(_accession(resource), InvalidCode.PROCEDURE_NOT_IDENTIFIED, f"{where}.identifier")
    status = text(resource, "status")
    lesions = _lesions(resource, source)
    if status not in _DOCUMENTED:
        source.warn(WarningCode.STATUS_UNKNOWN if status else WarningCode.STATUS_MISSING)
    standing = _DOCUMENTED.get(status, Standing.PRELIMINARY if status else Standing.FINAL)
    if status == "not-done" and lesions and all(lesion.abandoned for lesion in lesions):
        standing = Standing.FINAL
    start, end = (None, None) if status == "preparation" else times_of(resource, source)
    if standing is Standing.FINAL and not lesions:
        source.warn(WarningCode.LESIONS_MISSING)
    if standing is Standing.FINAL and start is None:
        source.warn(WarningCode.TIME_MISSING)
    positions = extension_value(resource, "positions")
    statement = ProcedureStatement(
        site=site,
        accession=accession,
        patient_id=patient_id,
        start=start,
        end=end,
        lesions=lesions,
        gauge=extension_text(resource, "gauge").upper() or None,
        positions=positions if type(positions) is int and 0 <= positions < 100 else None,
        coolant=coolant_of(extension_text(resource, "coolant")),
        device=_device(resource, resources),
        intent=token(extension_text(resource, "intent")),
        anesthesia=token(extension_text(resource, "anesthesia")),
        patient_class=_patient_class(resource, resources),
        planned_discharge=read_time(source, extension_value(resource, "plannedDischarge")),
        order=_referred(resource, ("basedOn",), resources, source, _PLACER),
    )
    sent = source.instant(read_time(source, child(resource, "meta").get("lastUpdated")))
    return state(statement, standing, sent=sent)


def _accession(resource: Element) -> str:
    identifiers = children(resource, "identifier")
    return identifier_of_type(identifiers, ACCESSION) or untyped_identifier(identifiers) or ""


def _lesions(resource: Element, source: Source) -> tuple[Lesion, ...]:
    found = []
    for place, lesion in enumerate(extensions(resource, "lesion"), 1):
        number = extension_value(lesion, "number")
        named = str(number) if type(number) is int and abs(number) < 10**9 else extension_text(lesion, "number")
        abandoned = extension_value(lesion, "abandoned") in (True, "true", "Y")
        found.append(
            Lesion(
                number=source.optional(named) or str(place),
                organ=organ_of(extension_text(lesion, "organ")),
                location=token(extension_text(lesion, "location")),
                side=side_of(extension_text(lesion, "side"), source),
                size_mm=_millimeters(extension_value(lesion, "sizeMm"), source),
                pleura_mm=_millimeters(extension_value(lesion, "pleuraMm"), source),
                abandoned=abandoned,
                abandoned_reason=(extension_text(lesion, "abandonedReason") or None) if abandoned else None,
            )
        )
    return tuple(sorted(found, key=lambda lesion: (len(lesion.number), lesion.number)))


def _millimeters(value: object, source: Source) -> float | None:
    """A decimal, or a Quantity in mm or cm."""
    unit = "mm"
    if isinstance(value, dict):
        unit = text(value, "code") or text(value, "unit") or "mm"
        value = value.get("value")
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10_000 and unit in ("mm", "cm"):
        return round(float(value) * (10 if unit == "cm" else 1), 3)
    source.warn(WarningCode.VALUE_UNREADABLE)
    return None


def _device(resource: Element, resources: Resources) -> str | None:
    """The console's name: an extension, the focal or used device, or a used code."""
    named = extension_text(resource, "device")
    for reference in [child(f, "manipulated") for f in children(resource, "focalDevice")] + children(resource, "used"):
        reference = child(reference, "reference") or reference
        named = named or text(reference, "display") or _device_name(resources.resolve(reference, resource))
    for reference in children(resource, "usedReference"):
        named = named or text(reference, "display") or _device_name(resources.resolve(reference, resource))
    return named or next((concept_text(c) for c in children(resource, "usedCode")), "") or None


def _device_name(device: Element) -> str:
    names = children(device, "deviceName") + children(device, "name")
    return next((text(n, "name") or text(n, "value") for n in names), "")


def _patient_class(resource: Element, resources: Resources) -> str | None:
    said = token(extension_text(resource, "patientClass") or extension_text(resource, "class"))
    if said in ("inpatient", "outpatient"):
        return said
    encounter = resources.resolve(child(resource, "encounter"), resource)
    return next((_CLASSES[c.code] for c in codings(child(encounter, "class")) if c.code in _CLASSES), None)


def _referred(
    resource: Element, elements: tuple[str, ...], resources: Resources, source: Source, wanted: frozenset[str]
) -> str | None:
    for element in elements:
        for reference in children(resource, element):
            found = resources.identifiers(reference, resource)
            named = identifier_of_type(found, wanted) or untyped_identifier(found)
            if named:
                return source.optional(named)
    return None


def _encounter(reference: Element, resource: Element, resources: Resources, source: Source) -> str | None:
    found = resources.identifiers(reference, resource)
    named = identifier_of_type(found, _VISIT) or next((text(i, "value") for i in found if text(i, "value")), "")
    return source.optional(named)


def _care_side(sites: list[Element]) -> str | None:
    words = " ".join(f"{concept_text(s)} " + " ".join(f"{c.code} {c.display}" for c in codings(s)) for s in sites)
    found = {w for w in words.lower().replace(",", " ").split() if w in ("left", "right", "7771000", "24028007")}
    sides = {{"7771000": "left", "24028007": "right"}.get(w, w) for w in found}
    return sides.pop() if len(sides) == 1 else None


def _reason(resource: Element) -> str | None:
    concepts = children(resource, "reasonCode") + children(resource, "reason")
    return next((concept_text(c) for c in concepts if concept_text(c)), None)
