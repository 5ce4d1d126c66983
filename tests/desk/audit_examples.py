"""Audit records of every kind of act, as they are written: what schemas/examples/audit-events/1/valid holds.

``python -m tests.desk.audit_examples`` writes the files anew.
"""

import json
from datetime import UTC, datetime
from typing import Any

from services.audit.act import Act, Agent, Outcome, Pattern, Thing, patient_of
from services.audit.audit_event import audit_events
from services.casework.dead_letter import thing
from services.contracts.registry import SCHEMAS

FOLDER = SCHEMAS / "examples" / "audit-events" / "1" / "valid"
PATIENT = patient_of("urn:cryowatch:site:{site}:patient", "IEO", "P1")
EHR = Agent("ehr-frontend", "10.0.0.7")
LEAD = Agent("safety-desk", "2001:db8::7", "M. Rossi")
SHELL = Agent("cryowatch command", "ops-1", "L. Bianchi", machine=True)
EVENT = Thing("AdverseEvent/ae-0123456789abcdefghjkmnpqrs/_history/4")
ERASED = Thing(display="Everything held of one patient")
LETTER = thing("hl7v2-inbound/0/17")
SEARCH = "GET /r4/AdverseEvent?patient=urn:cryowatch:site:IEO:patient|P1"

ACTS: dict[str, tuple[str, Act]] = {
    "event-read": ("fhir_gateway", Act(Pattern.READ, "read", "read", EHR, (EVENT,), (PATIENT,))),
    "event-read-with-evidence": (
        "fhir_gateway",
        Act(Pattern.READ, "read", "read", EHR, (EVENT,), (PATIENT,), also=("evidence",)),
    ),
    "event-version-read": ("fhir_gateway", Act(Pattern.READ, "vread", "vread", EHR, (EVENT,), (PATIENT,))),
    "event-history-read": ("fhir_gateway", Act(Pattern.READ, "history", "history-instance", EHR, (EVENT,), (PATIENT,))),
    "events-searched": (
        "fhir_gateway",
        Act(Pattern.QUERY, "search", "search-type", EHR, patients=(PATIENT,), query=SEARCH),
    ),
    "events-searched-none-found": ("fhir_gateway", Act(Pattern.QUERY, "search", "search-type", EHR, query=SEARCH)),
    "refused": (
        "fhir_gateway",
        Act(
            Pattern.QUERY,
            "search",
            "search-type",
            Agent("unknown", "10.0.0.66"),
            query=SEARCH,
            outcome=Outcome.MINOR_FAILURE,
            words="Send the header Authorization.",
        ),
    ),
    "refusals-counted": (
        "desk",
        Act(
            Pattern.QUERY,
            "refusals",
            "search-type",
            Agent("unknown", "0.0.0.0"),
            outcome=Outcome.SERIOUS_FAILURE,
            words="812 refusals in the last minutes were not recorded one by one.",
        ),
    ),
    "dead-letters-listed": (
        "command",
        Act(Pattern.QUERY, "dead-letters-list", "search-type", SHELL, query="dead-letters?state=open"),
    ),
    "dead-letter-shown": ("desk", Act(Pattern.READ, "dead-letter-show", "read", LEAD, (LETTER,))),
    "dead-letter-edited": ("desk", Act(Pattern.UPDATE, "dead-letter-edit", "update", LEAD, (LETTER,))),
    "dead-letter-replayed": ("command", Act(Pattern.UPDATE, "dead-letter-replay", "update", SHELL, (LETTER,))),
    "dead-letter-discarded": (
        "desk",
        Act(Pattern.UPDATE, "dead-letter-discard", "update", LEAD, (LETTER,), words="A test."),
    ),
    "patient-erased": (
        "command",
        Act(Pattern.UPDATE, "patient-erase", "delete", SHELL, (ERASED,), words="On the patient's own request."),
    ),
    "charts-rebuilt": (
        "command",
        Act(
            Pattern.UPDATE,
            "charts-rebuild",
            "update",
            SHELL,
            (Thing(display="All charts, exchanged for those that were rebuilt"),),
        ),
    ),
    "replay-in-conflict": (
        "desk",
        Act(
            Pattern.UPDATE,
            "dead-letter-replay",
            "update",
            LEAD,
            (LETTER,),
            outcome=Outcome.MINOR_FAILURE,
            words="It was replayed by L. Bianchi.",
        ),
    ),
    "event-decided": (
        "desk",
        Act(Pattern.UPDATE, "adjudicate", "update", LEAD, (EVENT,), (PATIENT,), words="regrade 3"),
    ),
    "reviews-listed": (
        "desk",
        Act(Pattern.QUERY, "reviews-list", "search-type", LEAD, patients=(PATIENT,), query="reviews?site=IEO"),
    ),
    "events-listed": (
        "command",
        Act(Pattern.QUERY, "events-list", "search-type", LEAD, patients=(PATIENT,), query="events?site=IEO"),
    ),
    "audit-trail-read": (
        "desk",
        Act(Pattern.QUERY, "audit-list", "search-type", LEAD, query="GET /audit?date=ge2026-03-01&outcome=4,8"),
    ),
    "audit-trail-of-a-patient-read": (
        "desk",
        Act(
            Pattern.QUERY,
            "audit-list",
            "search-type",
            LEAD,
            patients=(PATIENT,),
            query="GET /audit?patient=urn:cryowatch:site:IEO:patient|P1",
        ),
    ),
}


def records() -> dict[str, dict[str, Any]]:
    """Every example by name."""
    when = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    return {
        name: audit_events(act, service, "cryowatch-1", when, lambda name=name: f"example-{name}")[0][1]  # type: ignore[misc]
        for name, (service, act) in ACTS.items()
    }


def text(record: dict[str, Any]) -> str:
    """As the file holds it."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, record in records().items():
        (FOLDER / f"{name}.json").write_text(text(record), "utf-8")
