"""``cryowatch dead-letters``: list, show, edit, replay and discard what couldn't be understood."""

import base64
import json
import sys
from datetime import datetime
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from services.casework.dead_letter import STATES, Content, Letter, Wanted
from services.casework.dead_letter_desk import LetterDesk
from services.command.instant import instant
from services.command.operator import QUEUED, agent, casework, operator_option
from services.command.tables import show as print_table


@click.group("dead-letters")
def dead_letters() -> None:
    """Messages that couldn't be understood. Every act is recorded in the audit trail.

    A PLACE is topic/partition/offset, as the list shows it.
    """


def _filters(command: Any) -> Any:
    for option in (
        click.option("--since", callback=instant, help="Buried then or later (UTC unless a zone is given)."),
        click.option("--service", help="Service that gave it up."),
        click.option("--code", help="Coded reason."),
        click.option("--topic", help="Topic that it came from."),
    ):
        command = option(command)
    return command


@dead_letters.command("list")
@_filters
@click.option("--state", type=click.Choice([*STATES, "any"]), default="open", show_default=True)
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 500), help="Letters on a page.")
@click.option("--after", type=int, help="Go on where the page before ended.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@operator_option
def list_(
    topic: str | None,
    code: str | None,
    service: str | None,
    since: datetime | None,
    state: str,
    count: int,
    after: int | None,
    as_json: bool,
    operator: str,
) -> None:
    """Show which there are, newest first, and how many of each code. No content is shown."""
    wanted = Wanted(topic, code, service, None if state == "any" else state, since)
    with casework() as work:
        page = LetterDesk(work).find(agent(operator), wanted, count, after)
    if as_json:
        for letter in page.letters:
            click.echo(json.dumps(letter.json(), ensure_ascii=False))
        return
    table = Table(title=f"{sum(page.counts.values())} dead letters")
    for column in ("place", "code", "where", "sender", "type", "since", "state", "became", "replay of"):
        table.add_column(column, no_wrap=column == "place")
    for one in page.letters:
        when = one.recorded_at.strftime("%Y-%m-%d %H:%M")
        edits = f", {one.edits} edits" if one.edits else ""
        cells = (one.place, one.code, one.where, one.sender, one.type, when, one.state + edits, one.became)
        table.add_row(*(cell or "" for cell in (*cells, one.replay_of)))
    if page.counts:
        table.caption = ", ".join(f"{topic} {code}: {n}" for (topic, code), n in sorted(page.counts.items()))
    print_table(table)
    if page.after is not None:
        click.echo(f"More: --after {page.after}", err=True)


@dead_letters.command()
@click.argument("place")
@click.option("--raw", is_flag=True, help="The bytes alone: the last edit's, or the original's.")
@click.option("--original", is_flag=True, help="With --raw: the original's, whatever was edited.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, bytes in base64.")
@operator_option
def show(place: str, raw: bool, original: bool, as_json: bool, operator: str) -> None:
    """Show one letter with its headers and content."""
    with casework() as work:
        letter, content = LetterDesk(work).show(agent(operator), place)
    if raw:
        body = content.original if original or content.edited is None else content.edited
        if body is None:
            raise click.ClickException("its bytes have been erased")
        sys.stdout.buffer.write(body)
        return
    if as_json:
        click.echo(json.dumps(_json(letter, content), ensure_ascii=False))
        return
    for name, value in letter.json().items():
        if value not in (None, "", 0):
            click.echo(f"{name}: {value}")
    for name, header in content.headers.items():
        click.echo(f"header {name}: {header.decode('utf-8', 'backslashreplace')}")
    for title, body in (("original", content.original), ("edited", content.edited)):
        if body is not None:
            click.echo(f"\n{title}, {len(body)} bytes:\n{_readable(body)}")
        elif title == "original":
            click.echo("\nThe original bytes have been erased.")


@dead_letters.command()
@click.argument("place")
@click.option("--body", type=click.File("rb"), required=True, help="File with the corrected bytes; - is the input.")
@click.option("--why", required=True, help="Why it is corrected.")
@operator_option
def edit(place: str, body: BinaryIO, why: str, operator: str) -> None:
    """Keep corrected bytes beside the original, which stays. `show --raw` gives a file to begin with."""
    with casework() as work:
        number = LetterDesk(work).edit(agent(operator), place, body.read(), why)
    click.echo(f"{place} has edit {number}; the next replay takes it.")


@dead_letters.command()
@click.argument("places", nargs=-1)
@_filters
@click.option("--every", is_flag=True, help="All open letters.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.option("--again", is_flag=True, help="Letters named by place: also when replayed or discarded before.")
@click.option("--original", is_flag=True, help="Letters named by place: as they came, whatever was edited.")
@operator_option
def replay(
    places: tuple[str, ...],
    topic: str | None,
    code: str | None,
    service: str | None,
    since: datetime | None,
    every: bool,
    limit: int | None,
    again: bool,
    original: bool,
    operator: str,
) -> None:
    """Put messages back on their topics: those at PLACES, or the open ones that filters choose."""
    wanted = Wanted(topic, code, service, "open", since)
    filtered = wanted != Wanted()
    if bool(places) == (filtered or every):
        raise click.UsageError("Name places, or choose open letters by filters (all of them: --every).")
    if not places and (again or original):
        raise click.UsageError("--again and --original go with places.")
    by = agent(operator)
    with casework() as work:
        desk = LetterDesk(work)
        if places:
            for place in places:
                desk.replay(by, place, again=again, original=original)
                click.echo(f"{place} is queued for its topic.")
        else:
            _many(desk, by, wanted, limit)
    click.echo(QUEUED, err=True)


def _many(desk: LetterDesk, by: Any, wanted: Wanted, limit: int | None) -> None:
    total = sum(desk.find(by, wanted, 1).counts.values())
    replayed = erased = 0
    err = Console(stderr=True)
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=err) as bar:
        task = bar.add_task("replayed", total=min(total, limit or total))
        for tally in desk.replay_many(by, wanted, limit):
            replayed, erased = tally.replayed, tally.erased
            bar.update(task, completed=replayed)
    gone = f" {erased} have been erased and stay open: discard them, or edit in a body." if erased else ""
    click.echo(f"{replayed} letters are queued for their topics.{gone}")


@dead_letters.command()
@click.argument("place")
@click.option("--why", required=True, help="Why it will never be replayed.")
@operator_option
def discard(place: str, why: str, operator: str) -> None:
    """Set one letter aside for good. It stays listed (--state discarded)."""
    with casework() as work:
        LetterDesk(work).discard(agent(operator), place, why)
    click.echo(f"{place} is discarded.")


def _json(letter: Letter, content: Content) -> dict[str, Any]:
    def text(body: bytes | None) -> str | None:
        return None if body is None else base64.b64encode(body).decode()

    headers = {name: value.decode("utf-8", "backslashreplace") for name, value in content.headers.items()}
    bodies = {"original_base64": text(content.original), "edited_base64": text(content.edited)}
    return letter.json() | {"key_base64": text(content.key), "headers": headers} | bodies


def _readable(body: bytes) -> str:
    """The bytes for a terminal: HL7's segments on lines, other control characters made visible."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = f"(not UTF-8; read as Latin-1)\n{body.decode('latin-1')}"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
