"""Publish again the kin groups that time or an upgrade has changed. It writes no facts: the function is the same."""

from datetime import datetime

from sqlalchemy import Connection, or_, select

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


def publish_outdated(connection: Connection, publisher: Publisher, as_of: datetime, limit: int = 100) -> int:
    """Publish at most ``limit`` groups that were published by other rules than those in force, after an upgrade.

    Events keep their ids; what no longer holds is withdrawn. Returns how many there were.
    """
    stamp = publisher.rules.stamp
    outdated = connection.execute(
        select(kin.c.id)
        .where(or_(kin.c.rules < stamp, kin.c.rules > stamp))
        .order_by(kin.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(outdated.scalars())
    publisher.publish(connection, ids, as_of)
    return len(ids)
