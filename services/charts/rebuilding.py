"""Charts built again from the archive, in a schema of their own beside the live tables.

Every table of the schema is new, so nothing that is built can touch what is live. The messages go through the services'
own handlers and the joiner's own transaction; only publishing waits until all facts are in, so that each group is
published once. A step is one transaction with its place in the archive: an interrupted rebuild goes on where it was.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    event,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.charts.day_sums import sum_some
from services.charts.due import publish_due
from services.charts.expiry import expire
from services.charts.publishing import Publisher
from services.charts.tables import kin
from services.clinical.facts import Fact
from services.runtime import archive
from services.runtime.archive import Archived
from services.runtime.database import metadata, rejected

SCHEMA = "cryowatch_rebuild"
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Groups with new facts are due since then, so that publishing them is the timer's own step."""

_own = MetaData()
positions = Table(
    "rebuild_positions",
    _own,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, nullable=False),
)
built_with = Table("rebuild_built_with", _own, Column("what", Text, primary_key=True))

Progress = Callable[[int], None]
ReadFacts = Callable[[Connection, Sequence[Archived]], list[Fact]]
"""Messages to facts, by the services' handlers; the connection is the rebuild's, where console frames are kept."""


def quiet(_: int) -> None:
    """Progress for nobody."""


@dataclass(frozen=True, slots=True)
class Entering(Publisher):
    """A publisher that enters facts and leaves publishing for later: their groups become due at once."""

    def publish(self, connection: Connection, ids: Sequence[int], as_of: datetime) -> None:
        """Mark the groups."""
        if ids:
            connection.execute(update(kin).where(kin.c.id.in_(ids)).values(next_due=AT_ONCE))


def inside(engine: Engine) -> Engine:
    """Make an engine see the rebuild's schema and no other. It must be an engine of its own."""

    @event.listens_for(engine, "connect", insert=True)
    def _(connection, _record):  # type: ignore[no-untyped-def]  # psycopg's own
        before, connection.autocommit = connection.autocommit, True
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.autocommit = before

    return engine


def prepare(live: Connection, what: str, *, fresh: bool) -> bool:
    """Make the schema, or keep an unfinished one, built with the same rules and tables. True when it goes on."""
    what = f"{what}, tables {live.execute(text('SELECT version_num FROM alembic_version')).scalar_one()}"
    known = live.execute(text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.rebuild_built_with"}).scalar()
    if known is not None and not fresh:
        query = text(f"SELECT what FROM {SCHEMA}.rebuild_built_with")
        if live.execute(query).scalar() == what:
            return True
    drop(live)
    live.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    live.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
    metadata.create_all(live, checkfirst=False)
    _own.create_all(live, checkfirst=False)
    # A fact is as old as its message, to the day: expiry must not begin anew.
    live.execute(
        text("ALTER TABLE facts ALTER recorded_at SET DEFAULT current_setting('cryowatch.recorded_at')::timestamptz")
    )
    live.execute(insert(built_with).values(what=what))
    return False


def drop(live: Connection) -> None:
    """Throw the rebuild's schema away, where there is one."""
    live.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))


@dataclass
class Rebuild:
    """One rebuild: ``live`` reads the archive, ``engine`` sees the new schema only."""

    live: Engine
    engine: Engine
    publisher: Publisher
    read_facts: ReadFacts
    expire_days: int
    batch: int = 500
    refused: int = field(default=0, init=False)

    def feed(self, progress: Progress = quiet) -> int:
        """Enter what the archive holds behind the places reached; returns how many messages that were."""
        with self.live.connect() as connection:
            parts = archive.partitions(connection)
        return sum(self._feed(topic, partition, progress) for topic, partition in parts)

    def _feed(self, topic: str, partition: int, progress: Progress) -> int:
        column = positions.c
        query = select(column.offset).where(column.topic == topic, column.partition == partition)
        with self.engine.connect() as connection:
            after = connection.execute(query).scalar()
        after, fed = -1 if after is None else after, 0
        while True:
            with self.live.connect() as connection:
                found = archive.read(connection, topic, partition, after, self.batch)
            if not found:
                return fed
            for _, of_one_day in groupby(found, key=lambda one: one.recorded_at.date()):
                self._enter(list(of_one_day))
            after, fed = found[-1].message.offset, fed + len(found)
            progress(len(found))

    def _enter(self, found: Sequence[Archived]) -> None:
        """Enter messages in one transaction; where the database refuses one, as the live worker does, by halves."""
        try:
            with self.engine.begin() as connection:
                self.recorded(connection, max(one.recorded_at for one in found))
                self.enter(connection, self.read_facts(connection, found))
                self._reached(connection, found[-1])
        except Exception as problem:
            if not rejected(problem):
                raise
            if len(found) > 1:
                self._enter(found[: len(found) // 2])
                self._enter(found[len(found) // 2 :])
                return
            self.refused += 1
            with self.engine.begin() as connection:
                self._reached(connection, found[-1])

    def enter(self, connection: Connection, facts: Sequence[Fact]) -> int:
        """Enter facts without publishing; how many were new."""
        return Entering(self.publisher.rules, self.publisher.routing_key).enter(connection, facts, AT_ONCE)

    def recorded(self, connection: Connection, at: datetime) -> None:
        """Let the facts that this transaction enters be recorded at that time."""
        connection.execute(text("SELECT set_config('cryowatch.recorded_at', :at, true)"), {"at": at.isoformat()})

    def _reached(self, connection: Connection, last: Archived) -> None:
        place = {"topic": last.message.topic, "partition": last.message.partition, "offset": last.message.offset}
        statement = insert(positions).values(**place)
        offset = {"offset": statement.excluded.offset}
        connection.execute(statement.on_conflict_do_update(index_elements=["topic", "partition"], set_=offset))

    def publish(self, as_of: datetime, progress: Progress = quiet, within: Connection | None = None) -> None:
        """Expire what has expired, publish every group that is due, and sum the days; in ``within`` or in steps."""
        if self.expire_days:
            while (step := self._step(within, lambda c: expire(c, self.expire_days).seen)) > 0:
                pass
        while (step := self._step(within, lambda c: publish_due(c, self.publisher, as_of))) > 0:
            progress(step)
        while self._step(within, sum_some) > 0:
            pass

    def _step(self, within: Connection | None, step: Callable[[Connection], int]) -> int:
        scope: AbstractContextManager[Connection] = nullcontext(within) if within is not None else self.engine.begin()
        with scope as connection:
            return step(connection)

    def waiting(self) -> int:
        """How many groups are still to be published."""
        with self.engine.connect() as connection:
            query = select(func.count()).select_from(kin).where(kin.c.next_due <= AT_ONCE)
            return connection.execute(query).scalar_one()
