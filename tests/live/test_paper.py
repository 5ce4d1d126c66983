"""The paper's cohort through a real broker, a real database and all services, as the demo plays it."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest

from deploy.local.stack import Stack
from simulators.play import Run, build_run, play_to_kafka
from tests.live.conftest import StackMaker
from tests.live.outcome import as_published, disagreeing, ledger, oracle, published, settle

pytestmark = pytest.mark.live
PROCESSORS = (
    "report_normalizer",
    "telemetry_reducer",
    "procedure_joiner",
    "window_timer",
    "complication_metrics",
)


@pytest.fixture(scope="module")
def stacks(make_stack: StackMaker) -> Iterator[StackMaker]:
    yield make_stack


def _check(stack: Stack, run: Run, sent: int) -> None:
    settle(stack, sent, run.horizon)
    expected = oracle(list(run.messages), stack, run.horizon)
    assert sent == sum(ledger(stack).values())
    assert as_published(expected) == published(stack)
    assert disagreeing(stack, run.horizon) == []


def test_faults_and_disorder_leave_every_cell_as_printed(stacks: StackMaker) -> None:
    stack, run = stacks("faults", PROCESSORS), build_run(seed=11, cohort="paper", faults=0.6)
    play_to_kafka(run, stack.kafka, clock_file=stack.clock_file)
    _check(stack, run, len(run.messages))
    assert oracle(list(run.messages), stack, run.horizon).ledger == ledger(stack)


def test_every_message_twice_and_shuffled_changes_nothing(stacks: StackMaker) -> None:
    stack, run = stacks("twice", PROCESSORS), build_run(seed=12, cohort="paper", faults=0.2)
    twice = [*run.messages, *run.messages]
    random.Random(5).shuffle(twice)
    play_to_kafka(replace(run, messages=twice), stack.kafka, clock_file=stack.clock_file)
    _check(stack, run, len(twice))


def test_killing_the_joiner_twice_in_mid_cohort_loses_and_doubles_nothing(stacks: StackMaker) -> None:
    stack, run = stacks("killed", PROCESSORS), build_run(seed=13, cohort="paper", faults=0.3)
    player = Thread(target=play_to_kafka, args=(run, stack.kafka), kwargs={"clock_file": stack.clock_file})
    player.start()
    for pause in (1.0, 1.5):
        time.sleep(pause)
        stack.kill("procedure_joiner")
        stack.start("procedure_joiner")
        stack.wait_ready(["procedure_joiner"])
    player.join(60)
    _check(stack, run, len(run.messages))
