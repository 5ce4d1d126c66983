"""What the intake counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

_ANSWERS = {
    "mllp": ("AA", "AE", "AR", "CA", "CE", "CR", "none"),
    "http": ("202", "400", "401", "403", "404", "405", "413", "415", "429", "503"),
}


class IntakeMetrics:
    """Messages by answer, connections, and bytes that came outside any frame. Series start at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.messages = Counter(
            "cryo_intake_messages_total", "Messages by how they were answered", ["protocol", "ack"], registry=registry
        )
        self.last_stored = Gauge(
            "cryo_intake_last_stored_timestamp_seconds",
            "When the newest message became durable",
            ["protocol"],
            registry=registry,
        )
        self.connections = Gauge("cryo_intake_connections", "Open MLLP connections", registry=registry)
        self.buffered = Gauge("cryo_intake_buffered_bytes", "Bytes of unfinished MLLP frames", registry=registry)
        self.turned_away = Counter(
            "cryo_intake_connections_refused_total", "MLLP connections over the limit", registry=registry
        )
        self.stray_bytes = Counter(
            "cryo_intake_stray_bytes_total", "Bytes that came outside any MLLP frame", registry=registry
        )
        self.kafka_up = Gauge(
            "cryo_dependency_up", "Whether a dependency answers", ["service", "dependency"], registry=registry
        )
        for protocol, answers in _ANSWERS.items():
            for answer in answers:
                self.messages.labels(protocol, answer)
            self.last_stored.labels(protocol)
        self.kafka_up.labels("intake", "kafka").set(0)
