"""Publish the kin groups that are due. It writes no facts: publishing is the same function at a later time."""

from datetime import datetime

from sqlalchemy import Connection, select

from services.charts.publishing import Publisher
from services.charts.tables import kin


def publish_due(connection: Connection, publisher: Publisher, as_of: datetime, limit: int = 200) -> int:
    """Publish at most ``limit`` due groups in the caller's transaction; returns how many were due."""
    due = connection.execute(
        select(kin.c.id)
        .where(kin.c.next_due <= as_of)
        .order_by(kin.c.next_due, kin.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = sorted(due.scalars())
    publisher.publish(connection, ids, as_of)
    return len(ids)
