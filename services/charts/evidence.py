"""The sentences that prove an event, read back from the stored facts for an authorised reader; they go nowhere else."""

from sqlalchemy import Connection, select

from services.charts.tables import facts, kin_names
from services.clinical.chart import fold
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import fact_from_json


def sentences(connection: Connection, event: AdverseEvent) -> list[str | None]:
    """One sentence per evidence of the event; None where the source has no text or no longer stands."""
    group = select(kin_names.c.kin).where(kin_names.c.name == event.procedure).scalar_subquery()
    bodies = connection.execute(select(facts.c.body).where(facts.c.kin == group)).scalars()
    texts = {report.report: report.text for report in fold(map(fact_from_json, bodies)).reports}
    found: list[str | None] = []
    for evidence in event.evidence:
        text = texts.get(evidence.source)
        known = text is not None and evidence.start is not None and evidence.end is not None
        found.append(text[evidence.start : evidence.end].strip() if known and text else None)
    return found
