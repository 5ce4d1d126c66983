"""The adverse events as published, for a person or a program that asks for all of them; on record as every reading."""

from typing import Any

from sqlalchemy import select

from services.audit.act import Act, Agent, Pattern, patient_of
from services.casework.audited_act import Casework
from services.charts.tables import adverse_events


def published_events(
    casework: Casework, by: Agent, patient_system: str, *, site: str | None, withdrawn: bool, numbers: bool
) -> list[dict[str, Any]]:
    """The bodies by onset. ``numbers``: patients' numbers will be shown, so each of them is named in the trail."""
    columns = adverse_events.c
    query = select(columns.body).order_by(columns.onset, columns.id)
    if not withdrawn:
        query = query.where(columns.status == "live")
    if site:
        query = query.where(columns.site == site)
    with casework.engine.begin() as connection:
        bodies = list(connection.execute(query).scalars())
        patients = dict.fromkeys((body["patient_site"], body["patient_id"]) for body in bodies) if numbers else {}
        named = tuple(patient_of(patient_system, where, number) for where, number in patients)
        asked = f"events?site={site}" if site else "events"
        casework.trail.record(
            connection, Act(Pattern.QUERY, "events-list", "search-type", by, patients=named, query=asked)
        )
    return bodies
