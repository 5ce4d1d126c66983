"""``cryowatch audit``: who read, changed or replayed what."""

import json
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from services.audit.act import Outcome, Patient
from services.audit.audit_event import ACT_SYSTEM
from services.audit.search import Place, Wanted
from services.casework.trail_reading import read_trail
from services.command.instant import instant
from services.command.operator import agent, casework, operator_option
from services.command.tables import show

_OUTCOMES = {"done": Outcome.SUCCESS, "refused": Outcome.MINOR_FAILURE, "again": Outcome.SERIOUS_FAILURE}


def _patient(_: click.Context, __: click.Parameter, text: str | None) -> Patient | None:
    system, _stroke, number = (text or "").partition("|")
    if text is not None and not (system and number):
        raise click.BadParameter("write it as system|number, with the system of your patients' numbers")
    return Patient(system, number) if text is not None else None


def _place(_: click.Context, __: click.Parameter, text: str | None) -> Place | None:
    try:
        return Place.read(text) if text is not None else None
    except ValueError:
        raise click.BadParameter("take it from the page before") from None


@click.command("audit")
@click.option("--since", callback=instant, help="Then or later (UTC unless a zone is given).")
@click.option("--until", callback=instant, help="Before then.")
@click.option("--agent", "who", help="Whole name of the client, or of the person it acted for.")
@click.option("--act", help="What was done, such as dead-letter-replay.")
@click.option("--outcome", type=click.Choice(tuple(_OUTCOMES)), multiple=True, help="May come more than once.")
@click.option("--patient", callback=_patient, help="SYSTEM|NUMBER: what concerns this patient.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 500), help="Records on a page.")
@click.option("--after", callback=_place, help="Go on where the page before ended.")
@click.option("--json", "as_json", is_flag=True, help="The FHIR AuditEvents, one a line.")
@operator_option
def audit(
    since: datetime | None,
    until: datetime | None,
    who: str | None,
    act: str | None,
    outcome: tuple[str, ...],
    patient: Patient | None,
    count: int,
    after: Place | None,
    as_json: bool,
    operator: str,
) -> None:
    """The audit trail, newest first. Reading it is on record too; patients are shown with --json only."""
    wanted = Wanted(since, until, who, act, tuple(_OUTCOMES[name] for name in outcome), patient)
    asked = {
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "agent": who,
        "act": act,
        "outcome": ",".join(outcome),
        "patient": patient and f"{patient.system}|{patient.value}",
    }
    query = " ".join(["cryowatch audit", *(f"{name}={value}" for name, value in asked.items() if value)])
    with casework() as work:
        page = read_trail(work, agent(operator), wanted, count, after, query)
    if as_json:
        for record in page.records:
            click.echo(json.dumps(record, ensure_ascii=False))
    else:
        table = Table(title=f"{len(page.records)} acts")
        for column in ("when", "act", "client", "person", "outcome", "what"):
            table.add_column(column, no_wrap=column == "when")
        for record in page.records:
            table.add_row(*_cells(record))
        show(table)
    if page.after:
        click.echo(f"More: --after {page.after.text()}", err=True)


def _cells(record: dict[str, Any]) -> tuple[str, ...]:
    acts = [coding["code"] for coding in record["subtype"] if coding["system"] == ACT_SYSTEM]
    client = next((a["who"]["display"] for a in record["agent"] if "identifier" in a["who"]), "")
    person = next((a["name"] for a in record["agent"] if "name" in a), "")
    outcome = next(name for name, one in _OUTCOMES.items() if one.value == record["outcome"])
    what = [entity["what"] for entity in record.get("entity", ()) if "what" in entity]
    things = [one.get("reference") or one.get("identifier", {}).get("value", "") for one in what if "type" not in one]
    return record["recorded"][:19], ", ".join(acts), client, person, outcome, ", ".join(filter(None, things))
