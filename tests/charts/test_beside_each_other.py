"""Two transactions beside each other: what the locks and marks of the charts are for, each made to matter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from deploy.local.database import LocalDatabase
from services.charts.publishing import Publisher
from services.charts.rates import sum_dirty_days
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
    with ThreadPoolExecutor(1) as pool, engine.begin() as summing:
        held = summing.execute(text("SELECT site, day FROM dirty_days FOR UPDATE")).all()
        changing = pool.submit(enter, engine, procedure("A2", patient="P2"))
        with pytest.raises(TimeoutError):
            changing.result(0.5)
        summing.execute(text("DELETE FROM dirty_days"))
        summing.commit()
        changing.result(5)
    with engine.connect() as connection:
        assert held == connection.execute(text("SELECT site, day FROM dirty_days")).all()


def test_two_sums_of_one_month_count_each_others_days(engine: Engine) -> None:
    enter(engine, procedure("A1"))
    enter(engine, procedure("A2", patient="P2", start=START + timedelta(days=1)))
    with ThreadPoolExecutor(1) as pool, engine.begin() as summing:
        assert sum_dirty_days(summing, limit=1) == 1
        other = pool.submit(sum_up, engine)
        with pytest.raises(TimeoutError):
            other.result(0.5)
        summing.commit()
        assert other.result(5) == 1
    planned = "SELECT month, count FROM month_totals WHERE stratum = 'all' AND measure = 'procedures.planned'"
    with engine.connect() as connection:
        assert [(START.date().replace(day=1), 2)] == connection.execute(text(planned)).all()


def sum_up(engine: Engine) -> int:
    with engine.begin() as connection:
        return sum_dirty_days(connection)


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
