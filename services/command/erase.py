"""``cryowatch erase``: nothing of a patient stays, and nothing of them comes back."""

from dataclasses import asdict

import click
from rich.table import Table
from sqlalchemy import Engine, text

from services.audit.act import Act, Pattern, Thing
from services.audit.trail import Trail
from services.charts.erasure import Erased, Eraser, Request
from services.charts.publishing import Publisher
from services.charts.rebuilding import drop
from services.charts.switching import ONE_REBUILD
from services.clinical.publish import Rules
from services.command.archive_reader import ArchiveReader
from services.command.connection import reachable
from services.command.operator import agent
from services.command.tables import show
from services.runtime.clock import Clock
from services.runtime.settings import load_settings

_WORDS = {
    "numbers": "numbers of the patient, merged ones included",
    "procedures": "procedures",
    "facts": "facts",
    "records": "procedure records, with a tombstone each",
    "events": "adverse events with their versions, a tombstone each",
    "frames": "console frames",
    "messages": "messages whose bytes and control ids go",
    "redacted": "messages that also speak of others, of which their part stays",
    "dead_letters": "dead letters that hold one of the numbers",
    "others": "other patients in the same group, who stay",
}

_EVERYTHING = Thing(display="Everything held of one patient")
"""What the audit trail says was erased: it names nobody, and is kept."""


@click.command()
@click.option("--site", required=True, help="The hospital that assigned the number.")
@click.option("--patient", prompt="Patient number", help="One of the patient's numbers; asked for when left out.")
@click.option("--reason", required=True, help="Why, without naming the patient: it is kept.")
@click.option("--operator", required=True, help="Who does it: it is kept.")
@click.option("--unknown", is_flag=True, help="Go on though nothing is held of that number: it stays out from now on.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and stop.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(site: str, patient: str, reason: str, operator: str, unknown: bool, dry_run: bool, yes: bool) -> None:
    """Erase a patient: all merged numbers, from every table and from the compacted topics.

    Topics that hold raw messages let go by their retention. See docs/operations.md.
    """
    settings = load_settings()
    if patient.casefold() in f"{reason} {operator}".casefold():
        raise click.UsageError("--reason and --operator are kept: they must not hold the patient's number")
    rules = Rules(event_key=settings.secret("event_id_key"), published=settings.ruleset)
    publisher, clock = Publisher(rules, settings.secret("routing_key")), Clock(settings.clock_file)
    request = Request(site, patient, operator, reason)
    with reachable(settings, pool=2) as engine:
        eraser = Eraser(publisher, settings.secret("event_id_key"), ArchiveReader(settings, engine).results)
        if dry_run or not yes:
            with engine.connect() as connection:
                found = eraser.erase(connection, request, clock.now())
                connection.rollback()
            _show(found)
            _known(found, unknown)
        if dry_run:
            click.echo("Nothing was changed.")
            return
        if not yes:
            click.confirm("Erase all of this for ever?", abort=True)
        _show(_carry_out(engine, eraser, request, clock, unknown))
    click.echo("Erased. What comes again of this patient is ignored (erased_patient).")


def _known(found: Erased, unknown: bool) -> None:
    """Refuse a number of which nothing is held, unless that is meant."""
    if not (unknown or found.facts or found.messages or found.redacted):
        raise click.ClickException(
            "nothing is held of a patient of that number at that site, so it may be mistyped. To keep it out from "
            "now on, and wipe the dead letters in which it stands by itself, say --unknown"
        )


def _carry_out(engine: Engine, eraser: Eraser, request: Request, clock: Clock, unknown: bool) -> Erased:
    with engine.begin() as connection:
        free = text("SELECT pg_try_advisory_xact_lock(:n)")
        if not connection.execute(free, {"n": ONE_REBUILD}).scalar_one():
            raise click.ClickException("a rebuild is running, which holds a copy: wait for it, or stop it")
        drop(connection)  # an unfinished rebuild holds one too
        act = Act(
            Pattern.UPDATE, "patient-erase", "delete", agent(request.operator), (_EVERYTHING,), words=request.reason
        )
        Trail("command").record(connection, act)
        found = eraser.erase(connection, request, clock.now())
        _known(found, unknown)  # refused here, all of it is undone
    return found


def _show(found: Erased) -> None:
    table = Table(title="Erasure", show_header=False)
    for name, count in asdict(found).items():
        table.add_row(_WORDS[name], str(count))
    show(table)
