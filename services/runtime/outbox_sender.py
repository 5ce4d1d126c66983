"""Sends what the outbox holds for some topics, for a service that has no Faust worker to do it.

A thread of its own: rows are taken under locks, handed to a producer, and deleted when the broker has acknowledged
them. A crash in between sends a row twice, which everything downstream takes as once.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError
from sqlalchemy import Engine

from services.runtime import outbox
from services.runtime.database import unavailable
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, Reached
from services.runtime.outcomes import Unavailable
from services.runtime.settings import WrongSetting

LONGEST_RECORD = 32 * 2**20
_AT_ONCE = 200
_PAUSE, _LONG_PAUSE = 0.1, 1.0


class OutboxSender:
    """``access`` leads to the brokers, ``probe`` asks whether they answer; ``said`` hears of each dependency's state.

    ``said`` is called with ``kafka`` or ``database`` and whether it answers, after each round; ``broken`` with a bug.
    """

    def __init__(
        self,
        engine: Engine,
        topics: Sequence[str],
        access: KafkaAccess,
        probe: KafkaProbe,
        said: Callable[[str, bool], None],
        broken: Callable[[BaseException], None],
        *,
        client: str,
        wait: float = 30.0,
    ) -> None:
        self._engine, self._topics, self._access, self._probe = engine, tuple(topics), access, probe
        self._said, self._broken, self._client, self._wait = said, broken, client, wait
        self._stopping = threading.Event()
        self._producer: Any = None
        self._asked = -math.inf
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin sending."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round that is under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._wait)
        self._discard()

    def send(self) -> int:
        """One round: send the oldest rows; how many. Unavailable when Kafka didn't take them all."""
        connection, rows = outbox.take(self._engine, self._topics, _AT_ONCE)
        sent: list[int] = []
        try:
            if rows:
                sent = self._acknowledged(rows)
            elif time.monotonic() - self._asked > 5:  # without rows nothing else would notice that Kafka is away
                self._reach()
        finally:
            outbox.settle(connection, sent)
        if len(sent) < len(rows):
            raise Unavailable("kafka")
        return len(rows)

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = _PAUSE
            try:
                pause = 0 if self.send() == _AT_ONCE else _PAUSE
                self._said("database", True)
                self._said("kafka", True)
            except Unavailable:
                self._said("kafka", False)
                pause = _LONG_PAUSE
            except BaseException as problem:  # what left this thread would leave a service behind that sends nothing
                if not unavailable(problem) and not _no_tables(problem):
                    self._broken(problem)
                    return
                self._said("database", False)
                pause = _LONG_PAUSE
            self._stopping.wait(pause)

    def _acknowledged(self, rows: Sequence[Any]) -> list[int]:
        producer = self._connected()
        waiting = []
        for row in rows:
            key = row.key.encode() if row.key else None
            try:
                future = producer.send(
                    row.topic, key=key, value=bytes(row.value), headers=outbox.kafka_headers(row.headers)
                )
            except (KafkaError, OSError):
                continue
            waiting.append((row.id, future))
        deadline = time.monotonic() + self._wait
        sent = []
        for number, future in waiting:
            try:
                future.get(timeout=max(0.01, deadline - time.monotonic()))
                sent.append(number)
            except (KafkaError, OSError):
                continue
        if len(sent) < len(rows):
            self._discard()
        return sent

    def _reach(self) -> None:
        if self._probe.ask() is not Reached.ANSWERS:
            raise Unavailable("kafka")
        self._asked = time.monotonic()

    def _connected(self) -> Any:
        if self._producer is None:
            try:
                self._producer = KafkaProducer(
                    **self._access.kafka_python(),
                    client_id=self._client,
                    acks="all",
                    enable_idempotence=True,
                    allow_auto_create_topics=False,
                    max_request_size=LONGEST_RECORD,
                    bootstrap_timeout_ms=int(min(self._wait, 5.0) * 1000),
                    max_block_ms=int(self._wait * 500),
                    request_timeout_ms=int(self._wait * 400),
                    delivery_timeout_ms=int(self._wait * 900),
                    metrics_enabled=False,
                )
            except (KafkaError, OSError, WrongSetting):  # a file is being replaced
                raise Unavailable("kafka") from None
        return self._producer

    def _discard(self) -> None:
        """A producer that failed is made anew; what it still holds may be sent twice, never lost."""
        producer, self._producer = self._producer, None
        if producer is not None:
            threading.Thread(target=producer.close, kwargs={"timeout": 0}, daemon=True).start()


def _no_tables(problem: BaseException) -> bool:
    return getattr(getattr(problem, "orig", None), "sqlstate", None) == "42P01"  # undefined_table: migrate comes
