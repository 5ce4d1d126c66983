"""``cryowatch refold``: publish every chart again from its stored facts, after a change of rules or of the reader."""

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from services.charts.publishing import Publisher
from services.charts.refolding import batches, count
from services.clinical.publish import Rules
from services.command.connection import reachable
from services.runtime.clock import Clock
from services.runtime.settings import load_settings


@click.command()
@click.option("--after", default=0, show_default=True, help="Go on behind this group, as an interrupted run says.")
def refold(after: int) -> None:
    """Publish all charts anew. Events keep their ids; what no longer holds is withdrawn. May be interrupted."""
    settings = load_settings()
    rules = Rules(event_key=settings.secret("event_id_key"), published=settings.ruleset)
    publisher, clock = Publisher(rules, settings.secret("routing_key")), Clock(settings.clock_file)
    err = Console(stderr=True)
    with (
        reachable(settings) as engine,
        Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=err) as bar,
    ):
        with engine.connect() as connection:
            task = bar.add_task("charts", total=count(connection, after))
        last, done = after, 0
        try:
            for connection, ids in batches(engine, after):
                publisher.publish(connection, ids, clock.now())
                bar.advance(task, len(ids))
                last, done = ids[-1], done + len(ids)
        except KeyboardInterrupt:
            raise click.ClickException(f"interrupted: go on with --after {last}") from None
    click.echo(f"{done} charts were published again.")
