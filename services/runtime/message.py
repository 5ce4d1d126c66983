"""A record as it lies in Kafka, and where it lies."""

from dataclasses import dataclass, field
from datetime import datetime


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
