"""Inbound HL7 v2 and FHIR to facts: the handler, the ledger and the outbox in one transaction per batch."""

from functools import partial

from sqlalchemy import Connection

from services.charts.outgoing_facts import TOPIC, outgoing
from services.charts.subjects import fact_subjects
from services.clinical.facts import Fact
from services.report_normalizer import adjudication
from services.report_normalizer.handler import handle
from services.runtime.database import make_engine
from services.runtime.ingest import ingest
from services.runtime.outbox import put
from services.runtime.settings import Settings
from services.runtime.worker import Processor, Worker

SERVICE = "report_normalizer"
SOURCES = ("hl7v2-inbound", "fhir-inbound", adjudication.TOPIC)


def build(settings: Settings) -> Processor:
    """The normalizer as a processor of its inbound topics."""
    key, sites = settings.secret("routing_key"), settings.sites()

    def sink(connection: Connection, facts: list[Fact]) -> None:
        put(connection, outgoing(facts, key))

    return ingest(SERVICE, SOURCES, (TOPIC,), partial(handle, sites=sites), sink, fact_subjects(settings))


def run(settings: Settings) -> None:
    """Run until stopped."""
    Worker(build(settings), settings, make_engine(settings, by_index=True)).run()
