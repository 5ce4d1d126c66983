"""Procedure records and adverse events on their way to the compacted topics: one outbox row a key, the newest stays."""

from collections.abc import Mapping
from typing import Any

from services.clinical.canonical import text_of
from services.clinical.identifiers import routing_key
from services.runtime.outbox import Outgoing

RECORDS, EVENTS = "procedure-records", "adverse-events"


def outgoing_record(body: Mapping[str, Any], key: bytes) -> Outgoing:
    """A procedure record; its name, which holds an accession number, is hashed with the routing key."""
    return _outgoing(RECORDS, routing_key(key, body["procedure"]), body)


def outgoing_event(body: Mapping[str, Any]) -> Outgoing:
    """An adverse event under its id, which is a keyed hash already."""
    return _outgoing(EVENTS, body["id"], body)


def _outgoing(topic: str, slot: str, body: Mapping[str, Any]) -> Outgoing:
    value = text_of({"schema": f"{topic}.v1", **body}).encode()
    return Outgoing(topic, slot, slot, value, body["revision"])
