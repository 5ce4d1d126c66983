"""What lies in Kafka: every record of every topic, read once and kept, past the weather."""

from dataclasses import dataclass, field

from kafka import KafkaConsumer, TopicPartition

from services.contracts.registry import topics


@dataclass(frozen=True, slots=True)
class Taped:
    """A record with its place."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass
class Tape:
    """The records of all topics by topic, in the order of each partition."""

    bootstrap: str
    records: dict[str, list[Taped]] = field(default_factory=lambda: {t.name: [] for t in topics()})
    _next: dict[TopicPartition, int] = field(default_factory=dict)

    def wind(self) -> None:
        """Read on to the end of every topic."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            fetch_max_bytes=64 * 2**20,
            max_poll_records=5000,
        )
        try:
            parts = [
                TopicPartition(name, number)
                for name in self.records
                for number in sorted(consumer.partitions_for_topic(name) or ())
            ]
            ends = consumer.end_offsets(parts)
            behind = [part for part in parts if self._next.get(part, 0) < ends[part]]
            consumer.assign(behind)
            for part in behind:
                consumer.seek(part, self._next.get(part, 0))
            while any(self._next.get(part, 0) < ends[part] for part in behind):
                for part, found in consumer.poll(1000).items():
                    self._keep(part, found)
        finally:
            consumer.close(autocommit=False)

    def _keep(self, part: TopicPartition, found: list[object]) -> None:
        for record in found:
            taped = Taped(
                part.topic,
                part.partition,
                record.offset,  # type: ignore[attr-defined]  # kafka-python has no types
                record.key,  # type: ignore[attr-defined]
                record.value or b"",  # type: ignore[attr-defined]
                tuple(record.headers or ()),  # type: ignore[attr-defined]
            )
            self.records[part.topic].append(taped)
            self._next[part] = taped.offset + 1
