"""Dead letters: the raw bytes of what can't be understood, where they came from, and a coded reason.

The envelope carries no exception text and no value of the message beside the message itself.
"""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from services.runtime import tables
from services.runtime.message import InboundMessage
from services.runtime.outbox import Outgoing, put
from services.runtime.outcomes import Invalid

TOPIC = "dead-letters"
REPLAY_OF = "cw-replay-of"
"""The header of a replayed message: the place of the dead letter that it is a replay of."""

_PLACE = re.compile(r"[A-Za-z0-9._-]{1,249}/\d{1,9}/\d{1,18}")


def dead_letter(message: InboundMessage, service: str, code: str, where: str = "") -> Outgoing:
    """The record for the dead-letters topic. Its slot is the message's place, so that a repeat is the same row."""
    value = {
        "schema": "dead-letters.v1",
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "service": service,
        "code": code,
        "where": where,
        "key_base64": base64.b64encode(message.key).decode() if message.key is not None else None,
        "value_base64": base64.b64encode(message.value).decode(),
        "headers": {k: base64.b64encode(v).decode() for k, v in sorted(message.headers.items())},
    }
    headers = {
        "dlq_topic": message.topic,
        "dlq_partition": str(message.partition),
        "dlq_offset": str(message.offset),
        "dlq_reason_code": code,
        "dlq_service": service,
    }
    return Outgoing(TOPIC, message.place, message.place, json.dumps(value, sort_keys=True).encode(), 0, headers)


def bury(
    connection: Connection, service: str, letters: Sequence[tuple[InboundMessage, Invalid]], *, ledger: bool
) -> int:
    """Queue dead letters for their topic and note them for the operators' desk, in the caller's transaction.

    Returns how many the desk didn't know yet: what is delivered again is no further dead letter.
    ``ledger`` says that the message ledger has a row, with the bytes, for each; otherwise the desk keeps them itself.
    """
    rows = [_row(message, service, outcome, keep=not ledger) for message, outcome in letters]
    if not rows:
        return 0
    noted = insert(tables.dead_letters).on_conflict_do_nothing().returning(tables.dead_letters.c.place)
    new = set(connection.execute(noted, rows).scalars())
    fresh = [(message, outcome) for message, outcome in letters if message.place in new]
    put(connection, [dead_letter(message, service, outcome.code, outcome.where) for message, outcome in fresh])
    return len(new)


def replay_of(message: InboundMessage) -> str | None:
    """The place of the dead letter that a message is a replay of; None for every other message."""
    named = message.header(REPLAY_OF)
    return named if named and _PLACE.fullmatch(named) else None


def _row(message: InboundMessage, service: str, outcome: Invalid, *, keep: bool) -> dict[str, Any]:
    identity = outcome.identity
    return {
        "place": message.place,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "service": service,
        "sender": identity.sender if identity else message.header("cw-sender"),
        "type": identity.type if identity else None,
        "code": outcome.code,
        "where": outcome.where,
        "key": message.key,
        "headers": {  # a name that PostgreSQL can't hold is none of ours
            name: base64.b64encode(value).decode() for name, value in message.headers.items() if name.isprintable()
        },
        "body": message.value if keep else None,
        "replay_of": replay_of(message),
    }
