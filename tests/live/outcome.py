"""What a live stack has published, and what the same messages amount to without Kafka and a database."""

import random
from datetime import datetime
from typing import Any

from sqlalchemy import create_engine, text

from deploy.local.paper_tables import Cell, cells
from deploy.local.settled import ledger_rows, wait_settled
from deploy.local.stack import Stack
from services.charts.rates import site_counts
from services.clinical.canonical import canonical, to_json
from services.clinical.moments import iso
from services.clinical.rates.rate import Counts
from services.command.export_folder import Analysis, analyze_messages
from services.runtime.message import InboundMessage
from services.runtime.sites import load_sites
from simulators.message import Message


def settle(stack: Stack, sent: int, horizon: datetime, patience: float = 120) -> None:
    """Wait until all that was sent has come out."""
    engine = create_engine(stack.database_url)
    wait_settled(stack.kafka, engine, sent, iso(horizon), patience=patience)
    engine.dispose()


def published(stack: Stack) -> dict[str, list[str]]:
    """The standing records and events, in canonical text."""
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        records = connection.execute(text("SELECT body FROM procedure_records ORDER BY procedure")).scalars()
        query = text("SELECT body FROM adverse_events WHERE status = 'live' ORDER BY id")
        found = {
            "records": [canonical(body) for body in records],
            "events": [canonical(body) for body in connection.execute(query).scalars()],
        }
    engine.dispose()
    return found


def ledger(stack: Stack) -> dict[tuple[str, str], int]:
    """Messages by topic and outcome."""
    engine = create_engine(stack.database_url)
    found = ledger_rows(engine)
    engine.dispose()
    return found


def counts(stack: Stack, as_of: datetime) -> Counts:
    """The live counts of the stack's only site."""
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        (only,) = site_counts(connection, as_of, ["all"])
    engine.dispose()
    return only.counts


def disagreeing(stack: Stack, as_of: datetime) -> list[Cell]:
    """The cells of Tables 1 to 5 in which the live counts differ from the paper."""
    return [cell for cell in cells(counts(stack, as_of)) if not cell.agrees or "without" in cell.remark]


def oracle(messages: list[Message], stack: Stack, as_of: datetime, seed: int = 0) -> Analysis:
    """The same messages, shuffled, through the pure core alone."""
    inbound = [InboundMessage(m.topic, 0, n, m.value, m.key, dict(m.headers)) for n, m in enumerate(messages)]
    random.Random(seed).shuffle(inbound)
    key = (stack.folder / "secrets" / "event_id_key").read_bytes()
    return analyze_messages(inbound, load_sites(stack.folder / "sites.toml"), key, as_of, "orsi-2024")


def as_published(analysis: Analysis) -> dict[str, list[str]]:
    """An analysis in the form of :func:`published`."""
    live: list[Any] = [to_json(event) for event in analysis.events if event.status == "live"]
    return {"records": [canonical(to_json(r)) for r in analysis.records], "events": [canonical(e) for e in live]}
