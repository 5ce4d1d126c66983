"""The database for verbs that read it, with an answer in words when it can't be reached."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from services.runtime.database import make_engine, unavailable
from services.runtime.settings import Settings, load_settings


@contextmanager
def reachable(settings: Settings, pool: int = 1) -> Iterator[Engine]:
    """An engine whose troubles are said in words."""
    engine = make_engine(settings, pool=pool)
    try:
        yield engine
    except ProgrammingError:
        raise click.ClickException("the database has no CryoWatch tables: run `cryowatch migrate`") from None
    except Exception as problem:
        if isinstance(problem, BrokenPipeError) or not unavailable(problem):
            raise
        where = engine.url.render_as_string(hide_password=True)
        if "does not exist" in str(problem):  # the server answers, and says so; without an SQLSTATE at this point
            raise click.ClickException(f"there is no such database or user: {where}") from None
        raise click.ClickException(f"no database answers at {where}: set CRYOWATCH_DATABASE_URL") from None
    finally:
        engine.dispose()


@contextmanager
def database() -> Iterator[Connection]:
    """A connection to the database of CRYOWATCH_DATABASE_URL."""
    with reachable(load_settings()) as engine, engine.connect() as connection:
        yield connection
