"""A database of its own for each test, and the pipeline over it."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine

from deploy.local.database import LocalDatabase
from services.command.__main__ import main
from services.command.migrate import alembic_config
from tests.charts.pipeline import Pipeline

AS_OF = "2022-11-29T12:00:00Z"
Run = Callable[..., Result]


@pytest.fixture(scope="package")
def postgresql() -> Iterator[LocalDatabase]:
    with LocalDatabase() as running:
        yield running


@pytest.fixture
def database(postgresql: LocalDatabase, request: pytest.FixtureRequest) -> Iterator[Engine]:
    name = f"archive_{zlib.crc32(request.node.nodeid.encode())}"
    engine = create_engine(postgresql.create_database(name), pool_size=8)
    command.upgrade(alembic_config(engine), "head")
    yield engine
    engine.dispose()


@pytest.fixture
def pipeline(database: Engine, tmp_path: Path) -> Pipeline:
    return Pipeline(database, tmp_path, AS_OF)


@pytest.fixture
def cryowatch(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in pipeline.environment().items():
        monkeypatch.setenv(name, value)
    return lambda *words, **more: CliRunner().invoke(main, list(words), **more)
