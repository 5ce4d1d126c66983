"""What the services serve to Prometheus is what its linter accepts, and stays few."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from deploy.local.stack import SERVICES, Stack
from simulators.play import build_run, play_to_kafka
from tests.live.conftest import StackMaker
from tests.live.outcome import settle

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker) -> Iterator[Stack]:
    stack, run = make_stack("metrics"), build_run(seed=3, cohort="random", faults=0.1)
    play_to_kafka(run, stack.kafka, clock_file=stack.clock_file)
    settle(stack, len(run.messages), run.horizon)
    yield stack


def metrics(stack: Stack, service: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.services[service].ops_port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("service", SERVICES)
def test_promtool_accepts_the_metrics(stack: Stack, service: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert not os.environ.get("CI"), "promtool is missing: install the package prometheus"
        pytest.skip("promtool isn't installed (Debian package prometheus)")
    done = subprocess.run([promtool, "check", "metrics"], input=metrics(stack, service), text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_series_stay_few(stack: Stack) -> None:
    lines = [x for x in metrics(stack, "complication_metrics").splitlines() if x and not x.startswith("#")]
    assert len(lines) <= 600 + 40


def test_messages_in_are_messages_out(stack: Stack) -> None:
    text = metrics(stack, "report_normalizer")
    assert 'cryo_messages_total{outcome="dead_letter",service="report_normalizer",topic="hl7v2-inbound"}' in text
