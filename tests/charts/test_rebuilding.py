"""A rebuild goes on where it was interrupted, refuses company, keeps rights, and refills topics that were lost."""

import random
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, text

from services.charts import rebuilding
from services.charts.switching import ONE_REBUILD
from services.clinical.moments import iso
from services.command.archive_reader import ArchiveReader
from services.command.migrate import alembic_config
from simulators.play import build_run
from tests.charts.conftest import AS_OF, Run
from tests.charts.pipeline import Pipeline
from tests.live.hl7v2 import order, report

pytestmark = pytest.mark.live


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.begin() as connection:
        result = connection.execute(text(query), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def published(engine: Engine) -> list[tuple[Any, ...]]:
    query = "SELECT id, status, revision, body::text, published_at FROM adverse_events ORDER BY id"
    records = "SELECT procedure, status, revision, body::text, published_at FROM procedure_records ORDER BY procedure"
    return rows(engine, query) + rows(engine, records)


def test_revisions_of_a_shuffled_history_are_those_of_the_rebuild(pipeline: Pipeline, cryowatch: Run) -> None:
    """A revision counts the fact versions held, so the archive read in its own order gives the same."""
    run = build_run(seed=9, cohort="paper", faults=0.3)
    assert iso(run.horizon) <= AS_OF
    messages = [*run.messages[:500], *run.messages[:500:7]]
    random.Random(2).shuffle(messages)
    pipeline.play(messages, batch=100)
    before = published(pipeline.engine)
    assert len({row[2] for row in before}) > 5
    done = cryowatch("rebuild", "--switch", "--yes")
    assert "They are the same." in done.output
    assert " 0 records and events are queued" in done.output
    assert before == published(pipeline.engine)


def test_an_interrupted_rebuild_goes_on_where_it_was(
    pipeline: Pipeline, cryowatch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.play(build_run(seed=4, cohort="random", faults=0.2).messages[:400])
    before = published(pipeline.engine)
    read = ArchiveReader.facts
    calls: list[int] = []

    def interrupted(self: ArchiveReader, connection: Any, found: Any) -> Any:
        calls.append(len(found))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read(self, connection, found)

    monkeypatch.setattr(ArchiveReader, "facts", interrupted)
    done = cryowatch("rebuild", "--switch", "--yes")
    assert "run the same command again" in done.output
    (held,) = rows(pipeline.engine, "SELECT count(*) FROM message_ledger WHERE body IS NOT NULL")
    calls.clear()
    calls += [0, 0]
    done = cryowatch("rebuild", "--switch", "--yes")
    assert "Going on with the unfinished rebuild" in done.output
    assert "They are the same." in done.output
    assert 0 < sum(calls) < held[0]
    assert before == published(pipeline.engine)
    assert rows(pipeline.engine, "SELECT to_regnamespace('cryowatch_rebuild')") == [(None,)]


def test_messages_the_database_refuses_are_refused_again(
    pipeline: Pipeline, cryowatch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.play([order(f"A{n}", f"P{n}") for n in range(9)])
    before = published(pipeline.engine)
    read = ArchiveReader.facts

    def with_nul(self: ArchiveReader, connection: Any, found: Any) -> Any:
        if any(b"|A4|" in one.message.value for one in found):
            connection.execute(text("SELECT :x"), {"x": "a\x00b"})
        return read(self, connection, found)

    monkeypatch.setattr(ArchiveReader, "facts", with_nul)
    done = cryowatch("rebuild", "--show", "5")
    assert "They differ." in done.output
    assert "procedure_records: procedure:IEO:A4" in done.output
    assert "1 message that the database refuses" in done.output
    done = cryowatch("rebuild", "--switch", "--yes")
    assert "the archive doesn't give 1 live facts" in done.output
    assert before == published(pipeline.engine)


def test_one_rebuild_at_a_time_and_no_erasure_beside_it(pipeline: Pipeline, cryowatch: Run) -> None:
    with pipeline.engine.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:n)"), {"n": ONE_REBUILD})
        assert "another rebuild is running" in cryowatch("rebuild").output
        words = ("--site", "IEO", "--patient", "P1", "--reason", "r", "--operator", "o", "--yes", "--unknown")
        assert "a rebuild is running" in cryowatch("erase", *words).output
        other.invalidate()
    assert "They are the same." in cryowatch("rebuild").output
    assert cryowatch("rebuild", "--discard").output == "No rebuild is left.\n"


def test_rights_on_the_tables_outlive_the_switch(pipeline: Pipeline, cryowatch: Run) -> None:
    rows(pipeline.engine, "CREATE ROLE reader_of_events")
    rows(pipeline.engine, "GRANT SELECT ON adverse_events TO reader_of_events")
    assert cryowatch("rebuild", "--switch", "--yes").exit_code == 0
    query = "SELECT has_table_privilege('reader_of_events', 'adverse_events', 'SELECT')"
    assert rows(pipeline.engine, query) == [(True,)]
    rows(pipeline.engine, "DROP OWNED BY reader_of_events")
    rows(pipeline.engine, "DROP ROLE reader_of_events")


def test_lost_topics_are_filled_again_with_the_bytes_that_were_there(pipeline: Pipeline, cryowatch: Run) -> None:
    pipeline.play([order("A1", "P1"), report("R1", "P1", "Small left pleural effusion.")])
    pipeline.play([report("R1", "P1", "No effusion.", status="C", hours=30)])
    newest = {(topic, slot): value for topic, slot, value in pipeline.sent if topic != "clinical-facts"}
    assert len(newest) == 2
    assert "2 records and events are queued" in cryowatch("rebuild", "--switch", "--yes", "--republish").output
    pipeline.sent.clear()
    pipeline.join()
    sent = [(topic, slot, value) for topic, slot, value in pipeline.sent if topic != "audit-events"]
    assert newest == {(topic, slot): value for topic, slot, value in sent}


def test_the_tables_that_are_exchanged_come_from_the_models(pipeline: Pipeline, cryowatch: Run) -> None:
    """After a switch the schema is still what the migrations say, down to names of indexes."""
    names = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    before = rows(pipeline.engine, names)
    assert cryowatch("rebuild", "--switch", "--yes").exit_code == 0
    assert before == rows(pipeline.engine, names)
    command.check(alembic_config(pipeline.engine))
    defaults = "SELECT column_default FROM information_schema.columns WHERE table_name = 'facts' AND column_name = :c"
    assert rows(pipeline.engine, defaults, c="recorded_at") == [("now()",)]
    assert rebuilding.SCHEMA == "cryowatch_rebuild"
