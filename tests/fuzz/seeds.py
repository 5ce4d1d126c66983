"""What is mutated: every example of the inbound topics, and the messages of simulated hospitals."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.contracts.registry import SCHEMAS
from simulators.message import FHIR, HL7V2, TELEMETRY, Message


@dataclass(frozen=True, slots=True)
class Seed:
    """A message before it is mutated, and where it is from."""

    name: str
    topic: str
    value: bytes
    key: bytes | None = None
    headers: dict[str, bytes] = field(default_factory=dict)


def examples() -> list[Seed]:
    """The files of ``schemas/examples`` for the three inbound topics, the invalid ones too."""
    found = []
    for topic, pattern in ((HL7V2, "*.hl7"), (FHIR, "*.json"), (TELEMETRY, "*.json")):
        for path in sorted((SCHEMAS / "examples" / topic).glob(f"*/*/{pattern}")):
            name = f"{topic}/{path.parent.name}/{path.stem}"
            found.append(Seed(name, topic, path.read_bytes(), b"k", {"cw-sender": b"EHR"}))
    return found


def of_messages(messages: Iterable[Message]) -> list[Seed]:
    """Simulated messages, alike in weight by topic: telemetry, the most frequent, is thinned out."""
    by_topic: dict[str, list[Message]] = {}
    for message in messages:
        by_topic.setdefault(message.topic, []).append(message)
    fewest = min(len(some) for some in by_topic.values())
    found = []
    for topic, some in sorted(by_topic.items()):
        step = max(1, len(some) // (2 * fewest))
        found += [Seed(f"simulated {topic} {n}", topic, m.value, m.key, dict(m.headers)) for n, m in enumerate(some)][
            ::step
        ]
    return found
