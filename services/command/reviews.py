"""``cryowatch reviews``: what a person should look at."""

import json

import click
from rich.table import Table

from services.casework.review import reviews as find
from services.command.operator import agent, casework, operator_option
from services.command.tables import show
from services.runtime.settings import load_settings


@click.command()
@click.option("--site", help="Of one site.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 500), help="Rows on a page.")
@click.option("--after", help="Go on where the page before ended.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@operator_option
def reviews(site: str | None, count: int, after: str | None, as_json: bool, operator: str) -> None:
    """Events and procedures with something to review, by code. No text is shown."""
    with casework() as work:
        page, rest = find(work, agent(operator), load_settings().patient_system_template, site, count, after)
    if as_json:
        for one in page:
            click.echo(json.dumps(one.json(), ensure_ascii=False))
        return
    table = Table(title=f"{len(page)} to review")
    for column in ("kind", "id", "site", "accession", "what", "codes"):
        table.add_column(column, no_wrap=column == "id")
    for one in page:
        table.add_row(one.kind, one.id, one.site, one.accession, one.what, ", ".join(one.codes))
    show(table)
    if rest:
        click.echo(f"More: --after {rest}", err=True)
