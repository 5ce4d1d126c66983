"""Sends what the outbox holds, in every worker, so that a dead one's rows get out too.

Rows stay locked from the read until the broker has acknowledged them, and only what it has acknowledged is deleted.
What the producer has in hand is never given up: it might still be sent, behind a newer one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError
from faust.exceptions import NotReady
from sqlalchemy import Engine
from structlog.stdlib import BoundLogger

from services.runtime import outbox
from services.runtime.bundle_producer import BundleProducer, Record
from services.runtime.database import unavailable
from services.runtime.outcomes import Unavailable

_IDLE, _AWAY = 0.25, 1.0
"""How often it looks without being told (what a dead worker or a command has queued), and how long it then waits."""
_FULL = 500
_SEND_SECONDS = 45.0
"""So long after rows were locked a batch may still be begun.

It is tried twice at most, for the producer's time-out each (``SEND_TIMEOUT``), and PostgreSQL takes the locks away
after ``IDLE_IN_TRANSACTION_MS``: what would be sent later might arrive behind a newer revision, and stay.
"""


class OutboxPublisher:
    """Publishes to ``topics``; ``producer`` gives the one to send with, ``answered`` is told which dependency does."""

    def __init__(
        self,
        engine: Engine,
        topics: Sequence[str],
        producer: Callable[[], Awaitable[BundleProducer]],
        answered: Callable[[str, bool], None],
        log: BoundLogger,
    ) -> None:
        self._engine, self._topics, self._producer = engine, tuple(topics), producer
        self._answered, self._log = answered, log

    async def run(self, stopping: asyncio.Event, queued: asyncio.Event, beat: Callable[[], None]) -> None:
        """Publish until told to stop, at once when ``queued`` says that there is something; ``beat`` after a round."""
        while not stopping.is_set():
            queued.clear()
            try:
                sent = await self.drain()
                self._answered("kafka", True)
                beat()
                if sent < _FULL:
                    await _at_most(_IDLE, queued)
            except asyncio.CancelledError:
                return
            except Exception as problem:
                if stopping.is_set():
                    return
                if not unavailable(problem) and not _is_kafka_away(problem):
                    raise
                self._answered("database" if unavailable(problem) else "kafka", False)
                await asyncio.sleep(_AWAY)

    async def drain(self) -> int:
        """Send one batch of rows and delete those that the broker has acknowledged; Unavailable when some weren't."""
        deadline = time.monotonic() + _SEND_SECONDS
        connection, rows = await asyncio.to_thread(outbox.take, self._engine, self._topics, _FULL)
        sent: list[int] = []
        try:
            by_topic: dict[str, list[Any]] = {}
            for row in rows:
                by_topic.setdefault(row.topic, []).append(row)
            tried = await asyncio.gather(
                *(self._send(*one, deadline) for one in by_topic.items()), return_exceptions=True
            )
            sent = [number for numbers in tried if not isinstance(numbers, BaseException) for number in numbers]
        finally:
            await asyncio.shield(asyncio.to_thread(outbox.settle, connection, sent))
        problems = [problem for problem in tried if isinstance(problem, Exception)]
        if problems:
            raise max(problems, key=lambda problem: not _is_kafka_away(problem))  # a bug before an outage
        if len(sent) < len(rows):
            raise Unavailable("kafka")
        return len(rows)

    async def _send(self, topic: str, rows: Sequence[Any], deadline: float) -> list[int]:
        """Send the rows of a topic; the numbers of those that the broker has acknowledged."""
        producer = await self._producer()
        fates = await producer.send_together(topic, [_record(row) for row in rows], deadline)
        for problem in fates:
            if problem is not None and not _is_kafka_away(problem):
                raise problem
            if problem is not None and not problem.retriable:
                self._log.error("record_refused", topic=topic, error=type(problem).__name__)
        return [row.id for row, problem in zip(rows, fates, strict=True) if problem is None]


def _record(row: Any) -> Record:
    return Record(
        row.key.encode() if row.key else None,
        None if row.value is None else bytes(row.value),
        outbox.kafka_headers(row.headers),
    )


def _is_kafka_away(problem: BaseException) -> bool:
    """Whether Kafka doesn't answer or refuses, or the producer isn't started yet.

    A bare KafkaError is how aiokafka says that its sender has ended of a bug, for ever.
    """
    return isinstance(problem, (Unavailable, KafkaError, NotReady, OSError)) and type(problem) is not KafkaError


async def _at_most(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
