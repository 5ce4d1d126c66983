"""A real PostgreSQL for the session; a real Kafka and all services for each stack that a test asks for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.stack import SERVICES, Stack, running

StackMaker = Callable[..., Stack]


@pytest.fixture(scope="session")
def database() -> Iterator[LocalDatabase]:
    with LocalDatabase() as server:
        yield server


@pytest.fixture(scope="module")
def make_stack(database: LocalDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackMaker]:
    """Make a stack with a broker and a database of its own; all are gone at the end of the module."""
    with ExitStack() as opened:

        def make(name: str, services: tuple[str, ...] = SERVICES, extra: Mapping[str, str] | None = None) -> Stack:
            broker = opened.enter_context(LocalBroker())
            folder: Path = tmp_path_factory.mktemp(name)
            stack = Stack(broker.bootstrap, database.create_database(name), folder, dict(extra or {}))
            stack.broker = broker
            return opened.enter_context(running(stack, services))

        yield make
