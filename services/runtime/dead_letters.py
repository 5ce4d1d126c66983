"""Dead letters: the raw bytes of what can't be understood, where they came from, and a coded reason.

The envelope carries no exception text and no value of the message beside the message itself.
"""

import base64
import json

from services.runtime.message import InboundMessage
from services.runtime.outbox import Outgoing

TOPIC = "dead-letters"


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
