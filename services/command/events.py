"""``cryowatch events``: the adverse events as published."""

import json

import click

from services.casework.event_list import published_events
from services.command.operator import agent, casework, operator_option
from services.command.tables import events_table, show
from services.runtime.settings import load_settings


@click.command()
@click.option("--site", help="Of this hospital only.")
@click.option("--withdrawn", is_flag=True, help="Withdrawn events too.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: the published bodies, with patients' numbers.")
@operator_option
def events(site: str | None, withdrawn: bool, as_json: bool, operator: str) -> None:
    """Adverse events with grade, timing and what they stand on. Looking is on record."""
    settings = load_settings()
    with casework() as work:
        bodies = published_events(
            work,
            agent(operator),
            settings.patient_system_template,
            site=site,
            withdrawn=withdrawn,
            numbers=as_json,
        )
    if not as_json:
        show(events_table(bodies, settings.ruleset))
        return
    for body in bodies:
        click.echo(json.dumps(body, sort_keys=True, ensure_ascii=False))
