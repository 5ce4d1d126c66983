"""A patient is erased, under two numbers, beside another patient who stays: then every table and topic is searched."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from sqlalchemy import create_engine, text

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.stack import Stack, running
from services.clinical.moments import iso
from services.contracts.registry import topics
from simulators.message import Message, telemetry_message
from simulators.play import build_run, play_to_kafka
from tests.live.hl7v2 import START, batch, merge, order, report
from tests.live.outcome import ledger, settle

pytestmark = pytest.mark.live
PROCESSORS = ("report_normalizer", "telemetry_reducer", "procedure_joiner", "window_timer", "complication_metrics")
OLD, NEW, OTHER = "CANARY7701", "CANARY7702", "BYSTANDER1"
TRACES = ("CANARY77", "CANACC7703", "CANREP77", "zebrafinch", "Zebedee")
"""What must be gone: numbers, accession, report numbers, a word of the report, a name."""
FAST = {"log.cleaner.backoff.ms": "300", "log.retention.check.interval.ms": "500", "log.initial.task.delay.ms": "300"}


def frame(number: int) -> Message:
    path = Path(__file__).parents[2] / "schemas/examples/procedure-telemetry/1/valid/freeze.json"
    body = json.loads(path.read_text("utf-8")) | {"site": "IEO", "accession": "CANACC7703", "frame": number}
    return telemetry_message("IS3-07", "k", json.dumps(body).encode(), START)


def canary() -> list[Message]:
    """Two numbers of one patient; a report misfiled under the bystander; a batch that speaks of both; a dead letter."""
    effusion = "Small left pleural effusion, zebrafinch sign."
    broken = report("CANREP7707", NEW, "zebrafinch.")
    return [
        order("CANACC7703", OLD),
        frame(1),
        frame(2),
        report("CANREP7704", OLD, effusion),
        report("CANREP7704", OLD, effusion),  # a re-send
        merge(OLD, NEW),
        report("CANREP7705", OTHER, "Canary zebrafinch again.", hours=70),
        report("CANREP7705", OTHER, "Canary zebrafinch again.", hours=71, status="W"),
        report("CANREP7705", NEW, "Canary zebrafinch again.", hours=72),
        batch(report("CANREP7706", NEW, "zebrafinch.", hours=80), report("BYREP2", OTHER, "No effusion.", hours=81)),
        replace(broken, value=broken.value.replace(b"||CANREP7707|", b"|||")),
    ]


def bystander() -> list[Message]:
    return [order("BYACC1", OTHER), report("BYREP1", OTHER, "Small left pneumothorax.")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, database: LocalDatabase) -> Iterator[Stack]:
    with ExitStack() as opened:
        broker = opened.enter_context(LocalBroker(properties=FAST))
        made = Stack(broker.bootstrap, database.create_database("erasure"), tmp_path_factory.mktemp("erasure"))
        yield opened.enter_context(running(made, PROCESSORS))


def rows(stack: Stack, query: str, **values: Any) -> list[tuple[Any, ...]]:
    engine = create_engine(stack.database_url)
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(text(query), values)]
    engine.dispose()
    return found


def in_tables(stack: Stack) -> list[str]:
    """Tables and columns, of every schema of ours, that hold a trace."""
    columns = rows(
        stack,
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    found = []
    for schema, table, column, kind in columns:
        shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
        pattern = "|".join(TRACES)
        (count,) = rows(stack, f'SELECT count(*) FROM {schema}."{table}" WHERE {shown} ~* :p', p=pattern)[0]
        if count:
            found.append(f"{table}.{column}: {count}")
    return found


def records_of(stack: Stack, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, enable_auto_commit=False)
    try:
        parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(parts)
        found = []
        while any(consumer.position(part) < ends[part] for part in parts):
            found += [(r.key, r.value) for one in consumer.poll(300).values() for r in one]
        return found
    finally:
        consumer.close(autocommit=False)


def in_topics(stack: Stack) -> list[str]:
    found = []
    for topic in topics():
        for key, value in records_of(stack, topic.name):
            whole = (key or b"") + b" " + (value or b"")
            if topic.name == "dead-letters" and value:
                whole += base64.b64decode(json.loads(value)["value_base64"])
            if any(trace.lower().encode() in whole.lower() for trace in TRACES):
                found.append(topic.name)
    return sorted(set(found))


def let_topics_go(stack: Stack) -> None:
    """Retention and compaction as in days, in seconds; a last record rolls the segments."""
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka)
    for topic in topics():
        fast = {"segment.ms": "500"}
        if topic.compacted:
            fast |= {"min.cleanable.dirty.ratio": "0.001", "max.compaction.lag.ms": "500", "delete.retention.ms": "100"}
        else:
            fast |= {"retention.ms": "1000"}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=fast)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=stack.kafka)
    compacted = [topic for topic in topics() if topic.compacted]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and in_topics(stack):
        for topic in compacted:
            for partition in range(topic.partitions):
                producer.send(topic.name, key=b"roll", value=b"{}", partition=partition)
        producer.flush(10)
        time.sleep(1)
    producer.close()


def test_nothing_of_an_erased_patient_stays_or_comes_back(stack: Stack) -> None:
    run = build_run(seed=5, cohort="paper", faults=0.1)
    background = run.messages[:300]
    messages = [*bystander(), *canary(), *background]
    stack.clock_file.write_text(iso(run.horizon))
    play_to_kafka(replace(run, messages=messages), stack.kafka)
    settle(stack, len(messages), run.horizon)
    assert {"facts.body", "message_ledger.body"} <= {found.partition(":")[0] for found in in_tables(stack)}
    assert set(in_topics(stack)) > {"hl7v2-inbound", "clinical-facts", "adverse-events", "procedure-records"}
    others = "SELECT id, revision, body::text FROM adverse_events WHERE patient NOT LIKE '%CANARY%' ORDER BY id"
    bystanders, before, taken = rows(stack, others), ledger(stack), total(stack)
    assert bystanders

    said = stack.command(
        "erase", "--site", "IEO", "--patient", OLD, "--reason", "asked for", "--operator", "dpo", "--yes"
    )
    settle(stack, len(messages), run.horizon)

    assert in_tables(stack) == [], said
    assert sum(before.values()) == sum(ledger(stack).values())
    assert total(stack) == taken - 1
    after = rows(stack, others)
    assert [row[0] for row in bystanders] == [row[0] for row in after]
    assert all(was[1] <= now[1] for was, now in zip(bystanders, after, strict=True)), "a revision may not fall"
    assert all(trace not in log.read_text() for log in (stack.folder / "logs").iterdir() for trace in TRACES)

    again = [*canary()[:-1], frame(3), report("CANREP7709", NEW, "zebrafinch once more.", hours=90)]
    play_to_kafka(replace(run, messages=again), stack.kafka)
    settle(stack, len(messages) + len(again), run.horizon)
    assert in_tables(stack) == []
    ignored = rows(stack, "SELECT count(*) FROM message_ledger WHERE code = 'erased_patient' AND body IS NULL")
    assert ignored[0][0] > len(again)
    assert after == rows(stack, others)

    assert "They are the same." in stack.command("rebuild", "--switch", "--yes")
    assert in_tables(stack) == []
    assert after == rows(stack, others)

    let_topics_go(stack)
    assert in_topics(stack) == []
    assert all(trace not in log.read_text() for log in (stack.folder / "logs").iterdir() for trace in TRACES)
    assert rows(stack, "SELECT operator, reason FROM erasures") == [("dpo", "asked for")]


def total(stack: Stack) -> int:
    """Procedures planned, as the rates count them."""
    query = "SELECT coalesce(sum((counts->'all'->>'procedures.planned')::integer), 0) FROM day_totals"
    return int(rows(stack, query)[0][0])
