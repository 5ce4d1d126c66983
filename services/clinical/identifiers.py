"""Identifiers of the clinic as types of their own, so that one can never be passed for another.

A name is the identifier in the one spelling used in facts, charts and locks: ``kind:site:value``. The site is the
hospital that assigned the value (HL7 assigning authority), so that equal numbers of two hospitals stay apart.
"""

import hashlib
import hmac
from typing import NewType

PatientName = NewType("PatientName", str)
ProcedureName = NewType("ProcedureName", str)
ReportName = NewType("ReportName", str)
EventId = NewType("EventId", str)
Name = PatientName | ProcedureName | ReportName | str


def _clean(value: str) -> str:
    return "".join(value.split()).replace(":", "_")


def patient_name(site: str, patient_id: str) -> PatientName:
    """A patient as one hospital numbers them: PID-3 or FHIR Patient.identifier."""
    return PatientName(f"patient:{_clean(site)}:{_clean(patient_id)}")


def procedure_name(site: str, accession: str) -> ProcedureName:
    """A procedure by its accession number: OBR-3, ORC-3 or FHIR identifier of type ACSN."""
    return ProcedureName(f"procedure:{_clean(site)}:{_clean(accession)}")


def report_name(site: str, filler_number: str) -> ReportName:
    """A report by its filler number: OBR-3, TXA-12 or FHIR identifier of type FILL."""
    return ReportName(f"report:{_clean(site)}:{_clean(filler_number)}")


def value_of(name: str) -> str:
    """The value inside a name: ``value_of("patient:IEO:123") == "123"``."""
    return name.split(":", 2)[2]


def site_of(name: str) -> str:
    """The site inside a name: ``site_of("patient:IEO:123") == "IEO"``."""
    return name.split(":", 2)[1]


def event_id(key: bytes, procedure: str, compartment: str, side: str | None) -> EventId:
    """An adverse event's id: a keyed hash of where it is, never of what it is called.

    An effusion that turns out to be a hydropneumothorax keeps its id. The key never rotates. The leading letter
    keeps servers that refuse numeric ids content; 26 base-32 characters hold 130 bits.
    """
    place = "\x1f".join(("adverse-event", procedure, compartment, side or "")).encode()
    digest = hmac.new(key, place, hashlib.sha256).digest()
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int.from_bytes(digest[:17], "big")
    return EventId("ae-" + "".join(alphabet[(number >> (5 * i)) & 31] for i in range(26)))


def routing_key(key: bytes, name: str) -> str:
    """A Kafka key for a name: a keyed hash, so that topics don't carry identifiers in the clear."""
    return hmac.new(key, ("routing\x1f" + name).encode(), hashlib.sha256).hexdigest()[:32]
