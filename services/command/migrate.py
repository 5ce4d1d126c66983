"""``cryowatch migrate``: bring the database to the newest schema. Workers never do."""

import time

import click
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from services.runtime.database import make_engine, unavailable
from services.runtime.settings import load_settings


def alembic_config(engine: Engine) -> Config:
    """Alembic's configuration, with the migrations that come with the package."""
    config = Config()
    config.set_main_option("script_location", "services.charts:migrations")
    config.attributes["engine"] = engine
    return config


@click.command()
@click.option("--wait", default=60, show_default=True, help="Seconds to wait for the database.")
def migrate(wait: int) -> None:
    """Create or upgrade the tables."""
    engine = make_engine(load_settings(), pool=1)
    deadline = time.monotonic() + wait
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            break
        except Exception as problem:
            if not unavailable(problem):
                raise
            if time.monotonic() > deadline:
                where = engine.url.render_as_string(hide_password=True)
                raise click.ClickException(f"no database answers at {where}: set CRYOWATCH_DATABASE_URL") from None
            time.sleep(0.5)
    command.upgrade(alembic_config(engine), "head")
    click.echo("The database is at the newest schema.")
