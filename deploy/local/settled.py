"""Whether everything that was sent has come out at the other end: ledger, consumer lag, outbox, due groups, sums."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

GROUPS = {
    "cryowatch-report_normalizer": ("hl7v2-inbound", "fhir-inbound"),
    "cryowatch-telemetry_reducer": ("procedure-telemetry",),
    "cryowatch-procedure_joiner": ("clinical-facts",),
}


def lag(brokers: str, client: Mapping[str, Any] = MappingProxyType({})) -> int:
    """Records that a service has still to commit, over all of them; ``client`` is how to log in."""
    left = 0
    for group, topics in GROUPS.items():
        consumer = KafkaConsumer(**{"bootstrap_servers": brokers, **client}, group_id=group, enable_auto_commit=False)
        try:
            parts = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
            ends = consumer.end_offsets(parts)
            left += sum(ends[part] - (consumer.committed(part) or 0) for part in parts)
        finally:
            consumer.close(autocommit=False)
    return left


def pending(engine: Engine) -> int:
    """Rows that still wait: outbox, days to be summed again. The audit trail counts no message and has time."""
    with engine.connect() as connection:
        query = text(
            "SELECT (SELECT count(*) FROM outbox WHERE topic <> 'audit-events') + (SELECT count(*) FROM dirty_days)"
        )
        return int(connection.execute(query).scalar_one())


def due(engine: Engine, as_of: str) -> int:
    """Kin groups that the timer has still to publish."""
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM kin WHERE next_due <= CAST(:now AS timestamptz)")
        return int(connection.execute(query, {"now": as_of}).scalar_one())


def ledger_rows(engine: Engine) -> dict[tuple[str, str], int]:
    """Messages by (topic, outcome)."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT topic, outcome, count(*) FROM message_ledger GROUP BY 1, 2"))
        return {(topic, outcome): n for topic, outcome, n in rows}


def wait_settled(
    brokers: str,
    engine: Engine,
    sent: int,
    as_of: str,
    *,
    patience: float = 120,
    progress: Callable[[int], None] = lambda _: None,
    client: Mapping[str, Any] = MappingProxyType({}),
) -> float:
    """Wait until ``sent`` messages are in the ledger and nothing waits anywhere; seconds it took. TimeoutError else."""
    started = time.monotonic()
    state = "nothing came"
    while time.monotonic() - started < patience:
        try:
            entered = sum(ledger_rows(engine).values())
            progress(entered)
            if entered >= sent:
                waiting = (lag(brokers, client), pending(engine), due(engine, as_of))
                if waiting == (0, 0, 0) and pending(engine) == 0:
                    return time.monotonic() - started
                state = f"lag {waiting[0]}, rows waiting {waiting[1]}, groups due {waiting[2]}"
            else:
                state = f"{entered} of {sent} messages are in the ledger"
        except (DBAPIError, KafkaError, OSError) as problem:
            state = type(problem).__name__
        time.sleep(0.1)
    raise TimeoutError(f"the pipeline didn't settle in {patience:.0f} s: {state}")
