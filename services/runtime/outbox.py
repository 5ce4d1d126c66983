"""The outbox: what a transaction decided to publish, sent after its commit and under row locks.

A row of a compacted topic is replaced by a newer revision and never by an older one. Rows stay locked from the read
until the broker has acknowledged them, so revisions leave in order whichever worker sends them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from prometheus_client import Counter
from sqlalchemy import Connection, Engine, Row, delete, func, select
from sqlalchemy.dialects.postgresql import Insert

from services.runtime.batch_rows import as_rows, insertion, one_of
from services.runtime.tables import outbox

REVISIONS_REFUSED = Counter(
    "cryo_revisions_refused_total", "Records not queued because the outbox held a newer revision", registry=None
)
"""Each worker puts it into its own registry. Above zero: somebody published from a state that was already old."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to publish. ``slot`` is its key in a compacted topic, else something unique to it.

    A ``value`` of None is a tombstone, for erasure only.
    """

    topic: str
    slot: str
    key: str | None
    value: bytes | None
    revision: int = 0
    headers: dict[str, str] = field(default_factory=dict)


def put(connection: Connection, records: Iterable[Outgoing]) -> None:
    """Queue records in the caller's transaction; the newest revision of each slot stays."""
    newest: dict[tuple[str, str], Outgoing] = {}
    for record in records:
        held = newest.get((record.topic, record.slot))
        if held is None or record.revision >= held.revision:
            newest[(record.topic, record.slot)] = record
    rows = [
        {
            "topic": r.topic,
            "slot": r.slot,
            "key": r.key,
            "value": r.value,
            "revision": r.revision,
            "headers": r.headers or None,
        }
        for _, r in sorted(newest.items())
    ]
    if not rows:
        return
    queued = connection.execute(_queueing(), as_rows(rows), execution_options={"preserve_rowcount": True})
    if 0 <= queued.rowcount < len(rows):
        REVISIONS_REFUSED.inc(len(rows) - queued.rowcount)


@cache
def _queueing() -> Insert:
    statement = insertion(outbox, ("topic", "slot", "key", "value", "revision", "headers"))
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["topic", "slot"],
        set_={"value": new.value, "revision": new.revision, "headers": new.headers, "key": new.key},
        where=outbox.c.revision <= new.revision,
    )


def take(engine: Engine, topics: Sequence[str], limit: int = 500) -> tuple[Connection, list[Row[tuple[object, ...]]]]:
    """Lock the oldest rows of those topics; the caller must end with :func:`settle`."""
    connection = engine.connect()
    try:
        connection.begin()
        query = (
            select(outbox)
            .where(one_of(outbox.c.topic, topics))
            .order_by(outbox.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return connection, list(connection.execute(query).all())
    except BaseException:
        connection.close()
        raise


def settle(connection: Connection, sent: Sequence[int]) -> None:
    """Delete what the broker acknowledged, and let go of the rest."""
    try:
        if sent:
            connection.execute(delete(outbox).where(one_of(outbox.c.id, sent)))
        connection.commit()
    finally:
        connection.close()


def waiting(connection: Connection, topics: Sequence[str]) -> int:
    """How many records of those topics wait to be published."""
    return connection.execute(select(func.count()).where(one_of(outbox.c.topic, topics))).scalar_one()


def kafka_headers(headers: object) -> list[tuple[str, bytes]]:
    """The headers of a row as Kafka takes them."""
    values = headers if isinstance(headers, dict) else json.loads(headers) if isinstance(headers, str) else {}
    return [(str(name), str(value).encode()) for name, value in sorted(values.items())]
