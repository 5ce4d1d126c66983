"""Two transactions beside each other: what the locks and marks of the charts are for, each made to matter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.event import listen

from deploy.local.database import LocalDatabase
from services.charts.day_sums import sum_dirty_days, sum_dirty_months
from services.charts.publishing import Publisher
from services.clinical.facts import Fact, state
from services.clinical.procedures.frame import digest_frame
from services.clinical.statements import TreatmentSummary
from services.command.migrate import alembic_config
from services.telemetry_reducer.app import summaries
from services.telemetry_reducer.handler import KeyedFrame
from tests.builders import LONG_AFTER, RULES, START, procedure
from tests.clinical.procedures.frames import frame

pytestmark = pytest.mark.live
PUBLISHER = Publisher(RULES, b"a key that hashes the keys of Kafka")


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDatabase]:
    with LocalDatabase() as running:
        yield running


@pytest.fixture
def engine(server: LocalDatabase, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(server.create_database(f"beside_{abs(hash(request.node.name))}"))
    command.upgrade(alembic_config(engine), "head")
    yield engine
    engine.dispose()


def enter(engine: Engine, *facts: Fact) -> int:
    with engine.begin() as connection:
        return PUBLISHER.enter(connection, facts, LONG_AFTER)


def test_an_older_treatment_summary_never_replaces_a_fuller_one(engine: Engine) -> None:
    def summary(frames: int) -> Fact:
        return state(TreatmentSummary("IEO", "A1", "C1", frames, START, START, True))

    assert [1, 1, 0, 0] == [enter(engine, summary(frames)) for frames in (5, 9, 7, 9)]
    with engine.connect() as connection:
        assert [9] == list(connection.execute(text("SELECT weight FROM facts")).scalars())


def test_a_day_that_changes_while_it_is_summed_is_marked_again(engine: Engine) -> None:
    enter(engine, procedure("A1"))
    with ThreadPoolExecutor(1) as pool:

        def change_it(*event: Any) -> None:
            if "INTO day_totals" in event[2]:  # the day has been summed, its mark is still there
                assert pool.submit(enter, engine, procedure("A2", patient="P2")).result(5) == 1

        with engine.begin() as summing:
            listen(summing, "after_cursor_execute", change_it)
            assert sum_dirty_days(summing).days == 1
    assert sum_up(engine) == 1
    assert planned(engine) == [(START.date(), 2)]
    assert sum_up(engine) == 0


def test_a_sum_and_a_change_under_way_do_not_wait_for_each_other(engine: Engine) -> None:
    enter(engine, procedure("A1"))
    with ThreadPoolExecutor(1) as pool, engine.begin() as changing:
        PUBLISHER.enter(changing, [procedure("A2", patient="P2")], LONG_AFTER)
        assert pool.submit(sum_up, engine).result(5) == 1
        assert planned(engine) == [(START.date(), 1)]
    assert sum_up(engine) == 1
    assert planned(engine) == [(START.date(), 2)]


def planned(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        query = "SELECT day, (counts->'all'->>'procedures.planned')::integer FROM day_totals"
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_sum_of_a_month_waits_for_a_sum_of_its_days(engine: Engine) -> None:
    enter(engine, procedure("A1"))
    assert sum_up(engine) == 1
    enter(engine, procedure("A2", patient="P2", start=START + timedelta(days=1)))
    with ThreadPoolExecutor(1) as pool, engine.begin() as summing:
        assert sum_dirty_days(summing).days == 1
        other = pool.submit(sum_months, engine)
        with pytest.raises(TimeoutError):
            other.result(0.5)
        summing.commit()
        assert other.result(5) == 2
    assert months(engine) == [(START.date().replace(day=1), 2)]


def test_a_day_that_changes_while_its_month_is_summed_stays_marked(engine: Engine) -> None:
    enter(engine, procedure("A1"))
    assert sum_up(engine) == 1
    with ThreadPoolExecutor(1) as pool:

        def change_it(*event: Any) -> None:
            if "INTO month_totals" in event[2]:
                assert pool.submit(enter, engine, procedure("A2", patient="P2")).result(5) == 1

        with engine.begin() as summing:
            listen(summing, "after_cursor_execute", change_it)
            assert sum_dirty_months(summing) == 1
    assert [sum_months(engine), sum_up(engine), sum_months(engine)] == [0, 1, 1]
    assert months(engine) == [(START.date().replace(day=1), 2)]


def months(engine: Engine) -> list[Any]:
    query = "SELECT month, (counts->'all'->>'procedures.planned')::integer FROM month_totals"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def sum_months(engine: Engine) -> int:
    with engine.begin() as connection:
        return sum_dirty_months(connection)


def sum_up(engine: Engine) -> int:
    with engine.begin() as connection:
        return sum_dirty_days(connection).days


def test_two_reducers_on_one_procedure_sum_one_after_the_other(engine: Engine) -> None:
    def sum_up(first: int, last: int, keep_open: bool = False) -> list[int]:
        keyed = [KeyedFrame("IEO", "A1", "C1", n, digest_frame(frame(n))) for n in range(first, last)]
        with engine.begin() as connection:
            if not keep_open:
                return [fact.weight for fact in summaries(connection, keyed)]
            found = [fact.weight for fact in summaries(connection, keyed)]
            other = pool.submit(sum_up, 3, 7)
            with pytest.raises(TimeoutError):
                other.result(0.5)
        return [*found, *other.result(5)]

    with ThreadPoolExecutor(1) as pool:
        assert [2, 6] == sum_up(1, 3, keep_open=True)
