"""Whether everything that was sent has come out at the other end: ledger, consumer lag, outbox, due groups, sums."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

GROUPS = {
    "cryowatch-report_normalizer": ("hl7v2-inbound", "fhir-inbound", "adjudications"),
    "cryowatch-telemetry_reducer": ("procedure-telemetry",),
    "cryowatch-procedure_joiner": ("clinical-facts",),
}


INBOUND = ("hl7v2-inbound", "fhir-inbound", "procedure-telemetry")


def lag(brokers: str, client: Mapping[str, Any] = MappingProxyType({})) -> int:
    """Records that a service has still to commit, over all of them; ``client`` is how to log in."""
    whom = {"bootstrap_servers": brokers, **client}
    admin = KafkaAdminClient(**whom, request_timeout_ms=5000, bootstrap_timeout_ms=5000)
    try:
        ends = _ends(admin, [topic for topics in GROUPS.values() for topic in topics])
        committed = admin.list_group_offsets(dict.fromkeys(GROUPS))
    finally:
        admin.close()
    done = {part: held.offset for offsets in committed.values() for part, held in offsets.items()}
    return sum(end - max(0, done.get(part, 0)) for part, end in ends.items())


def produced(brokers: str) -> dict[str, int]:
    """How many records each inbound topic has taken."""
    admin = KafkaAdminClient(bootstrap_servers=brokers, request_timeout_ms=5000, bootstrap_timeout_ms=5000)
    try:
        ends = _ends(admin, INBOUND)
    finally:
        admin.close()
    return {name: sum(end for part, end in ends.items() if part.topic == name) for name in INBOUND}


def _ends(admin: Any, names: Sequence[str]) -> dict[TopicPartition, int]:
    parts = [
        TopicPartition(topic["name"], part["partition_index"])
        for topic in admin.describe_topics(list(names))
        for part in topic["partitions"]
    ]
    return {part: found.offset for part, found in admin.list_partition_offsets(dict.fromkeys(parts, -1)).items()}


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
            entered = sum(n for (topic, _), n in ledger_rows(engine).items() if topic in INBOUND)
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
