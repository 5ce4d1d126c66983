"""What the electronic health record sends as FHIR R4."""

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.cohort.model import Care
from simulators.message import Message, fhir_message
from simulators.radiologist.codes import SNOMED, Code
from simulators.radiologist.report import CtReport
from simulators.registry import Person, Procedure, Site

LESION_URL = "https://cryowatch.org/fhir/StructureDefinition/lesion"
DETAIL_URL = "https://cryowatch.org/fhir/StructureDefinition/"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
ATC = "http://www.whocc.no/atc"

Resource = dict[str, Any]
_CARE_PROCEDURES = {
    Care.CHEST_TUBE: ("264957007", "Insertion of pleural tube drain"),
    Care.COMPRESSION: ("413899004", "Compression bandaging"),
}


class FhirDesk:
    """Writes the resources of one site."""

    def __init__(self, site: Site, sender: str) -> None:
        self._site = site
        self._sender = sender

    def send(self, resource: Resource, at: datetime, *, bundle_with: Resource | None = None) -> Message:
        """A resource by itself, or in a transaction Bundle together with another one."""
        content = resource if bundle_with is None else _transaction(bundle_with, resource)
        key = hashlib.sha256(f"{self._site.code}/{resource['resourceType']}/{resource['id']}".encode()).hexdigest()[:16]
        return fhir_message(self._sender, key, json.dumps(content, ensure_ascii=False).encode(), at)

    def patient(self, person: Person, mrn: str | None = None) -> Resource:
        """The Patient under its own or under a retired number."""
        number = mrn or person.mrn
        return {
            "resourceType": "Patient",
            "id": self._id("patient", number),
            "identifier": [self._mrn(number)],
            "name": [{"family": person.family, "given": [person.given]}],
            "gender": {"M": "male", "F": "female"}[person.sex],
            "birthDate": person.birth_date.isoformat(),
        }

    def cryoablation(self, procedure: Procedure, mrn: str, at: datetime, *, with_end: bool) -> Resource:
        """The procedure as documented, with one ``lesion`` extension per lesion."""
        period = {"start": self._time(procedure.start)}
        if with_end:
            period["end"] = self._time(procedure.end)
        details: list[Resource] = [_lesion(procedure, index) for index in range(len(procedure.lesions))]
        details += [
            {"url": DETAIL_URL + "gauge", "valueString": procedure.gauge},
            {"url": DETAIL_URL + "coolant", "valueString": "LN2"},
            {"url": DETAIL_URL + "positions", "valueInteger": max(1, sum(procedure.positions))},
            {"url": DETAIL_URL + "intent", "valueString": procedure.intent},
            {"url": DETAIL_URL + "anesthesia", "valueString": "general"},
            {"url": DETAIL_URL + "class", "valueString": "inpatient"},
            {
                "url": DETAIL_URL + "plannedDischarge",
                "valueDateTime": self._time(procedure.planned_discharge),
            },
        ]
        sites = [{"text": " ".join(filter(None, (lesion.side, lesion.location)))} for lesion in procedure.lesions]
        return {
            "resourceType": "Procedure",
            "id": self._id("procedure", procedure.accession),
            "meta": {"lastUpdated": self._time(at)},
            "extension": details,
            "identifier": [self._identifier("ACSN", "accession", procedure.accession)],
            "status": "completed" if procedure.session.treated else "stopped",
            "code": {
                "coding": [{"system": "https://cryowatch.org/fhir/CodeSystem/99CRYO", "code": "CRYOABL"}],
                "text": "Cryoablation",
            },
            "subject": self._subject(mrn),
            "performedPeriod": period,
            "bodySite": sites,
        }

    def diagnostic_report(
        self,
        report: CtReport,
        mrn: str,
        status: str,
        issued: datetime,
        text: str,
        impression: str,
        codes: Sequence[Code] = (),
    ) -> Resource:
        """A CT report: the whole text as an attachment, the impression as the conclusion, codes where there are any."""
        exact = report.performed_precision == "minute"
        performed = self._time(report.performed) if exact else self._day(report.performed).isoformat()
        resource: Resource = {
            "resourceType": "DiagnosticReport",
            "id": self._id("report", report.filler),
            "identifier": [self._identifier("FILL", "report", report.filler)],
            "status": status,
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "CT"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": report.exam.code, "display": report.exam.name}]},
            "subject": self._subject(mrn),
            "effectiveDateTime": performed,
            "issued": self._time(issued),
            "resultsInterpreter": [{"display": report.radiologist}],
            "conclusion": impression,
            "presentedForm": [
                {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
            ],
        }
        if codes:
            resource["conclusionCode"] = [
                {"coding": [{"system": SNOMED, "code": one.code, "display": one.name}]} for one in codes
            ]
        if report.accession:
            resource["basedOn"] = [{"identifier": self._identifier("ACSN", "accession", report.accession)}]
        return resource

    def care(self, procedure: Procedure, mrn: str, care: Care, given: datetime) -> Resource:
        """A drain or a bandage as a Procedure, an anticoagulant as a MedicationAdministration."""
        if care is Care.ANTICOAGULATION:
            return self.medication(
                procedure, mrn, "B01AB05", "enoxaparin", given, "Pulmonary embolism after cryoablation"
            )
        code, display = _CARE_PROCEDURES[care]
        reason = "Hydropneumothorax" if care is Care.CHEST_TUBE else "Rectus abdominis hematoma"
        return {
            "resourceType": "Procedure",
            "id": self._id(care, procedure.accession),
            "status": "completed",
            "code": {"coding": [{"system": SNOMED, "code": code, "display": display}], "text": display},
            "subject": self._subject(mrn),
            "performedDateTime": self._time(given),
            "reasonCode": [{"text": f"{reason} after cryoablation"}],
        }

    def medication(
        self, procedure: Procedure, mrn: str, code: str, name: str, given: datetime, reason: str
    ) -> Resource:
        """A drug that was given once, coded in ATC."""
        return {
            "resourceType": "MedicationAdministration",
            "id": self._id(f"medication {code} {given.isoformat()}", procedure.accession),
            "status": "completed",
            "medicationCodeableConcept": {
                "coding": [{"system": ATC, "code": code, "display": name}],
                "text": name,
            },
            "subject": self._subject(mrn),
            "effectiveDateTime": self._time(given),
            "reasonCode": [{"text": reason}],
        }

    def stay(self, procedure: Procedure, mrn: str, *, discharged: bool) -> Resource:
        """The Encounter, still in progress or finished."""
        period = {"start": self._time(procedure.admitted)}
        if discharged:
            period["end"] = self._time(procedure.discharged)
        resource: Resource = {
            "resourceType": "Encounter",
            "id": self._id("stay", procedure.accession),
            "meta": {"lastUpdated": self._time(procedure.discharged if discharged else procedure.admitted)},
            "identifier": [self._identifier("VN", "visit", f"V{procedure.accession}")],
            "status": "finished" if discharged else "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": self._subject(mrn),
            "period": period,
            "reasonCode": [{"text": "Cryoablation"}],
        }
        if discharged:
            home = {"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition", "code": "home"}
            resource["hospitalization"] = {"dischargeDisposition": {"coding": [home]}}
        return resource

    def laboratory(self, mrn: str, serial: int, at: datetime, code: str, display: str, value: float) -> Resource:
        """A laboratory Observation: the kind of thing that is none of this receiver's business."""
        return {
            "resourceType": "Observation",
            "id": self._id("observation", str(serial)),
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "laboratory",
                        }
                    ]
                }
            ],
            "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
            "subject": self._subject(mrn),
            "effectiveDateTime": self._time(at),
            "valueQuantity": {
                "value": value,
                "unit": "g/dL",
                "system": "http://unitsofmeasure.org",
                "code": "g/dL",
            },
        }

    def _subject(self, mrn: str) -> Resource:
        return {"reference": f"Patient/{self._id('patient', mrn)}", "identifier": self._mrn(mrn)}

    def _mrn(self, mrn: str) -> Resource:
        return self._identifier("MR", "patient", mrn)

    def _identifier(self, kind: str, space: str, value: str) -> Resource:
        return {
            "type": {"coding": [{"system": IDENTIFIER_TYPES, "code": kind}]},
            "system": f"urn:cryowatch:site:{self._site.code}:{space}",
            "value": value,
            "assigner": {"display": self._site.code},
        }

    def _id(self, kind: str, value: str) -> str:
        return hashlib.sha256(f"{self._site.code}/{kind}/{value}".encode()).hexdigest()[:32]

    def _time(self, instant: datetime) -> str:
        return instant.astimezone(self._zone).isoformat(timespec="seconds")

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()

    @property
    def _zone(self) -> ZoneInfo:
        return self._site.zone


def _lesion(procedure: Procedure, index: int) -> Resource:
    lesion = procedure.lesions[index]
    parts: list[Resource] = [
        {"url": "number", "valueInteger": lesion.number},
        {"url": "organ", "valueString": lesion.organ.value},
        {"url": "location", "valueString": lesion.location},
        {"url": "sizeMm", "valueDecimal": lesion.size_mm},
    ]
    if lesion.side:
        parts.append({"url": "side", "valueString": lesion.side.value})
    if lesion.pleura_mm is not None:
        parts.append({"url": "pleuraMm", "valueDecimal": lesion.pleura_mm})
    if lesion.abandoned:
        parts.append({"url": "abandoned", "valueBoolean": True})
        parts.append({"url": "abandonedReason", "valueString": lesion.abandoned})
    return {"url": LESION_URL, "extension": parts}


def _transaction(*resources: Resource) -> Resource:
    entries = [
        {
            "fullUrl": uuid.UUID(resource["id"]).urn,
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
