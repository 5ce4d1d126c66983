"""The elements of AdverseEvent as R5 has them."""

from collections.abc import Sequence

from services.clinical.events.adverse_event import AdverseEvent, Phase
from services.fhir_gateway import elements as parts
from services.fhir_gateway import extensions
from services.fhir_gateway.codes import codes
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.elements import Json
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.times import date_time, period

STATUS_SYSTEM = "http://hl7.org/fhir/event-status"
SERIOUSNESS_SYSTEM = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
_AUTHOR = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
    "code": "AUT",
    "display": "author (originator)",
}
_FATAL = {"system": "http://snomed.info/sct", "code": "399166001", "display": "Fatal (qualifier value)"}


def status(edition: Edition) -> str:
    """Final after 30 days; until then the grade may still change."""
    if edition.withdrawal:
        return "entered-in-error"
    return "completed" if edition.event.phase is Phase.FINAL else "in-progress"


def elements(edition: Edition, identifier: Json, sentences: Sequence[str | None], hospital: Hospital) -> Json:
    """Every element but id, meta and text."""
    event = edition.event
    zone = hospital.zone(event.site)
    written: Json = {
        "identifier": [identifier],
        "status": status(edition),
        "actuality": "actual",
        "code": parts.what(event),
        "subject": parts.subject(event, hospital),
        "participant": [{"function": {"coding": [_AUTHOR]}, "actor": parts.author(event)}],
        "suspectEntity": [{"instanceReference": parts.procedure(event, hospital)}],
    }
    if event.onset and event.onset.exact:
        written["occurrenceDateTime"] = date_time(event.onset.earliest, zone)
    elif event.onset:
        written["occurrencePeriod"] = period(event.onset, zone)
    if event.recorded:
        written["recordedDate"] = date_time(event.recorded, zone)
    if edition.withdrawal:
        return written | {"extension": [extensions.withdrawal_reason(edition.withdrawal)]}
    return written | _live(event, sentences, hospital)


def _live(event: AdverseEvent, sentences: Sequence[str | None], hospital: Hospital) -> Json:
    cause = {"entityRelatedness": {"text": parts.causality(event)}}
    written: Json = {
        "extension": extensions.of_live(event, sentences, hospital),
        "seriousness": _seriousness(parts.serious(event)),
        "outcome": [{"coding": [_FATAL], "text": "Fatal"} if parts.fatal(event) else {"text": "Unknown"}],
        "suspectEntity": [{"instanceReference": parts.procedure(event, hospital), "causality": cause}],
    }
    care = dict.fromkeys(one.care for one in event.management)
    if care:
        written["mitigatingAction"] = [{"itemCodeableConcept": codes().care(one).json()} for one in care]
    documents = parts.documents(event, hospital)
    if documents:
        written["supportingInfo"] = [{"itemReference": document} for document in documents]
    notes = dict.fromkeys(sentence for sentence in sentences if sentence)
    if notes:
        written["note"] = [{"text": parts.markdown(sentence)} for sentence in notes]
    return written


def _seriousness(serious: bool) -> Json:
    code, text = ("serious", "Serious") if serious else ("non-serious", "Non-serious")
    return {"coding": [{"system": SERIOUSNESS_SYSTEM, "code": code, "display": text}], "text": text}
