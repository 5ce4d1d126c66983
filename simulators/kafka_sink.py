"""Messages straight into Kafka, as an interface engine that produces to the topics itself."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from kafka import KafkaProducer

from simulators.message import Message


class KafkaSink:
    """Sends to the topics; raises the producer's error when a message was not taken. ``client`` is how to log in."""

    def __init__(self, bootstrap: str, client: Mapping[str, Any] = MappingProxyType({})) -> None:
        words = {"bootstrap_servers": bootstrap.split(","), **client}
        self._producer = KafkaProducer(**words, client_id="cryowatch-simulator", acks="all", linger_ms=20)
        self._failed: list[BaseException] = []

    def send(self, message: Message) -> None:
        """Hand one message to the producer; the broker confirms it by the next :meth:`flush`."""
        future = self._producer.send(message.topic, value=message.value, key=message.key, headers=message.headers)
        future.add_errback(self._failed.append)

    def flush(self) -> None:
        """Wait until everything that was sent is durable."""
        self._producer.flush(timeout=60)
        if self._failed:
            raise self._failed[0]

    def close(self) -> None:
        """Flush and disconnect."""
        self.flush()
        self._producer.close()
