"""Procedure records under another Kafka key, after the key that hashes Kafka keys was rotated.

The compacted topic keeps the last record of each key, so a record has to appear under its new key before the old one
is deleted. Events are keyed by their own id, and facts only spread over partitions by theirs: neither is touched.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, delete, func, select

from services.charts.outgoing_bodies import RECORDS, outgoing_record
from services.charts.tables import procedure_records
from services.clinical.identifiers import routing_key
from services.runtime.outbox import put
from services.runtime.tables import outbox

BATCH = 500


def requeue(engine: Engine, old: bytes, new: bytes) -> Iterator[list[str]]:
    """Queue every record under its new key, a transaction for each batch; yields the batches' old keys.

    What still waits under an old key is dropped: the record of the same procedure is at least as new. A record that
    is changed meanwhile waits for the batch's transaction, so its newer revision is queued after this one.
    """
    columns, last = procedure_records.c, ""
    while True:
        with engine.begin() as connection:
            query = select(columns.procedure, columns.revision, columns.body).where(columns.procedure > last)
            rows = connection.execute(query.order_by(columns.procedure).limit(BATCH).with_for_update(read=True)).all()
            if not rows:
                return
            last = rows[-1].procedure
            before = [routing_key(old, row.procedure) for row in rows]
            connection.execute(delete(outbox).where(outbox.c.topic == RECORDS, outbox.c.slot.in_(before)))
            put(connection, [outgoing_record(row.body, new) for row in rows])
        yield before


def newest(connection: Connection) -> int:
    """The highest number in the outbox; 0 when it is empty."""
    number: int = connection.execute(select(func.coalesce(func.max(outbox.c.id), 0))).scalar_one()
    return number


def waiting(connection: Connection, mark: int) -> int:
    """Procedure records up to that number that no worker has sent yet."""
    query = select(func.count()).where(outbox.c.topic == RECORDS, outbox.c.id <= mark)
    return connection.execute(query).scalar_one()
