"""The pipeline's own metrics. Domain metrics are gauges of the complication_metrics service; these are its plumbing."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.runtime.outbox import REVISIONS_REFUSED

OUTCOMES = ("done", "duplicate", "ignored", "dead_letter")


class PipelineMetrics:
    """What every stream processor reports. Series known in advance start at 0."""

    def __init__(self, service: str, topics: tuple[str, ...]) -> None:
        self.registry = CollectorRegistry()
        self._service, self._topics = service, topics
        self.messages = Counter(
            "cryo_messages_total",
            "Messages by what became of them",
            ["service", "topic", "outcome"],
            registry=self.registry,
        )
        self.last_message = Gauge(
            "cryo_last_message_timestamp_seconds",
            "When the newest processed message was put into Kafka",
            ["service"],
            registry=self.registry,
        )
        self.dependency_up = Gauge(
            "cryo_dependency_up", "Whether a dependency answers", ["service", "dependency"], registry=self.registry
        )
        self.outbox_rows = Gauge(
            "cryo_outbox_rows", "Records that wait to be published", ["service"], registry=self.registry
        )
        self.lag = Gauge(
            "cryo_lag_records",
            "Records of a topic that are in Kafka and not yet committed by this worker",
            ["service", "topic"],
            registry=self.registry,
        )
        self.oldest = Gauge(
            "cryo_oldest_unprocessed_timestamp_seconds",
            "When the oldest message that waits was put into Kafka; the present while none waits",
            ["service"],
            registry=self.registry,
        )
        self.registry.register(REVISIONS_REFUSED)
        self.batch_seconds = Histogram(
            "cryo_batch_seconds",
            "Seconds per batch, from its first attempt to its commit",
            ["service"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        for topic in topics:
            self.lag.labels(service, topic)
            for outcome in OUTCOMES:
                self.messages.labels(service, topic, outcome)
        for dependency in ("kafka", "database"):
            self.dependency_up.labels(service, dependency).set(0)
        self.outbox_rows.labels(service)
        self.batch_seconds.labels(service)

    def count(self, topic: str, outcome: str, number: int = 1) -> None:
        """Count messages of one topic and outcome."""
        self.messages.labels(self._service, topic, outcome).inc(number)

    def progress(self, lag: Mapping[str, int], in_hand: Sequence[datetime]) -> None:
        """How far behind the worker is: its lag by topic, and the times of the oldest message of each batch in hand.

        With a lag and nothing in hand the last value stays: what is still in Kafka is newer than what was done.
        """
        for topic in self._topics:
            self.lag.labels(self._service, topic).set(lag.get(topic, 0))
        if in_hand:
            self.oldest.labels(self._service).set(min(in_hand).timestamp())
        elif not any(lag.values()):
            self.oldest.labels(self._service).set(time.time())
