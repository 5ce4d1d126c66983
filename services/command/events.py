"""``cryowatch events``: the adverse events as published, without identifiers of patients."""

import json

import click
from rich.table import Table
from sqlalchemy import select

from services.charts.tables import adverse_events
from services.command.connection import database
from services.command.tables import show


@click.command()
@click.option("--withdrawn", is_flag=True, help="Withdrawn events too.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, the published bodies.")
def events(withdrawn: bool, as_json: bool) -> None:
    """Adverse events with grade, timing and what they stand on."""
    columns = adverse_events.c
    query = select(columns.body).order_by(columns.onset, columns.id)
    if not withdrawn:
        query = query.where(columns.status == "live")
    with database() as connection:
        bodies = list(connection.execute(query).scalars())
    if as_json:
        for body in bodies:
            click.echo(json.dumps(body, sort_keys=True, ensure_ascii=False))
        return
    table = Table(title=f"{len(bodies)} adverse events")
    for column in ("id", "event", "side", "grades", "certainty", "timing", "status", "managed by"):
        table.add_column(column, no_wrap=column == "id")
    for body in bodies:
        grades = ", ".join(f"{g['ruleset']} {g['grade']}{'*' if g['provisional'] else ''}" for g in body["grades"])
        care = ", ".join(sorted({m["care"] for m in body.get("management", ())}))
        table.add_row(
            body["id"], body["event"], body.get("side", ""), grades, body["certainty"], body["timing"],
            body["status"], care,
        )  # fmt: skip
    table.caption = "* provisional for 30 days"
    show(table)
