"""Many records in one batch a partition: nothing lost or out of order, and what the broker refuses fails alone."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from faust.exceptions import NotReady
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic
from kafka.partitioner.default import murmur2

from deploy.local.broker import LocalBroker
from services.runtime.bundle_producer import BATCH, BundleProducer, Record
from services.runtime.faust_app import make_app
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import Settings

pytestmark = pytest.mark.live
PARTITIONS = 3
LONGEST = 400_000


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    with LocalBroker() as running:
        yield running


@pytest.fixture
def topic(broker: LocalBroker, request: pytest.FixtureRequest) -> str:
    name = f"t{abs(hash(request.node.name))}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    made = NewTopic(name, PARTITIONS, 1, topic_configs={"max.message.bytes": str(LONGEST)})
    admin.create_topics([made])
    admin.close()
    return name


def sent(broker: LocalBroker, topic: str, *rounds: Sequence[Record], deadline: float = math.inf) -> list[list[Any]]:
    """What became of each record, the rounds sent beside each other."""

    async def send() -> list[list[Any]]:
        settings = Settings(kafka=broker.bootstrap)
        app = make_app("test", settings, KafkaAccess(settings), asyncio.get_running_loop())
        producer = await app.maybe_start_producer()
        assert isinstance(producer, BundleProducer)
        try:
            return list(await asyncio.gather(*(producer.send_together(topic, records, deadline) for records in rounds)))
        finally:
            await producer.stop()

    return asyncio.run(send())


def read(broker: LocalBroker, topic: str) -> dict[int, list[Any]]:
    """The records of each partition in order."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap)
    parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(parts)
    consumer.seek_to_beginning()
    ends, found = consumer.end_offsets(parts), {number: [] for number in range(PARTITIONS)}
    while any(consumer.position(part) < ends[part] for part in parts):
        for part, records in consumer.poll(timeout_ms=1000).items():
            found[part.partition] += records
    consumer.close()
    return found


def keyed(number: int, value: bytes = b"v") -> Record:
    return Record(b"key %d" % (number % 40), b"%d " % number + value, [("n", b"%d" % number)])


def by_partition(records: Sequence[Record]) -> dict[int, list[Record]]:
    """As kafka-python and the Java client tell the partition from the key."""
    return {n: [r for r in records if (murmur2(r.key) & 0x7FFFFFFF) % PARTITIONS == n] for n in range(PARTITIONS)}


def test_each_partition_has_its_records_in_order_where_every_client_would_put_them(
    broker: LocalBroker, topic: str
) -> None:
    records = [keyed(n) for n in range(500)] + [Record(b"gone", None, [])]
    assert sent(broker, topic, records) == [[None] * 501]
    found = {n: [Record(r.key, r.value, r.headers) for r in them] for n, them in read(broker, topic).items()}
    assert found == by_partition(records)
    assert all(found.values())


def test_more_than_a_batch_holds_is_several_batches_in_order(broker: LocalBroker, topic: str) -> None:
    records = [Record(b"one", b"%d " % n + b"x" * (BATCH // 3), []) for n in range(10)]
    assert sent(broker, topic, records) == [[None] * 10]
    assert [r.value for them in read(broker, topic).values() for r in them] == [r.value for r in records]


def test_rounds_beside_each_other_are_all_there(broker: LocalBroker, topic: str) -> None:
    rounds = [[keyed(n) for n in range(first, first + 50)] for first in range(0, 200, 50)]
    assert sent(broker, topic, *rounds) == [[None] * 50] * 4
    assert sorted(r.value for them in read(broker, topic).values() for r in them) == sorted(
        r.value for records in rounds for r in records
    )


def test_a_record_that_the_broker_refuses_fails_alone(broker: LocalBroker, topic: str) -> None:
    records = [Record(b"one", b"%d" % n, []) for n in range(9)]
    records.insert(4, Record(b"one", b"x" * (LONGEST + 1), []))
    [fates] = sent(broker, topic, records)
    assert [type(fate) for fate in fates] == [type(None)] * 4 + [MessageSizeTooLargeError] + [type(None)] * 5
    assert [r.value for them in read(broker, topic).values() for r in them] == [b"%d" % n for n in range(9)]


def test_nothing_is_begun_after_the_deadline(broker: LocalBroker, topic: str) -> None:
    [fates] = sent(broker, topic, [keyed(n) for n in range(9)], deadline=time.monotonic())
    assert [type(fate) for fate in fates] == [KafkaTimeoutError] * 9
    assert not any(read(broker, topic).values())


def test_a_producer_that_is_not_started_says_so() -> None:
    async def send() -> None:
        settings = Settings(kafka="127.0.0.1:1")
        app = make_app("test", settings, KafkaAccess(settings), asyncio.get_running_loop())
        await app.producer.send_together("topic", [keyed(1)], math.inf)

    with pytest.raises(NotReady):
        asyncio.run(send())
