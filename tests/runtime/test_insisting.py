"""A batch is tried again while a dependency is away; a row that is there every time is a bug, and no outage."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import exc as sx

from services.runtime.worker import MOST_TIMES_TWICE, Applied, Worker


def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """One that doesn't wait between its tries."""

    async def at_once(_: float) -> None:
        return None

    made = Worker.__new__(Worker)
    vars(made).update(engine=None, stopping=asyncio.Event(), _answer=lambda dependency, up: None)
    monkeypatch.setattr(asyncio, "sleep", at_once)
    return made


def refused(state: str) -> sx.DBAPIError:
    problem = Exception()
    problem.sqlstate = state  # type: ignore[attr-defined]
    return sx.IntegrityError("INSERT", {}, problem)


def tried(made: Worker, failures: list[Exception]) -> tuple[Applied, int]:
    """How a step came out that fails so often, and how often it was carried out."""
    count = SimpleNamespace(times=0)

    def step(engine: Any, argument: object) -> Applied:
        count.times += 1
        if count.times <= len(failures):
            raise failures[count.times - 1]
        return Applied({}, 0, unbroken=False)

    return asyncio.run(made._insist(step, None)), count.times


@pytest.mark.parametrize("state", ["40001", "40P01", "23505"])
def test_what_stood_in_the_way_of_another_worker_is_tried_again(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(worker(monkeypatch), [refused(state)] * 5)[1] == 6


def test_a_row_that_is_there_every_time_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sx.IntegrityError):
        tried(worker(monkeypatch), [refused("23505")] * (MOST_TIMES_TWICE + 1))
    assert tried(worker(monkeypatch), [refused("40001")] * (MOST_TIMES_TWICE + 1))[1] == MOST_TIMES_TWICE + 2


def test_other_refusals_are_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sx.IntegrityError):
        tried(worker(monkeypatch), [refused("23503")])
