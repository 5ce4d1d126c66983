"""What the publisher does with each fate of its rows: only what was acknowledged is deleted, and a bug is no outage."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError
from alembic import command
from sqlalchemy import Engine, create_engine, select, text

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.stack import Stack, running
from services.command.migrate import alembic_config
from services.runtime import outbox_publisher
from services.runtime.bundle_producer import SEND_TIMEOUT, Record
from services.runtime.database import IDLE_IN_TRANSACTION_MS
from services.runtime.logs import configure
from services.runtime.outbox import Outgoing, put
from services.runtime.outbox_publisher import OutboxPublisher
from services.runtime.outcomes import Unavailable
from services.runtime.tables import outbox
from services.runtime.worker import EX_BUG

pytestmark = pytest.mark.live
TOPICS = ("a", "b")
Fate = Callable[[str, Record], Exception | None]


class Broker:
    """Stands where the producer does: decides on each record, and keeps what it took."""

    def __init__(self, fate: Fate) -> None:
        self.fate, self.taken = fate, []
        self.deadlines: list[float] = []

    async def producer(self) -> "Broker":
        return self

    async def send_together(self, topic: str, records: Sequence[Record], deadline: float) -> list[Exception | None]:
        self.deadlines.append(deadline)
        fates = [self.fate(topic, record) for record in records]
        self.taken += [record.key for record, fate in zip(records, fates, strict=True) if fate is None]
        return fates


@pytest.fixture(scope="module")
def migrated() -> Iterator[Engine]:
    with LocalDatabase() as server:
        engine = create_engine(server.create_database("publisher"))
        command.upgrade(alembic_config(engine), "head")
        yield engine
        engine.dispose()


@pytest.fixture
def engine(migrated: Engine) -> Engine:
    with migrated.begin() as connection:
        connection.execute(outbox.delete())
        put(connection, [Outgoing(topic, f"{topic}{n}", f"{topic}{n}", b"v") for topic in TOPICS for n in range(3)])
    return migrated


def waiting(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.execute(select(outbox.c.key)).scalars())


def publisher(engine: Engine, broker: Broker, said: list[tuple[str, bool]] | None = None) -> OutboxPublisher:
    def answered(dependency: str, up: bool) -> None:
        if said is not None:
            said.append((dependency, up))

    return OutboxPublisher(engine, TOPICS, broker.producer, answered, configure("test", "ERROR"))


def test_what_was_acknowledged_is_deleted_and_nothing_else(engine: Engine) -> None:
    broker = Broker(lambda _, record: MessageSizeTooLargeError() if record.key in (b"a1", b"b2") else None)
    with pytest.raises(Unavailable):
        asyncio.run(publisher(engine, broker).drain())
    assert sorted(broker.taken) == [b"a0", b"a2", b"b0", b"b1"]
    assert waiting(engine) == ["a1", "b2"]
    broker.fate = lambda *_: None
    assert asyncio.run(publisher(engine, broker).drain()) == 2
    assert waiting(engine) == []


def test_a_bug_beside_an_outage_comes_out(engine: Engine) -> None:
    def fate(topic: str, _: Record) -> None:
        raise ZeroDivisionError if topic == "b" else KafkaConnectionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(publisher(engine, Broker(fate)).drain())
    assert len(waiting(engine)) == 6


def test_a_batch_that_was_cancelled_is_not_acknowledged_and_ends_nothing(engine: Engine) -> None:
    def fate(topic: str, _: Record) -> None:
        if topic == "a":
            raise asyncio.CancelledError

    with pytest.raises(Unavailable):
        asyncio.run(publisher(engine, Broker(fate)).drain())
    assert waiting(engine) == ["a0", "a1", "a2"]


def test_a_sender_that_has_ended_for_ever_is_a_bug(engine: Engine) -> None:
    """aiokafka says so with a bare KafkaError, to whoever sends."""
    said: list[tuple[str, bool]] = []
    broken = Broker(lambda *_: KafkaError("Unexpected error during batch delivery"))
    with pytest.raises(KafkaError) as raised:
        asyncio.run(until_empty(engine, publisher(engine, broken, said)))
    assert (type(raised.value), said) == (KafkaError, [])


def test_the_last_batch_ends_before_the_locks_go(engine: Engine) -> None:
    """A batch is tried twice at most, each for the producer's time-out."""
    broker = Broker(lambda *_: None)
    begun = time.monotonic()
    asyncio.run(publisher(engine, broker).drain())
    assert len(broker.deadlines) == 2
    assert max(broker.deadlines) - begun + 2 * SEND_TIMEOUT < IDLE_IN_TRANSACTION_MS / 1000


def test_it_waits_while_kafka_is_away_and_goes_on(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_publisher, "_AWAY", 0.01)
    rounds, said = [], []

    def fate(topic: str, _: Record) -> Exception | None:
        rounds.append(topic)
        return KafkaConnectionError() if len(rounds) <= 12 else None

    asyncio.run(until_empty(engine, publisher(engine, Broker(fate), said)))
    assert said[:2] == [("kafka", False)] * 2
    assert said[-1] == ("kafka", True)


def test_a_bug_ends_it(engine: Engine) -> None:
    def fate(*_: Any) -> None:
        raise ZeroDivisionError

    said: list[tuple[str, bool]] = []
    with pytest.raises(ZeroDivisionError):
        asyncio.run(until_empty(engine, publisher(engine, Broker(fate), said)))
    assert said == []


def test_a_bug_in_sending_stops_the_whole_worker(tmp_path: Path) -> None:
    (tmp_path / "sites.toml").write_text("[sites.IEO]\n", "utf-8")
    with LocalBroker() as broker, LocalDatabase() as server:
        stack = Stack(broker.bootstrap, server.create_database("bug"), tmp_path)
        with running(stack, ("report_normalizer",)):
            engine = create_engine(stack.database_url)
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE outbox RENAME TO elsewhere"))
            engine.dispose()
            assert stack.services["report_normalizer"].process.wait(20) == EX_BUG


async def until_empty(engine: Engine, one: OutboxPublisher) -> None:
    stopping, queued = asyncio.Event(), asyncio.Event()

    def beat() -> None:
        if not waiting(engine):
            stopping.set()
            queued.set()

    await asyncio.wait_for(one.run(stopping, queued, beat), 20)
