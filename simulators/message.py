"""One message as a sending system puts it on the wire."""

from dataclasses import dataclass
from datetime import datetime

HL7V2 = "hl7v2-inbound"
FHIR = "fhir-inbound"
TELEMETRY = "procedure-telemetry"


@dataclass(frozen=True, slots=True)
class Message:
    """A message for one topic, with the simulated instant (UTC) at which it leaves the sender."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    sim_time: datetime

    @property
    def sender(self) -> str:
        """The sender's configured name, from the ``cw-sender`` header."""
        return next(value.decode() for name, value in self.headers if name == "cw-sender")


def hl7v2_message(sender: str, value: bytes, at: datetime) -> Message:
    """An HL7 v2 message, keyed by its sender as the intake keys it."""
    headers = [
        ("cw-source", b"mllp"),
        ("cw-sender", sender.encode()),
        ("content-type", b"x-application/hl7-v2+er7"),
    ]
    return Message(HL7V2, sender.encode(), value, headers, at)


def fhir_message(sender: str, key: str, value: bytes, at: datetime) -> Message:
    """A FHIR resource or Bundle, keyed by an opaque hash of its logical id."""
    headers = [
        ("cw-source", b"http"),
        ("cw-sender", sender.encode()),
        ("content-type", b"application/fhir+json"),
    ]
    return Message(FHIR, key.encode(), value, headers, at)


def telemetry_message(console: str, key: str, value: bytes, at: datetime) -> Message:
    """One console frame, keyed by a hash of the accession so that its frames stay together."""
    headers = [
        ("cw-source", b"console"),
        ("cw-sender", console.encode()),
        ("content-type", b"application/json"),
    ]
    return Message(TELEMETRY, key.encode(), value, headers, at)
