"""The archive: the bytes of understood messages in the ledger, read from where a reader stands, and let go in time."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.runtime.message import InboundMessage
from services.runtime.subjects import REDACTED
from services.runtime.tables import dead_letter_edits, dead_letters, ignored_totals, message_ledger

_ledger = message_ledger.c
_KEPT = ("done", "duplicate", "dead_letter")
COLUMNS = (
    _ledger.topic,
    _ledger.partition,
    _ledger.offset,
    _ledger.sender,
    _ledger.outcome,
    _ledger.warnings,
    _ledger.recorded_at,
    _ledger.body,
)


@dataclass(frozen=True, slots=True)
class Archived:
    """A message as the archive holds it. Of the headers the sender's name is left, which is all that a reader uses."""

    message: InboundMessage
    outcome: str
    redacted: bool
    recorded_at: datetime


def partitions(connection: Connection) -> list[tuple[str, int]]:
    """The (topic, partition) pairs of the ledger, each found by one step in its primary key."""
    found: list[tuple[str, int]] = []
    place = tuple_(_ledger.topic, _ledger.partition)
    while True:
        query = select(_ledger.topic, _ledger.partition).order_by(_ledger.topic, _ledger.partition).limit(1)
        if found:
            query = query.where(place > tuple_(literal(found[-1][0]), literal(found[-1][1])))
        row = connection.execute(query).one_or_none()
        if row is None:
            return found
        found.append((row[0], row[1]))


def read(connection: Connection, topic: str, partition: int, after: int, limit: int) -> list[Archived]:
    """The next messages of a partition that have a body, behind offset ``after``."""
    query = (
        select(*COLUMNS)
        .where(_ledger.topic == topic, _ledger.partition == partition, _ledger.offset > after)
        .where(_ledger.body.is_not(None), _ledger.outcome.in_(_KEPT))
        .order_by(_ledger.offset)
        .limit(limit)
    )
    return [archived(row) for row in connection.execute(query)]


def held(connection: Connection) -> int:
    """How many messages the archive holds."""
    query = select(func.count()).where(_ledger.body.is_not(None), _ledger.outcome.in_(_KEPT))
    return connection.execute(query).scalar_one()


def archived(row: Row[*tuple[object, ...]]) -> Archived:
    """A ledger row, selected by :data:`COLUMNS`, as a message."""
    headers = {"cw-sender": row.sender.encode()} if row.sender else {}
    message = InboundMessage(row.topic, row.partition, row.offset, bytes(row.body), headers=headers)
    return Archived(message, row.outcome, REDACTED in (row.warnings or ()), row.recorded_at)


def prune(connection: Connection, days: int, limit: int = 500) -> int:
    """Let go of at most ``limit`` bodies of understood messages older than ``days``."""
    place = tuple_(_ledger.topic, _ledger.partition, _ledger.offset)
    old = connection.execute(
        select(_ledger.topic, _ledger.partition, _ledger.offset)
        .where(
            _ledger.body.is_not(None),
            _ledger.outcome.in_(("done", "duplicate")),
            _ledger.recorded_at < func.now() - timedelta(days=days),
        )
        .order_by(_ledger.recorded_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if old:
        connection.execute(update(message_ledger).where(place.in_([tuple(row) for row in old])).values(body=None))
    return len(old)


def prune_handled(connection: Connection, days: int, limit: int = 500) -> int:
    """Let go of the bytes, headers and edits of at most ``limit`` dead letters that were handled ``days`` ago.

    An open one keeps them, however old it is.
    """
    letters = dead_letters.c
    old = connection.execute(
        select(letters.id, letters.topic, letters.partition, letters.offset)
        .where(letters.state != "open", ~letters.let_go, letters.handled_at < func.now() - timedelta(days=days))
        .order_by(letters.handled_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if old:
        ids = [row.id for row in old]
        place = tuple_(_ledger.topic, _ledger.partition, _ledger.offset)
        connection.execute(update(message_ledger).where(place.in_([tuple(row[1:]) for row in old])).values(body=None))
        connection.execute(
            update(dead_letters).where(letters.id.in_(ids)).values(body=None, key=None, headers={}, let_go=True)
        )
        connection.execute(update(dead_letter_edits).where(dead_letter_edits.c.letter.in_(ids)).values(body=None))
    return len(old)


def sum_ignored(connection: Connection, days: int, limit: int = 1000) -> int:
    """Replace at most ``limit`` ledger rows of ignored messages, older than ``days``, by totals; how many there were.

    Nine in ten rows are such, and say nothing but a code. Kafka has let go of the messages long before, so none of
    them can be delivered again and counted twice.
    """
    old = (
        select(_ledger.topic, _ledger.partition, _ledger.offset)
        .where(_ledger.outcome == "ignored", _ledger.recorded_at < func.now() - timedelta(days=days))
        .order_by(_ledger.recorded_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    place = tuple_(_ledger.topic, _ledger.partition, _ledger.offset)
    gone = delete(message_ledger).where(place.in_(old)).returning(_ledger.topic, _ledger.recorded_at, _ledger.code)
    totals = Counter((row.topic, row.recorded_at.date(), row.code or "") for row in connection.execute(gone))
    if totals:
        statement = insert(ignored_totals)
        added = ignored_totals.c.messages + statement.excluded.messages
        connection.execute(
            statement.on_conflict_do_update(index_elements=["topic", "day", "code"], set_={"messages": added}),
            [{"topic": t, "day": d, "code": c, "messages": n} for (t, d, c), n in sorted(totals.items())],
        )
    return sum(totals.values())
