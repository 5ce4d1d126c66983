"""The trail: AuditEvents into the outbox and a table, in the transaction of the act itself.

The desk sends them to Kafka, for the hospital's audit repository; the table is what can be searched here. Both are
written by one statement each in one transaction, so neither holds a record that the other never had.
"""

import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, insert
from sqlalchemy.dialects.postgresql import JSONB

from services.audit.act import Act, Patient
from services.audit.audit_event import audit_events, plain
from services.runtime.outbox import Outgoing, put
from services.runtime.tables import audit_events as table

TOPIC = "audit-events"


def _now() -> datetime:
    return datetime.now(UTC)  # the trail keeps the real time, in demonstrations too


@dataclass(frozen=True, slots=True)
class Trail:
    """Records the acts of one service. ``host`` is the machine that carries them out."""

    service: str
    host: str = socket.gethostname()
    now: Callable[[], datetime] = _now

    def record(self, connection: Connection, *acts: Act) -> None:
        """Keep and queue the acts' AuditEvents in the caller's transaction: with it they stand, or fall."""
        when = self.now()
        queued, kept = [], []
        for act in acts:
            written = audit_events(act, self.service, self.host, when, _new_id)
            for patient, (name, resource) in zip(act.patients or (None,), written, strict=True):
                body = _text(resource)
                queued.append(Outgoing(TOPIC, name, None, body.encode()))
                kept.append(_row(act, patient, when, body))
        put(connection, queued)
        if kept:
            connection.execute(_KEEP, kept)


def patient_key(patient: Patient) -> str:
    """A patient as the trail's table has it: ``system|number``, as FHIR writes a token."""
    return f"{patient.system}|{plain(patient.value)}"


_KEEP = insert(table).values(body=cast(bindparam("resource", type_=Text), JSONB))
"""A resource is written as text once, for the outbox and the table."""


def _row(act: Act, patient: Patient | None, when: datetime, body: str) -> dict[str, Any]:
    return {
        "recorded": when.replace(microsecond=when.microsecond // 1000 * 1000),  # as it is written: to the millisecond
        "acts": [act.code, *act.also],
        "outcome": act.outcome.value,
        "client": plain(act.agent.client),
        "person": plain(act.agent.person) if act.agent.person is not None else None,
        "patient": patient_key(patient) if patient else None,
        "resource": body,
    }


def _new_id() -> str:
    return str(uuid.uuid4())


def _text(resource: dict[str, object]) -> str:
    written = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    return written.encode("utf-8", "replace").decode()
