"""The elements of AdverseEvent as R4 has them."""

from collections.abc import Sequence

from services.clinical.events.adverse_event import AdverseEvent
from services.fhir_gateway import elements as parts
from services.fhir_gateway import extensions
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.elements import Json
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.times import date_time, one_date

STATUS_EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-AdverseEvent.status"
"""HL7's cross-version extension for R5's status, which R4 lacks."""

SEVERITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/adverse-event-severity"
OUTCOME_SYSTEM = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"
_SEVERITY = {1: "mild", 2: "moderate", 3: "severe", 4: "severe", 5: "severe"}
_DISPLAY = {"mild": "Mild", "moderate": "Moderate", "severe": "Severe", "fatal": "Fatal", "unknown": "Unknown"}


def elements(edition: Edition, identifier: Json, sentences: Sequence[str | None], hospital: Hospital) -> Json:
    """Every element but id, meta and text."""
    event = edition.event
    written: Json = {
        "identifier": identifier,
        "actuality": "actual",
        "event": parts.what(event),
        "subject": parts.subject(event, hospital),
        "contributor": [parts.author(event)],
        "suspectEntity": [{"instance": parts.procedure(event, hospital)}],
    }
    onset = one_date(event.onset, hospital.zone(event.site)) if event.onset else None
    if onset:
        written["date"] = onset
    if event.recorded:
        written["recordedDate"] = date_time(event.recorded, hospital.zone(event.site))
    if edition.withdrawal:
        written["modifierExtension"] = [{"url": STATUS_EXTENSION, "valueCode": "entered-in-error"}]
        written["extension"] = [extensions.withdrawal_reason(edition.withdrawal)]
        return written
    return written | _live(event, sentences, hospital)


def _live(event: AdverseEvent, sentences: Sequence[str | None], hospital: Hospital) -> Json:
    zone = hospital.zone(event.site)
    extension = extensions.of_live(event, sentences, hospital)
    extension += [extensions.mitigation(one, hospital, zone) for one in event.management]
    if event.onset and not event.onset.exact:
        extension.append(extensions.onset_interval(event.onset, zone))
    cause = {"assessment": {"text": parts.causality(event)}}
    written: Json = {
        "extension": extension,
        "seriousness": _seriousness(parts.serious(event)),
        "outcome": _coded(OUTCOME_SYSTEM, "fatal" if parts.fatal(event) else "unknown"),
        "suspectEntity": [{"instance": parts.procedure(event, hospital), "causality": [cause]}],
    }
    grade = parts.grade_in_use(event, hospital)
    if grade and grade.grade in _SEVERITY:
        text = parts.clean(f"{grade.scale} grade {grade.grade} ({grade.ruleset})")
        written["severity"] = _coded(SEVERITY_SYSTEM, _SEVERITY[grade.grade]) | {"text": text}
    documents = parts.documents(event, hospital)
    if documents:
        written["referenceDocument"] = documents
    return written


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": _DISPLAY[code]}]}


def _seriousness(serious: bool) -> Json:
    # HL7's own system has other codes in its present edition than in R4's, and servers refuse either: ours is safe.
    code, text = ("serious", "Serious") if serious else ("non-serious", "Non-serious")
    return {"coding": [{"system": parts.SERIOUSNESS_SYSTEM, "code": code, "display": text}], "text": text}
