"""An act as FHIR R4 AuditEvents, following IHE BALP (https://profiles.ihe.net/ITI/BALP): a pure function.

BALP wants one AuditEvent for each patient whom an act concerns. Its profiles are of successes: an act that was refused
or failed has the same shape and names no profile. In Read the client is the destination of the data, elsewhere the
source of the request, as DICOM has it.
"""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fhir.resources.R4B.auditevent import AuditEvent

from services.audit.act import Act, Agent, Outcome, Patient, Pattern, Thing

Json = dict[str, Any]

BASE = "https://cryowatch.org/fhir"
CLIENT_SYSTEM = f"{BASE}/identifier/client"
ACT_SYSTEM = f"{BASE}/CodeSystem/audit-act"
PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."

_HL7 = "http://terminology.hl7.org/CodeSystem/"
_ACTION = {Pattern.QUERY: "E", Pattern.READ: "R", Pattern.UPDATE: "U"}
_SOURCE, _DESTINATION = ("110153", "Source Role ID"), ("110152", "Destination Role ID")
_REST = {"system": f"{_HL7}audit-event-type", "code": "rest", "display": "Restful Operation"}
_UNWANTED = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 4000
"""Characters of any text that comes from outside, a query included: nobody can blow up the trail with one request."""


def audit_events(
    act: Act, service: str, host: str, recorded: datetime, new_id: Callable[[], str]
) -> list[tuple[str, Json]]:
    """The AuditEvents of an act with their ids: one for each patient, or one where none is known.

    ``service`` and ``host`` name the server that carried the act out and records it.
    """
    shared = _shared(act, service, host, recorded)
    written = []
    for number, patient in enumerate(act.patients or (None,)):
        name = new_id()
        one: Json = {"resourceType": "AuditEvent", "id": name}
        if act.outcome is Outcome.SUCCESS:
            one["meta"] = {"profile": [f"{PROFILE}{'Patient' if patient else ''}{act.pattern.value}"]}
        one |= shared
        if patient:
            one["entity"] = [_patient(patient), *shared.get("entity", ())]
        if number == 0:  # the others differ by id and patient alone
            AuditEvent.model_validate({k: v for k, v in one.items() if k != "resourceType"})
        written.append((name, one))
    return written


def plain(text: str) -> str:
    """Text as FHIR takes it: one line, no control characters, not endless, never empty."""
    return _UNWANTED.sub(" ", text).strip()[:_LONGEST] or "-"


def _shared(act: Act, service: str, host: str, recorded: datetime) -> Json:
    interaction = {"system": "http://hl7.org/fhir/restful-interaction", "code": act.interaction}
    written: Json = {
        "type": _REST,
        "subtype": [interaction, *({"system": ACT_SYSTEM, "code": code} for code in (act.code, *act.also))],
        "action": _ACTION[act.pattern],
        "recorded": recorded.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "outcome": act.outcome.value,
    }
    if act.words:
        written["outcomeDesc"] = plain(act.words)
    written["agent"] = _agents(act, service, host)
    written["source"] = {
        "site": plain(host),
        "observer": _device(service),
        "type": [{"system": f"{_HL7}security-source-type", "code": "4", "display": "Application Server"}],
    }
    entities = [_thing(thing) for thing in act.things]
    if act.query is not None:
        entities.append(_query(act.query))
    if entities:
        written["entity"] = entities
    return written


def _agents(act: Act, service: str, host: str) -> list[Json]:
    ours, theirs = (_SOURCE, _DESTINATION) if act.pattern is Pattern.READ else (_DESTINATION, _SOURCE)
    agent: Agent = act.agent
    client = {
        "type": _role(*theirs),
        "who": {"identifier": {"system": CLIENT_SYSTEM, "value": plain(agent.client)}, "display": plain(agent.client)},
        "requestor": agent.person is None,
        "network": {"address": plain(agent.address), "type": "1" if agent.machine else "2"},
    }
    server = {
        "type": _role(*ours),
        "who": _device(service),
        "requestor": False,
        "network": {"address": plain(host), "type": "1"},
    }
    if agent.person is None:
        return [client, server]
    reads = act.pattern in (Pattern.READ, Pattern.QUERY)
    code, display = ("IRCP", "information recipient") if reads else ("AUT", "author (originator)")
    person = {
        "type": {"coding": [{"system": f"{_HL7}v3-ParticipationType", "code": code, "display": display}]},
        "who": {"display": plain(agent.person)},
        "name": plain(agent.person),
        "requestor": True,
    }
    return [client, server, person]


def _role(code: str, display: str) -> Json:
    return {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code, "display": display}]}


def _device(service: str) -> Json:
    named = {"system": "urn:ietf:rfc:3986", "value": "https://cryowatch.org"}
    return {"type": "Device", "identifier": named, "display": f"CryoWatch {service}"}


def _patient(patient: Patient) -> Json:
    typed = {"coding": [{"system": f"{_HL7}v2-0203", "code": "MR", "display": "Medical record number"}]}
    named = {"type": typed, "system": patient.system, "value": plain(patient.value)}
    return {
        "what": {"type": "Patient", "identifier": named},
        "type": {"system": f"{_HL7}audit-entity-type", "code": "1", "display": "Person"},
        "role": {"system": f"{_HL7}object-role", "code": "1", "display": "Patient"},
    }


def _thing(thing: Thing) -> Json:
    what: Json = {"reference": thing.reference} if thing.reference else {}
    if thing.value:
        what["identifier"] = {"system": thing.system, "value": plain(thing.value)}
    if thing.display:
        what["display"] = plain(thing.display)
    return {
        "what": what,
        "type": {"system": f"{_HL7}audit-entity-type", "code": "2", "display": "System Object"},
        "role": {"system": f"{_HL7}object-role", "code": "4", "display": "Domain Resource"},
    }


def _query(query: str) -> Json:
    raw = query.encode("utf-8", "replace")[:_LONGEST] or b"-"
    return {
        "type": {"system": f"{_HL7}audit-entity-type", "code": "2", "display": "System Object"},
        "role": {"system": f"{_HL7}object-role", "code": "24", "display": "Query"},
        "query": base64.b64encode(raw).decode(),
    }
