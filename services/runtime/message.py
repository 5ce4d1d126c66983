"""A record as it lies in Kafka, and where it lies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """Raw bytes with their place. Headers keep the first value of each name."""

    topic: str
    partition: int
    offset: int
    value: bytes
    key: bytes | None = None
    headers: dict[str, bytes] = field(default_factory=dict)
    timestamp: datetime | None = None

    @property
    def place(self) -> str:
        """``topic/partition/offset``: unique for ever, and free of identifiers."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name: str) -> str | None:
        """A header as text; None when it is absent or no printable text."""
        raw = self.headers.get(name)
        try:
            text = None if raw is None else raw.decode()
            return text if text is None or text.isprintable() else None
        except UnicodeDecodeError:
            return None


def inbound(record: Any) -> InboundMessage:
    """A record of a Kafka client as a message; of headers with one name the first."""
    headers: dict[str, bytes] = {}
    for name, value in record.headers or ():
        headers.setdefault(name, value or b"")
    return InboundMessage(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        value=record.value or b"",
        key=record.key,
        headers=headers,
        timestamp=_when(record.timestamp),
    )


def _when(milliseconds: int | None) -> datetime | None:
    """A record's time; None when a producer wrote one that is none."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return None
