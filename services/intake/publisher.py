"""Bytes into Kafka, durable before the call returns."""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError, TopicAuthorizationFailedError

from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, Reached
from services.runtime.outcomes import Unavailable
from services.runtime.settings import WrongSetting

LONGEST_RECORD = 20 * 2**20
_PAUSE = 1.0


class TooLarge(Exception):
    """The broker takes no record of that size; sending it again doesn't help."""


class Publisher(Protocol):
    """Where the intake stores what it receives."""

    async def publish(self, topic: str, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> None:
        """Return when the record is durable; Unavailable when it isn't in time, TooLarge when it never will be."""


class KafkaPublisher:
    """A producer that is made when it is needed, waits a bounded time, and is made anew after a failure.

    ``refused`` is told when Kafka is there and won't have us.

    Idempotent, all replicas: a record is written once for each call that returns. After Unavailable it may or may not
    have been written; the sender's repetition is then a duplicate, which the message ledger tells by its content.
    """

    def __init__(
        self,
        access: KafkaAccess,
        wait: float = 8.0,
        workers: int = 32,
        refused: Callable[[Reached], None] = lambda _: None,
    ) -> None:
        self._access = access
        self._probe = KafkaProbe(access, refused)
        self._wait = wait
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="publish")
        self._lock = threading.Lock()
        self._producer: Any = None
        self._failed_at = -math.inf

    async def publish(self, topic: str, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> None:
        """Store one record."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._publish, topic, key, value, list(headers.items()))

    async def answers(self) -> bool:
        """Whether Kafka can be reached now: a connection to a broker, and a producer that got its metadata."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self._answers)

    def close(self) -> None:
        """Let go of the broker, after what is under way."""
        self._pool.shutdown(wait=True)
        with self._lock:
            if self._producer is not None:
                self._producer.close(timeout=self._wait)
                self._producer = None

    def _publish(self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        producer = self._connected()
        try:
            producer.send(topic, key=key, value=value, headers=headers).get(timeout=self._wait)
        except (MessageSizeTooLargeError, RecordListTooLargeError):
            raise TooLarge from None
        except TopicAuthorizationFailedError:
            self._discard(producer)
            self._probe.note(Reached.TOPIC)
            raise Unavailable("kafka") from None
        except (KafkaError, OSError, AssertionError, RuntimeError):
            self._discard(producer)
            raise Unavailable("kafka") from None

    def _connected(self) -> Any:
        with self._lock:
            if self._producer is None:
                if time.monotonic() - self._failed_at < _PAUSE:
                    raise Unavailable("kafka")
                try:
                    self._producer = KafkaProducer(
                        **self._access.kafka_python(),
                        client_id="cryowatch-intake",
                        acks="all",
                        enable_idempotence=True,
                        allow_auto_create_topics=False,
                        max_request_size=LONGEST_RECORD,
                        bootstrap_timeout_ms=int(self._wait * 500),
                        max_block_ms=int(self._wait * 1000),
                        request_timeout_ms=int(self._wait * 400),
                        delivery_timeout_ms=int(self._wait * 900),
                        metrics_enabled=False,
                    )
                except (KafkaError, OSError, WrongSetting):  # a file is being replaced
                    self._failed_at = time.monotonic()
                    raise Unavailable("kafka") from None
            return self._producer

    def _discard(self, producer: Any) -> None:
        """Forget a producer that failed; whoever holds it still finishes with it."""
        with self._lock:
            if self._producer is producer:
                self._producer = None
        threading.Thread(target=producer.close, kwargs={"timeout": 0}, daemon=True).start()

    def _answers(self) -> bool:
        if self._probe.ask() is not Reached.ANSWERS:
            return False
        try:
            self._connected()
        except Unavailable:
            return False
        return True
