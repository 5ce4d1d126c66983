"""One Kafka batch for all that goes to a partition, instead of one Faust message and three futures for each record.

What is overridden and read is private to Faust: the version is pinned, and the chaos test guards it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError, KafkaTimeoutError
from faust.transport.drivers import aiokafka as driver

BATCH = 256 * 2**10
"""Bytes of a batch at most, one record at least: the broker refuses a batch that is longer than its topic allows."""

SEND_TIMEOUT = 60.0
"""Seconds that the broker has for a request, and a batch until it is tried no more."""


class Record(NamedTuple):
    """What is sent: key, value (None is a tombstone) and headers as Kafka takes them."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class BundleProducer(driver.Producer):  # type: ignore[misc]  # Faust has no types
    """A Faust producer that sends many records at once."""

    async def send_together(self, topic: str, records: Sequence[Record], deadline: float) -> list[KafkaError | None]:
        """Send records and wait for the broker; for each of them None, or why it wasn't acknowledged.

        Records of one partition arrive in their order. Those of a batch that fails fail together. No batch is begun
        after ``deadline`` (of :func:`time.monotonic`). Raises what keeps all of them from being sent: a broker that
        names no partitions.
        """
        producer = self._ensure_producer()
        partitions = sorted(await producer.partitions_for(topic))
        by_partition: dict[int, list[int]] = {}
        for number, record in enumerate(records):
            partition = self.partitioner(record.key, partitions, partitions)
            by_partition.setdefault(partition, []).append(number)
        outcomes: list[KafkaError | None] = [None] * len(records)
        sending = (self._send_to(topic, n, records, mine, deadline) for n, mine in by_partition.items())
        fates = await asyncio.gather(*sending, return_exceptions=True)  # all of them have ended before one raises
        for fate in fates:
            if isinstance(fate, BaseException):
                raise fate
            for number, problem in fate.items():
                outcomes[number] = problem
        return outcomes

    async def _send_to(
        self, topic: str, partition: int, records: Sequence[Record], mine: Sequence[int], deadline: float
    ) -> Mapping[int, KafkaError]:
        """Send one partition's records in batches, one after the other; those that failed, with the reason."""
        producer = self._ensure_producer()
        problems: dict[int, KafkaError] = {}
        left = list(mine)
        while left:
            batch, taken = producer.create_batch(), 0
            while taken < len(left) and self._fits(batch, records[left[taken]]):
                taken += 1
            batch.close()
            numbers, left = left[:taken], left[taken:]
            try:
                if time.monotonic() >= deadline:
                    raise KafkaTimeoutError
                await (await producer.send_batch(batch, topic, partition=partition))
            except KafkaError as problem:
                problems |= dict.fromkeys(numbers, problem)
        return problems

    @staticmethod
    def _fits(batch: Any, record: Record) -> bool:
        """Append a record, unless the batch is full. The first one fits always."""
        key, value, headers = record
        return batch.append(timestamp=None, key=key, value=value, headers=headers) is not None
