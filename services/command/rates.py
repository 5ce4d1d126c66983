"""``cryowatch rates``: the live rates, every stratum, from the database."""

import json

import click

from services.charts.rates import site_counts
from services.clinical.rates.rate import UNITS, WINDOWS
from services.command.connection import database
from services.command.tables import rates_table, show
from services.runtime.clock import Clock
from services.runtime.settings import load_settings


@click.command()
@click.option("--window", type=click.Choice(WINDOWS), default="all", show_default=True, help="Rolling window.")
@click.option("--all-strata", is_flag=True, help="Location, size, distance to the pleura, gauge and coolant too.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one rate a line.")
def rates(window: str, all_strata: bool, as_json: bool) -> None:
    """Complication rates by site, with their denominators and 95 % Wilson bounds."""
    settings = load_settings()
    as_of = Clock(settings.clock_file).now()
    with database() as connection:
        found = site_counts(connection, as_of, [window])
    if not found:
        until = "" if window == "all" else f" in the {window.removesuffix('d')} days before {as_of:%Y-%m-%d}"
        click.echo(f"No procedures{until}.", err=True)
    for one in found:
        if not as_json:
            table = rates_table(one.counts, every_stratum=all_strata)
            table.title = f"{one.site}, window {window} as of {as_of:%Y-%m-%d}, {settings.ruleset}: {table.title}"
            show(table)
            continue
        for stratum in one.counts.strata():
            for unit in UNITS:
                rate = one.counts.rate(unit, stratum)
                line: dict[str, object] = {"site": one.site, "window": window, "stratum": stratum, "unit": unit}
                line |= {"numerator": rate.numerator, "denominator": rate.denominator, "ratio": rate.ratio}
                click.echo(json.dumps(line | {"lower": rate.lower, "upper": rate.upper}))
