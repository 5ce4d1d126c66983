"""A real PostgreSQL with the migrated tables, filled by the join's own transaction, and clients of the gateway."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from httpx import Client, Response
from sqlalchemy import Engine

from deploy.local.database import LocalDatabase
from services.charts.publishing import Publisher
from services.clinical.facts import Fact
from services.command.migrate import alembic_config
from services.fhir_gateway.app import build
from services.runtime.database import make_engine
from services.runtime.settings import Settings
from tests.builders import LONG_AFTER, RULES
from tests.fhir_gateway.serving import serving

_NUMBER = itertools.count()
SITES = '[sites.IEO]\ntime_zone = "Europe/Rome"\n'


@dataclass(frozen=True)
class Reader:
    """A client of one gateway."""

    client: Client

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def ids(self, path: str) -> list[str]:
        """The ids that a search finds on its first page; the search must succeed."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return [entry["resource"]["id"] for entry in answer.json().get("entry", ())]

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and issue code of an answer that must be an OperationOutcome."""
        return outcome(self.get(path, **headers))


def outcome(answer: Response) -> tuple[int, str]:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome", body
    assert answer.headers["content-type"].startswith("application/fhir+json")
    (issue,) = body["issue"]
    assert issue["details"]["text"].strip()
    return answer.status_code, issue["code"]


@dataclass(frozen=True)
class World:
    """A database and what has been published into it."""

    engine: Engine
    settings: Settings
    opened: ExitStack

    def enter(self, *facts: Fact | list[Fact], as_of: datetime = LONG_AFTER) -> None:
        flat = [f for one in facts for f in (one if isinstance(one, list) else [one])]
        with self.engine.begin() as connection:
            Publisher(RULES, b"a routing key for tests, 32 bytes").enter(connection, flat, as_of)

    def reader(self, **changed: Any) -> Reader:
        """A client of a gateway with these settings, served over HTTP until the test's module ends."""
        settings = self.settings.model_copy(update=changed)
        address = self.opened.enter_context(serving(build(self.engine, settings)))
        return Reader(self.opened.enter_context(Client(base_url=address, timeout=30)))


@pytest.fixture(scope="session")
def database() -> Iterator[LocalDatabase]:
    with LocalDatabase() as server:
        yield server


@pytest.fixture
def world(make_world: Any) -> World:
    """An empty database of its own for one test."""
    made: World = make_world()
    return made


@pytest.fixture(scope="module")
def shared_world(make_world: Any) -> World:
    """A database for all tests of a module."""
    made: World = make_world()
    return made


@pytest.fixture(scope="module")
def make_world(database: LocalDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = ExitStack()

    def make() -> World:
        sites: Path = tmp_path_factory.mktemp("gateway") / "sites.toml"
        sites.write_text(SITES)
        url = database.create_database(f"gateway_{next(_NUMBER)}")
        settings = Settings(database_url=url, gateway_evidence="open", sites_file=sites)
        engine = make_engine(settings)
        opened.callback(engine.dispose)
        command.upgrade(alembic_config(engine), "head")
        return World(engine, settings, opened)

    with opened:
        yield make
