"""How long the trail can be searched: records older than that go from the table, in small steps."""

from datetime import timedelta

from sqlalchemy import Connection, delete, func, select

from services.runtime.tables import audit_events

_records = audit_events.c


def let_go(connection: Connection, days: int, limit: int = 1000) -> int:
    """Remove at most ``limit`` records older than ``days``, in the caller's transaction; how many there were.

    The topic has a retention of its own.
    """
    old = (
        select(_records.number)
        .where(_records.recorded < func.now() - timedelta(days=days))
        .order_by(_records.recorded)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(delete(audit_events).where(_records.number.in_(old))).rowcount
