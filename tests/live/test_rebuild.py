"""Everything again from the archive: the same bytes, repaired tables, and services that notice nothing."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Thread

import pytest
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import create_engine, text

from deploy.local.settled import wait_settled
from deploy.local.stack import Stack
from services.clinical.moments import iso
from simulators.play import Run, build_run, play_to_kafka
from tests.live.conftest import StackMaker
from tests.live.hl7v2 import order, report
from tests.live.outcome import as_published, disagreeing, ledger, oracle, published, settle

pytestmark = pytest.mark.live
PROCESSORS = ("report_normalizer", "telemetry_reducer", "procedure_joiner", "window_timer", "complication_metrics")
SNAPSHOT = {
    "facts": "SELECT id, version, weight, body::text FROM facts ORDER BY 1, 2",
    "records": "SELECT procedure, revision, body::text, published_at FROM procedure_records ORDER BY 1",
    "events": "SELECT id, status, revision, body::text, published_at FROM adverse_events ORDER BY 1",
    "versions": "SELECT id, revision, body::text, published_at FROM adverse_event_versions ORDER BY 1, 2",
    "contributions": "SELECT owner, site, day, counts::text FROM contributions ORDER BY 1, 2, 3",
    "totals": "SELECT site, day, counts FROM day_totals ORDER BY 1, 2",
    "months": "SELECT site, month, counts FROM month_totals ORDER BY 1, 2",
    "frames": "SELECT site, accession, frame, content, digest::text FROM telemetry_frames ORDER BY 1, 2, 3, 4",
}


@pytest.fixture(scope="module")
def played(make_stack: StackMaker) -> Iterator[tuple[Stack, Run]]:
    """A cohort with faults, played in part: the rest comes while the tables are exchanged."""
    stack, run = make_stack("rebuild", PROCESSORS), build_run(seed=17, cohort="paper", faults=0.5)
    stack.clock_file.write_text(iso(run.horizon))
    early = [order("CANX1", "CANP1"), report("CANR1", "CANP1", "Small left pleural effusion.")]
    part = run.messages[: len(run.messages) * 2 // 3]
    play_to_kafka(replace(run, messages=[*early, *part]), stack.kafka)
    settle(stack, len(early) + len(part), run.horizon)
    late = order("CANX1", "CANP1", cancelled=True)  # its event was published, and is withdrawn now
    play_to_kafka(replace(run, messages=[late]), stack.kafka)
    settle(stack, len(early) + len(part) + 1, run.horizon)
    run.messages[:] = [*early, *part, late, *run.messages[len(part) :]]
    yield stack, run


def snapshot(stack: Stack) -> dict[str, list[tuple[object, ...]]]:
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        found = {name: [tuple(row) for row in connection.execute(text(query))] for name, query in SNAPSHOT.items()}
    engine.dispose()
    return found


def execute(stack: Stack, *statements: str) -> list[int]:
    engine = create_engine(stack.database_url)
    with engine.begin() as connection:
        counts = [connection.execute(text(statement)).rowcount for statement in statements]
    engine.dispose()
    return counts


def last_values(stack: Stack, topic: str) -> dict[bytes, bytes | None]:
    """The newest value of every key of a topic."""
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        found: dict[bytes, bytes | None] = {}
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(500).values():
                found |= {record.key: record.value for record in records}
        return found
    finally:
        consumer.close(autocommit=False)


def test_a_rebuild_is_the_live_tables_byte_for_byte_and_without_a_switch_changes_nothing(
    played: tuple[Stack, Run],
) -> None:
    stack, _ = played
    before = snapshot(stack)
    assert before["events"]
    assert any(row[1] == "withdrawn" for row in before["events"]), "the run should have withdrawn events to carry over"
    assert "They are the same." in stack.command("rebuild")
    assert "Going on with the unfinished rebuild" in stack.command("rebuild")
    assert before == snapshot(stack)


def test_a_switch_under_traffic_loses_nothing_and_publishes_nothing_twice(played: tuple[Stack, Run]) -> None:
    stack, run = played
    rest = run.messages[sum(ledger(stack).values()) :]
    player = Thread(target=play_to_kafka, args=(replace(run, messages=rest), stack.kafka))
    player.start()
    said = stack.command("rebuild", "--switch", "--yes")
    assert "Switched" in said
    player.join(60)
    settle(stack, len(run.messages), run.horizon)
    assert as_published(oracle(list(run.messages), stack, run.horizon)) == published(stack)
    assert disagreeing(stack, run.horizon) == []
    assert all(service.process.poll() is None for service in stack.services.values())
    before = snapshot(stack)
    said = stack.command("rebuild", "--switch", "--yes")
    assert "They are the same." in said
    assert " 0 records and events are queued" in said
    assert before == snapshot(stack)


def test_damage_is_shown_and_repaired_in_tables_and_topics(played: tuple[Stack, Run]) -> None:
    stack, run = played
    before = snapshot(stack)
    damaged = execute(
        stack,
        "UPDATE contributions SET counts = jsonb_set(counts, '{all,events.all}', '7')"
        " WHERE counts->'all' ? 'events.all'",
        "DELETE FROM procedure_records WHERE procedure IN (SELECT procedure FROM procedure_records ORDER BY 1 LIMIT 7)",
        "UPDATE adverse_events SET body = jsonb_set(body, '{event}', '\"nerve_palsy\"'), code = 'nerve_palsy'"
        " WHERE id IN (SELECT id FROM adverse_events WHERE status = 'live' ORDER BY id LIMIT 3)",
        "DELETE FROM facts WHERE kind = 'report-body'",
        "UPDATE day_totals SET counts = counts || '{\"all\": {}}'",
        "UPDATE month_totals SET counts = counts || '{\"all\": {}}'",
        "DELETE FROM telemetry_frames WHERE frame = 3",
    )
    assert all(damaged), "every damage must have hit something"
    said = stack.command("rebuild", "--switch", "--yes")
    assert "They differ." in said
    assert " 10 records and events are queued" in said
    engine = create_engine(stack.database_url)
    wait_settled(stack.kafka, engine, len(run.messages), iso(run.horizon))
    with engine.connect() as connection:
        assert "charts-rebuild" in connection.execute(text("SELECT acts[1] FROM audit_events")).scalars().all()
    engine.dispose()
    after = snapshot(stack)
    for name in ("facts", "contributions", "totals", "months", "frames"):
        assert before[name] == after[name], name
    for name in ("records", "events"):  # published anew where they were damaged, hence a later time
        assert [row[:-1] for row in before[name]] == [row[:-1] for row in after[name]], name
    assert as_published(oracle(list(run.messages), stack, run.horizon)) == published(stack)
    values = last_values(stack, "adverse-events")
    live = {row[0]: str(row[3]) for row in after["events"]}
    assert set(live) == {key.decode() for key in values}
    assert len(last_values(stack, "procedure-records")) == len(after["records"])


def test_what_the_archive_let_go_is_taken_over_only_when_told_so(played: tuple[Stack, Run]) -> None:
    stack, _ = played
    before = snapshot(stack)
    (pruned,) = execute(
        stack, "UPDATE message_ledger SET body = NULL WHERE topic = 'hl7v2-inbound' AND body IS NOT NULL"
    )
    assert pruned
    with pytest.raises(RuntimeError, match=r"the archive doesn't give \d+ live facts"):
        stack.command("rebuild", "--switch", "--yes", "--fresh")
    assert before == snapshot(stack)
    assert "They are the same." in stack.command("rebuild", "--switch", "--yes", "--keep-facts")
    assert before == snapshot(stack)
