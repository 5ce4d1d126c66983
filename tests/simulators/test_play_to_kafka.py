"""Through a real broker every message arrives with key and headers, in order; the clock ends at the horizon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.broker import LocalBroker
from simulators.message import FHIR, HL7V2, TELEMETRY
from simulators.play import build_run, play_to_kafka

pytestmark = pytest.mark.live
TOPICS = (HL7V2, FHIR, TELEMETRY)


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with LocalBroker() as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        admin.create_topics([NewTopic(topic, 1, 1) for topic in TOPICS])
        admin.close()
        yield broker.bootstrap


def test_a_run_arrives_whole_and_in_order(bootstrap: str, tmp_path: Path) -> None:
    run = build_run(seed=1)
    clock = tmp_path / "clock"
    told: list[int] = []
    play_to_kafka(run, bootstrap, clock_file=clock, progress=lambda sent, total, instant: told.append(sent))
    for topic in TOPICS:
        expected = [(m.key, m.value, m.headers) for m in run.messages if m.topic == topic]
        assert records(bootstrap, topic, len(expected)) == expected
    assert clock.read_text("ascii") == f"{run.horizon:%Y-%m-%dT%H:%M:%SZ}\n"
    assert told[-1] == len(run.messages)


def records(bootstrap: str, topic: str, count: int) -> list[tuple[bytes | None, bytes, list[tuple[str, bytes]]]]:
    """What a topic holds, up to ``count`` records and the end of the partition."""
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        assert consumer.end_offsets([partition])[partition] == count
        found = []
        while len(found) < count:
            for record in consumer.poll(timeout_ms=5000).get(partition, []):
                found.append((record.key, record.value, [(name, value) for name, value in record.headers]))
        return found
    finally:
        consumer.close()
