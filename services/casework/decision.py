"""A decision of the safety lead about an event: checked, put on its topic and audited in one transaction.

What follows from it (the event's grade, whether it counts) is the core's to say, once the message has come round.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from services.audit.act import Act, Agent, Pattern, Thing, patient_of
from services.casework.audited_act import Casework
from services.casework.problem import Kind, Problem
from services.charts.tables import adverse_events
from services.contracts.codec import validator
from services.runtime.outbox import Outgoing, put

TOPIC, SCHEMA = "adjudications", "adjudications.v1"
VERDICTS = ("confirm", "reject", "regrade", "causality")
CAUSALITIES = ("caused", "not_caused", "unknown")
"""SIR's three answers to whether the procedure caused it."""

_WORDS = {
    "/verdict": f"The verdict is one of {', '.join(VERDICTS)}.",
    "/why": "Say why, in 1 to 2000 characters.",
    "/who": "Name who decides, in 1 to 200 characters.",
    "/grade": "A grade is a whole number from 1 to 5.",
    "/causality": f"The causality is one of {', '.join(CAUSALITIES)}.",
    "/event": "Name the event by its id.",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about which event. ``grade`` goes with regrade, ``causality`` with causality, and only there."""

    event: str
    verdict: str
    why: str
    grade: int | None = None
    causality: str | None = None


def adjudicate(
    casework: Casework, by: Agent, decision: Decision, patient_system: str, when: datetime | None = None
) -> dict[str, Any]:
    """Put the decision on its topic; returns the message. Problem when the event is unknown, withdrawn or misfits."""
    act = Act(Pattern.UPDATE, "adjudicate", "update", by, (_event(decision.event),), words=_said(decision))
    with casework.engine.connect() as connection:
        row = connection.execute(
            select(adverse_events.c.body).where(adverse_events.c.id == decision.event.replace("\x00", ""))
        ).one_or_none()
    if row is not None:
        patient = patient_of(patient_system, row.body["patient_site"], row.body["patient_id"])
        act = Act(act.pattern, act.code, act.interaction, by, act.things, (patient,), words=act.words)
    with casework.carried_out(act) as connection:
        if row is None:
            raise Problem(Kind.UNKNOWN, "There is no event of this id. `cryowatch events` and the gateway list them.")
        body = row.body
        if body["status"] == "withdrawn" and not (
            decision.verdict == "confirm" and "rejected" in body.get("review", ())
        ):
            words = "The event has been withdrawn: the reports no longer show it, so there is nothing to decide."
            raise Problem(Kind.CONFLICT, words)
        message = _message(decision, by, body, when or datetime.now(UTC))
        put(connection, [_outgoing(message)])
    return message


def _message(decision: Decision, by: Agent, body: dict[str, Any], when: datetime) -> dict[str, Any]:
    message: dict[str, Any] = {
        "schema": SCHEMA,
        "site": body["site"],
        "accession": body["accession"],
        "event": decision.event,
        "verdict": decision.verdict,
        "who": by.person or by.client,
        "when": when.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "why": decision.why.strip(),
        "basis": body.get("basis"),
    }
    given = {"grade": decision.grade, "causality": decision.causality}
    message |= {name: value for name, value in given.items() if value is not None}
    for name, verdict in (("grade", "regrade"), ("causality", "causality")):
        if (name in message) != (decision.verdict == verdict):
            raise Problem(Kind.INVALID, f"A {name} goes with the verdict {verdict}, and only there.")
    problems = validator(SCHEMA)(message)
    if problems:
        words = _WORDS.get(problems[0].where, f"It doesn't fit {SCHEMA} at {problems[0].where}.")
        raise Problem(Kind.INVALID, words)
    return message


def _outgoing(message: dict[str, Any]) -> Outgoing:
    value = json.dumps(message, sort_keys=True, ensure_ascii=False).encode()
    headers = {"cw-source": "desk", "content-type": "application/json"}
    return Outgoing(TOPIC, hashlib.sha256(value).hexdigest()[:32], message["event"], value, 0, headers)


def _event(name: str) -> Thing:
    return (
        Thing(f"AdverseEvent/{name}")
        if name.replace("-", "").isalnum() and name.isascii()
        else Thing(display=name or "-")
    )


def _said(decision: Decision) -> str:
    detail = decision.grade if decision.grade is not None else decision.causality
    return f"{decision.verdict} {detail}" if detail is not None else decision.verdict
