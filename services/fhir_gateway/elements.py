"""Pieces that both releases write alike: references, identifiers and what an event's parts are called."""

import re
from typing import Any

from services.clinical.events.adverse_event import AdverseEvent, Grade
from services.fhir_gateway.codes import BASE, codes
from services.fhir_gateway.hospital import Hospital

Json = dict[str, Any]

EVENT_IDENTIFIER = f"{BASE}/identifier/adverse-event"
STATE_SYSTEM = f"{BASE}/CodeSystem/state"
SERIOUSNESS_SYSTEM = f"{BASE}/CodeSystem/seriousness"
SERIOUS_FROM = 3
"""The SIR grade from which an event is serious: admission or a longer stay, threat to life, disability, death."""

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile(r"([\\`*_<\[])")
_IDENTIFIER_TYPES = {"ACSN": "Accession ID", "MR": "Medical record number", "FILL": "Filler Identifier"}


def clean(text: str) -> str:
    """Text without the characters that neither FHIR strings nor XHTML may hold; never empty."""
    return _UNWANTED.sub(" ", text).strip() or "-"


def markdown(text: str) -> str:
    """Text as markdown that shows it as it is."""
    return _MARKUP.sub(r"\\\1", clean(text))


def identifier(system: str, value: str, kind: str = "") -> Json:
    """An Identifier, typed by HL7's table 0203 where a kind is given."""
    typed = {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": kind}
    start = {"type": {"coding": [typed | {"display": _IDENTIFIER_TYPES[kind]}]}} if kind else {}
    return start | {"system": system, "value": clean(value)}


def logical(resource_type: str, named: Json, display: str = "") -> Json:
    """A logical reference: what is meant is named by its identifier, since its server is the hospital's own."""
    return {"type": resource_type, "identifier": named} | ({"display": display} if display else {})


def subject(event: AdverseEvent, hospital: Hospital) -> Json:
    """The patient, by the number that the hospital assigned."""
    return logical("Patient", identifier(hospital.patient_system(event.patient_site), event.patient_id, "MR"))


def procedure(event: AdverseEvent, hospital: Hospital) -> Json:
    """The cryoablation, by its accession number."""
    named = identifier(hospital.accession_system(event.site), event.accession, "ACSN")
    return logical("Procedure", named, "Cryoablation")


def author(event: AdverseEvent) -> Json:
    """CryoWatch as the device that wrote the resource."""
    reader = f", text reader {clean(event.reader)}" if event.reader else ""
    return logical("Device", identifier("urn:ietf:rfc:3986", "https://cryowatch.org"), f"CryoWatch{reader}")


def source(name: str, hospital: Hospital) -> Json:
    """The Identifier of a source: a report's filler number, a care record, a console."""
    kind, _, rest = name.partition(":")
    site, _, value = rest.partition(":")
    return identifier(hospital.source_system(kind, site), value or name, "FILL" if kind == "report" else "")


def documents(event: AdverseEvent, hospital: Hospital) -> list[Json]:
    """The CT reports that show the event, each once. No element takes a DiagnosticReport: they are documents."""
    reports = dict.fromkeys(e.source for e in event.evidence if e.source.startswith("report:"))
    return [logical("DocumentReference", source(name, hospital), "CT report") for name in reports]


def title(event: AdverseEvent) -> str:
    """What happened and where, for people: ``Left hydropneumothorax (hemorrhagic)``."""
    name = codes().event(event.event).text
    parts = [name]
    if event.side:
        parts = [f"{codes().side(event.side).text.capitalize()} {name[:1].lower()}{name[1:]}"]
    if event.hemorrhagic and "emorrhag" not in name:
        parts.append("(hemorrhagic)")
    return clean(" ".join(parts))


def what(event: AdverseEvent) -> Json:
    """The event as a CodeableConcept, its text with the side."""
    return codes().event(event.event).json() | {"text": title(event)}


def serious(event: AdverseEvent) -> bool:
    """Whether any rule set grades it as severe or worse."""
    return any(grade.grade >= SERIOUS_FROM for grade in event.grades)


def fatal(event: AdverseEvent) -> bool:
    """Whether the patient died of it, as far as is known."""
    return event.outcome == "fatal" or any(grade.grade == 5 for grade in event.grades)


def grade_in_use(event: AdverseEvent, hospital: Hospital) -> Grade | None:
    """The grade of the rule set in use; None when the event wasn't graded by it."""
    return next((g for g in event.grades if g.ruleset == hospital.ruleset), None)


def causality(event: AdverseEvent) -> str:
    """Whether the procedure caused it, for people; decided by the safety lead alone."""
    return clean(event.causality.replace("_", " ")).capitalize()
