"""The rules of IHE's Basic Audit Log Patterns that our records claim to keep, as profiles for a validator.

Stated anew from the published guide (https://profiles.ihe.net/ITI/BALP, version 1.1): what it asks of type, action,
outcome, agents and entities. It isn't the guide's own package, which no registry that we use serves.
"""

from typing import Any

from services.audit.audit_event import PROFILE

Json = dict[str, Any]
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_SOURCE, _DESTINATION = "110153", "110152"
_ACTION = {"Query": "E", "Read": "R", "Update": "U"}


def profiles() -> dict[str, Json]:
    """File name to StructureDefinition: three patterns, each with and without a patient."""
    return {
        f"{patient}{name}": _profile(name, patient=bool(patient)) for name in _ACTION for patient in ("", "Patient")
    }


def _profile(name: str, *, patient: bool) -> Json:
    title = f"{'Patient' if patient else ''}{name}"
    elements = [
        _element("type", patternCoding={"system": f"{_HL7}audit-event-type", "code": "rest"}),
        _element("subtype", min=1),
        _element("action", min=1, patternCode=_ACTION[name]),
        _element("outcome", min=1, patternCode="0"),
        _element("agent", min=2, slicing=_slicing("type")),
        *_agents(name),
        _element("entity", min=2 if patient else 1, slicing=_slicing("type")),
        *_object(name),
    ]
    if patient:
        elements += [
            *_slice("entity", "patient", "1"),
            _part("entity", "patient", "what", min=1, type=[_reference("Patient")]),
            _part(
                "entity", "patient", "type", min=1, patternCoding={"system": f"{_HL7}audit-entity-type", "code": "1"}
            ),
            _part("entity", "patient", "role", min=1, patternCoding={"system": f"{_HL7}object-role", "code": "1"}),
        ]
    return {
        "resourceType": "StructureDefinition",
        "id": f"IHE.BasicAudit.{title}",
        "url": f"{PROFILE}{title}",
        "name": title,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "AuditEvent",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/AuditEvent",
        "derivation": "constraint",
        "differential": {"element": [{"id": "AuditEvent", "path": "AuditEvent"}, *elements]},
    }


def _agents(name: str) -> list[Json]:
    client, server = (_DESTINATION, _SOURCE) if name == "Read" else (_SOURCE, _DESTINATION)
    found = []
    for slice_, role in (("client", client), ("server", server)):
        found += [
            *_slice("agent", slice_, "1"),
            _part("agent", slice_, "type", min=1, patternCodeableConcept={"coding": [{"system": _DCM, "code": role}]}),
            _part("agent", slice_, "who", min=1),
            _part("agent", slice_, "media", max="0"),
            _part("agent", slice_, "network", min=1),
        ]
    if name != "Update":  # there the guide binds the user's type to a value set of its own
        recipient = {"coding": [{"system": f"{_HL7}v3-ParticipationType", "code": "IRCP"}]}
        found += [
            *_slice("agent", "user", "1", least=0),
            _part("agent", "user", "type", min=1, patternCodeableConcept=recipient),
            _part("agent", "user", "who", min=1),
            _part("agent", "user", "requestor", patternBoolean=True),
            _part("agent", "user", "media", max="0"),
            _part("agent", "user", "network", max="0"),
        ]
    return found


def _object(name: str) -> list[Json]:
    kind = "query" if name == "Query" else "data"
    found = [
        *_slice("entity", kind, "1"),
        _part("entity", kind, "what", **({"max": "0"} if kind == "query" else {"min": 1})),
        _part("entity", kind, "type", min=1, patternCoding={"system": f"{_HL7}audit-entity-type", "code": "2"}),
        _part(
            "entity", kind, "role", min=1,
            patternCoding={"system": f"{_HL7}object-role", "code": "24" if kind == "query" else "4"},
        ),
    ]  # fmt: skip
    if kind == "query":
        return [*found, _part("entity", kind, "query", min=1)]
    return [*found, *([_part("entity", kind, "query", max="0")] if name == "Read" else [])]


def _element(path: str, **rules: Any) -> Json:
    return {"id": f"AuditEvent.{path}", "path": f"AuditEvent.{path}"} | rules


def _slice(path: str, name: str, most: str, least: int = 1) -> list[Json]:
    named = {"id": f"AuditEvent.{path}:{name}", "path": f"AuditEvent.{path}", "sliceName": name}
    return [named | {"min": least, "max": most}]


def _part(path: str, name: str, element: str, **rules: Any) -> Json:
    return {"id": f"AuditEvent.{path}:{name}.{element}", "path": f"AuditEvent.{path}.{element}"} | rules


def _slicing(path: str) -> Json:
    return {"discriminator": [{"type": "pattern", "path": path}], "rules": "open"}


def _reference(kind: str) -> Json:
    return {"code": "Reference", "targetProfile": [f"http://hl7.org/fhir/StructureDefinition/{kind}"]}
