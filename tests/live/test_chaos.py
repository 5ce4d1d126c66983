"""A dozen faults over the whole pipeline under load: nothing is lost, nothing doubled, everything equals the oracle.

``deploy/chaos/mutations.py`` shows that this test goes red when a guard is taken away.
"""

from pathlib import Path

import pytest

from deploy.chaos.run import Watcher, weather_storms
from deploy.chaos.schedule import lines, schedule
from simulators.play import build_run

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]
SEED, FAULTS = 6153, 12


def test_a_dozen_faults_lose_and_double_nothing(tmp_path: Path) -> None:
    storms = schedule(SEED, FAULTS)
    told: list[str] = lines(storms)
    run = build_run(SEED, "paper", 0.3)
    outcome = weather_storms(SEED, run, storms, tmp_path, Watcher(told.append), patience=60)
    assert outcome.exact, "\n".join(told + [f"FOUND {finding}" for finding in outcome.all_findings])
    assert FAULTS == sum(len(storm.storm) for storm in outcome.storms)
