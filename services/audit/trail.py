"""The trail: AuditEvents into the outbox, in the transaction of the act itself. The desk sends them to Kafka."""

import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from services.audit.act import Act
from services.audit.audit_event import audit_events
from services.runtime.outbox import Outgoing, put

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
        """Queue the acts' AuditEvents in the caller's transaction: with it they stand, or fall."""
        when = self.now()
        written = [one for act in acts for one in audit_events(act, self.service, self.host, when, _new_id)]
        put(connection, [Outgoing(TOPIC, name, None, _bytes(resource)) for name, resource in written])


def _new_id() -> str:
    return str(uuid.uuid4())


def _bytes(resource: dict[str, object]) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
