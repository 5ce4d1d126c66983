"""What a crash makes Kafka deliver again is known by its place: nothing is counted, buried or published twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from prometheus_client import generate_latest
from sqlalchemy import Engine, create_engine, text

from deploy.local.database import LocalDatabase
from services.clinical.canonical import canonical
from services.clinical.facts import fact_json
from services.command.migrate import alembic_config
from services.procedure_joiner.app import build
from services.report_normalizer import app as report_normalizer
from services.runtime.message import InboundMessage
from services.runtime.metrics import PipelineMetrics
from services.runtime.outbox import Outgoing, put, settle, take
from services.runtime.settings import Settings
from tests.builders import procedure

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDatabase]:
    with LocalDatabase() as running:
        yield running


@pytest.fixture
def engine(server: LocalDatabase, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(server.create_database(f"redelivery_{abs(hash(request.node.name))}"))
    command.upgrade(alembic_config(engine), "head")
    yield engine
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("event_id_key", "routing_key"):
        (tmp_path / name).write_text("k" * 32)
    return Settings(secrets_dir=tmp_path)


def test_the_joiner_counts_a_dead_letter_once_however_often_it_is_delivered(engine: Engine, settings: Settings) -> None:
    joiner = build(settings)
    good = InboundMessage("clinical-facts", 0, 0, canonical(fact_json(procedure())).encode())
    bad = [InboundMessage("clinical-facts", 0, n, b"{") for n in (1, 2)]
    first = joiner.apply(engine, [good, *bad])
    assert ({("clinical-facts", "done"): 1, ("clinical-facts", "dead_letter"): 2}, 2, False) == (
        first.counts,
        first.dead_run,
        first.unbroken,
    )
    again = joiner.apply(engine, [good, *bad])
    assert ({("clinical-facts", "duplicate"): 1}, 0, False) == (again.counts, again.dead_run, again.unbroken)
    buried = joiner.bury(engine, bad[0])
    assert ({}, 0, False) == (buried.counts, buried.dead_run, buried.unbroken)
    with engine.connect() as connection:
        letters = connection.execute(text("SELECT count(*) FROM outbox WHERE topic = 'dead-letters'")).scalar_one()
    assert 2 == letters


def test_a_batch_that_holds_a_message_twice_counts_it_once(engine: Engine, settings: Settings) -> None:
    normalizer = report_normalizer.build(settings)
    one, other = (InboundMessage("hl7v2-inbound", 0, n, b"not HL7") for n in (7, 8))
    twice = replace(one)
    assert normalizer.apply(engine, [one, twice, other]).counts == {("hl7v2-inbound", "dead_letter"): 2}
    assert normalizer.apply(engine, [other, one]).counts == {}


def test_a_lower_revision_is_refused_by_the_outbox_and_counted(engine: Engine) -> None:
    metrics = PipelineMetrics("procedure_joiner", ("clinical-facts",))

    def refused() -> float:
        return metrics.registry.get_sample_value("cryo_revisions_refused_total") or 0.0

    before = refused()
    with engine.begin() as connection:
        put(
            connection, [Outgoing("adverse-events", "e", "e", b"new", 7), Outgoing("adverse-events", "f", "f", b"x", 1)]
        )
        put(
            connection, [Outgoing("adverse-events", "e", "e", b"old", 6), Outgoing("adverse-events", "f", "f", b"y", 2)]
        )
        kept = connection.execute(text("SELECT slot, value FROM outbox ORDER BY slot")).all()
    assert [("e", b"new"), ("f", b"y")] == [tuple(row) for row in kept]
    assert 1 == refused() - before


def test_a_newer_revision_waits_while_an_older_one_is_on_its_way(engine: Engine) -> None:
    def queue(value: bytes, revision: int) -> None:
        with engine.begin() as connection:
            put(connection, [Outgoing("adverse-events", "e", "e", value, revision)])

    queue(b"first", 1)
    connection, rows = take(engine, ("adverse-events",))
    with ThreadPoolExecutor(1) as pool:
        try:
            newer = pool.submit(queue, b"second", 2)
            with pytest.raises(TimeoutError):
                newer.result(0.5)
            beside, nothing = take(engine, ("adverse-events",))
            settle(beside, [])
        finally:
            settle(connection, [row.id for row in rows])
        newer.result(5)
    assert ([b"first"], []) == ([row.value for row in rows], nothing)
    connection, rows = take(engine, ("adverse-events",))
    settle(connection, [])
    assert [(b"second", 2)] == [(row.value, row.revision) for row in rows]


def test_progress_says_how_far_behind_a_worker_is() -> None:
    metrics = PipelineMetrics("report_normalizer", ("hl7v2-inbound", "fhir-inbound"))
    waiting = [datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    metrics.progress({"hl7v2-inbound": 3}, waiting)
    text_ = generate_latest(metrics.registry).decode()
    assert 'cryo_lag_records{service="report_normalizer",topic="hl7v2-inbound"} 3.0' in text_
    oldest = {"service": "report_normalizer"}
    value = metrics.registry.get_sample_value("cryo_oldest_unprocessed_timestamp_seconds", oldest)
    assert waiting[1].timestamp() == value
    metrics.progress({"hl7v2-inbound": 1}, [])
    assert value == metrics.registry.get_sample_value("cryo_oldest_unprocessed_timestamp_seconds", oldest)
    metrics.progress({}, [])
    later = metrics.registry.get_sample_value("cryo_oldest_unprocessed_timestamp_seconds", oldest)
    assert later is not None
    assert later > waiting[0].timestamp()
