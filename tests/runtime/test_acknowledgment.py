"""A bundle is acknowledged, for all its partitions, after its transaction and never before."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from services.runtime.worker import Worker


class OneEvent:
    """A stream of a single bundle."""

    async def events(self) -> AsyncIterator[Any]:
        yield SimpleNamespace(value=["record"], message="message")
        acts.append("asked for the next one")


acts: list[str] = []


def test_the_other_partitions_are_acknowledged_after_the_transaction() -> None:
    async def guard(records: list[str]) -> None:
        await asyncio.sleep(0)
        acts.append("committed")

    acts.clear()
    worker = Worker.__new__(Worker)
    consumer = SimpleNamespace(done=lambda message: acts.append(f"{message} acknowledged"))
    vars(worker).update(_guard=guard, app=SimpleNamespace(consumer=consumer))
    asyncio.run(worker._agent(OneEvent()))
    assert acts == ["committed", "message acknowledged", "asked for the next one"]
