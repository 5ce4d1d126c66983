"""``cryowatch rebuild``: charts, events and rates anew from the archive, compared with the live ones, exchanged."""

import time
from collections.abc import Callable
from datetime import datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from services.audit.act import Act, Agent, Pattern, Thing
from services.audit.trail import Trail
from services.charts.comparing import Compared, compare
from services.charts.publishing import Publisher
from services.charts.rebuilding import Rebuild, drop, inside, prepare
from services.charts.switching import ONE_REBUILD, live_schema, only_live, switch, take_over
from services.clinical.publish import Rules
from services.command.archive_reader import ArchiveReader
from services.command.connection import reachable
from services.command.operator import agent, operator_option
from services.command.tables import show as show_table
from services.runtime import archive
from services.runtime.clock import Clock
from services.runtime.database import contended, make_engine
from services.runtime.settings import Settings, load_settings

PATIENCE_SECONDS = 120
_CHARTS = Thing(display="All charts, exchanged for those that were rebuilt")


@click.command()
@click.option("--switch", "switching", is_flag=True, help="Put the rebuilt tables in place of the live ones.")
@click.option("--yes", is_flag=True, help="Don't ask before the switch.")
@click.option("--keep-facts", is_flag=True, help="Take over live facts whose messages the archive no longer holds.")
@click.option("--drop-facts", is_flag=True, help="Leave such facts behind (another version read them otherwise).")
@click.option("--republish", is_flag=True, help="Queue every record and event, for topics that were lost.")
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on with an unfinished rebuild.")
@click.option("--discard", is_flag=True, help="Throw an unfinished rebuild away, and do nothing else.")
@click.option("--show", default=0, help="Keys to show of each difference. They name patients.")
@operator_option
def rebuild(
    switching: bool,
    yes: bool,
    keep_facts: bool,
    drop_facts: bool,
    republish: bool,
    fresh: bool,
    discard: bool,
    show: int,
    operator: str,
) -> None:
    """Build everything anew from the archive beside the live tables, and say what differs.

    Services keep running. May be interrupted and run again. See docs/operations.md.
    """
    settings, by = load_settings(), agent(operator)
    with reachable(settings, pool=3) as live, live.connect() as guard:
        if not guard.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": ONE_REBUILD}).scalar_one():
            raise click.ClickException("another rebuild is running")
        guard.commit()
        if discard:
            with live.begin() as connection:
                drop(connection)
            click.echo("No rebuild is left.")
            return
        engine = inside(make_engine(settings, pool=2))
        try:
            _run(settings, live, engine, switching, yes, keep_facts, drop_facts, republish, fresh, show, by)
        except KeyboardInterrupt:
            raise click.ClickException("interrupted: run the same command again to go on") from None
        finally:
            engine.dispose()


def _run(
    settings: Settings,
    live: Engine,
    engine: Engine,
    switching: bool,
    yes: bool,
    keep_facts: bool,
    drop_facts: bool,
    republish: bool,
    fresh: bool,
    show: int,
    by: Agent,
) -> None:
    rules = Rules(event_key=settings.secret("event_id_key"), published=settings.ruleset)
    clock = Clock(settings.clock_file)
    reader = ArchiveReader(settings, live)
    started = time.monotonic()
    with live.begin() as connection:
        going_on = prepare(connection, f"epoch {rules.epoch}, {rules.published}", fresh=fresh)
    if going_on:
        click.echo("Going on with the unfinished rebuild (--fresh begins anew).")
    work = Rebuild(live, engine, Publisher(rules, settings.secret("routing_key")), reader.facts, settings.expire_days)
    fed = _build(work, live, clock, keep_facts=keep_facts)
    with live.connect() as connection:
        schema = live_schema(connection)
        found = compare(connection, schema, show)
        missing = 0 if keep_facts else only_live(connection, schema)
    _print(found, show)
    for words, count in sorted(reader.odd.items()):
        click.echo(f"{count} {words}")
    if work.refused:
        click.echo(f"{work.refused} message that the database refuses")
    click.echo(f"{fed} messages in {time.monotonic() - started:.1f} s.")
    if missing and switching and not drop_facts:
        raise click.ClickException(
            f"the archive doesn't give {missing} live facts. Run again with --keep-facts if their messages were let go"
            " (CRYOWATCH_ARCHIVE_DAYS), or with --drop-facts if an older version misread them"
        )
    if not switching:
        click.echo("Nothing was changed. `cryowatch rebuild --switch` catches up and exchanges the tables.")
        return
    if not yes:
        click.confirm("Put the rebuilt tables in place of the live ones?", abort=True)
    queued, seconds = _switch(work, live, clock.now, by, keep_facts=keep_facts, republish=republish)
    click.echo(f"Switched; writers waited {seconds:.1f} s. {queued} records and events are queued for publishing.")


def _build(work: Rebuild, live: Engine, clock: Clock, *, keep_facts: bool) -> int:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        with live.connect() as connection:
            total = archive.held(connection)
        task = bar.add_task("messages", total=total)
        fed = work.feed(lambda n: bar.advance(task, n))
        bar.update(task, total=max(fed, 1), completed=max(fed, 1))
        with work.engine.begin() as connection:
            with live.connect() as other:
                schema = live_schema(other)
            take_over(connection, work, schema, everything=keep_facts)
        task = bar.add_task("charts", total=work.waiting())
        work.publish(clock.now(), lambda n: bar.advance(task, n))
    return fed


def _switch(
    work: Rebuild, live: Engine, now: Callable[[], datetime], by: Agent, *, keep_facts: bool, republish: bool
) -> tuple[int, float]:
    """Switch, trying again while another transaction holds what is needed."""

    def busy(problem: BaseException) -> bool:
        held = isinstance(problem, OperationalError) and getattr(problem.orig, "sqlstate", None) == "55P03"
        return held or contended(problem)

    for attempt in Retrying(
        retry=retry_if_exception(busy), wait=wait_fixed(1), stop=stop_after_delay(PATIENCE_SECONDS), reraise=True
    ):
        with attempt:
            started = time.monotonic()
            with live.begin() as connection:
                queued = switch(connection, work, now, keep_facts=keep_facts, republish=republish)
                Trail("command").record(connection, Act(Pattern.UPDATE, "charts-rebuild", "update", by, (_CHARTS,)))
            return queued, time.monotonic() - started
    raise AssertionError("Retrying ends by returning or by raising")


def _print(found: list[Compared], show: int) -> None:
    table = Table(title="Live and rebuilt, row by row")
    for column in ("table", "live", "rebuilt", "only live", "only rebuilt", "different"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for one in found:
        numbers = (one.live, one.rebuilt, one.only_live, one.only_rebuilt, one.different)
        table.add_row(one.table.replace("_", " "), *map(str, numbers), style="" if one.same else "bold")
    show_table(table)
    for one in found:
        for key in one.examples[:show]:
            click.echo(f"{one.table}: {key}")
    click.echo("They are the same." if all(one.same for one in found) else "They differ.")
