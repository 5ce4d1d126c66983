"""Kafka, the database or both are away: services wait, say so once, and carry on; nothing is lost."""

import time
from collections.abc import Iterator

import pytest

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.stack import Stack, running
from simulators.play import build_run, play_to_kafka
from tests.live.outcome import as_published, oracle, published, settle

pytestmark = pytest.mark.live
PROCESSORS = ("report_normalizer", "telemetry_reducer", "procedure_joiner", "window_timer", "complication_metrics")


@pytest.fixture
def servers() -> Iterator[tuple[LocalBroker, LocalDatabase]]:
    with LocalBroker() as broker, LocalDatabase() as database:
        yield broker, database


def test_outages_of_both_servers_in_mid_cohort_lose_and_double_nothing(
    servers: tuple[LocalBroker, LocalDatabase], tmp_path_factory: pytest.TempPathFactory
) -> None:
    broker, database = servers
    stack = Stack(broker.bootstrap, database.create_database("outage"), tmp_path_factory.mktemp("outage"))
    run = build_run(seed=21, cohort="paper", faults=0.2)
    with running(stack, PROCESSORS):
        play_to_kafka(run, stack.kafka, clock_file=stack.clock_file)
        database.kill()
        time.sleep(2)
        database.start()
        broker.kill()
        time.sleep(2)
        broker.start()
        stack.stop()  # and a whole night without services
        database.stop()
        for name in PROCESSORS:
            stack.start(name)
        time.sleep(3)
        alive = [name for name in PROCESSORS if stack.services[name].process.poll() is None]
        assert list(PROCESSORS) == alive
        assert not any(stack.services[name].ready for name in PROCESSORS)
        database.start()
        settle(stack, len(run.messages), run.horizon)
        assert as_published(oracle(list(run.messages), stack, run.horizon)) == published(stack)
