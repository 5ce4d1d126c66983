"""The publishing transaction on a real PostgreSQL: once, twice, shuffled, corrected, merged, from two workers."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, text

from deploy.local.database import LocalDatabase
from services.charts.day_sums import sum_some
from services.charts.due import publish_due, publish_outdated
from services.charts.publishing import Publisher
from services.charts.rates import site_counts
from services.clinical.facts import Fact, Standing, state
from services.clinical.rates.rate import counts_of
from services.clinical.statements import PatientLink
from services.command.__main__ import main
from services.command.migrate import alembic_config
from tests.builders import END, LONG_AFTER, RULES, START, care, procedure, published, report, withdrawal

pytestmark = pytest.mark.live
EFFUSION = "FINDINGS: Small left pleural effusion."
CLEAR = "FINDINGS: No pneumothorax. No pleural effusion."
PUBLISHER = Publisher(RULES, b"a key that hashes the keys of Kafka")


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDatabase]:
    with LocalDatabase() as running:
        yield running


@pytest.fixture
def engine(server: LocalDatabase, request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine(server.create_database(f"charts_{abs(hash(request.node.name))}"), pool_size=8)
    command.upgrade(alembic_config(engine), "head")
    yield engine
    engine.dispose()


def enter(engine: Engine, *found: Fact | list[Fact]) -> int:
    flat = [f for one in found for f in (one if isinstance(one, list) else [one])]
    with engine.begin() as connection:
        return PUBLISHER.enter(connection, flat, LONG_AFTER)


def events(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT code, status FROM adverse_events ORDER BY id"))]


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_same_facts_twice_are_entered_once(engine: Engine) -> None:
    found = [procedure(), *report(EFFUSION)]
    assert 3 == enter(engine, found)
    before = rows(engine, "SELECT body FROM adverse_events")
    assert 0 == enter(engine, found)
    assert before == rows(engine, "SELECT body FROM adverse_events")
    assert [(1,)] == rows(engine, "SELECT count(*) FROM adverse_event_versions")


def test_a_fact_that_changes_nothing_for_readers_is_no_new_version(engine: Engine) -> None:
    enter(engine, procedure(), report(EFFUSION))
    before = rows(engine, "SELECT edition, published_at, body->'revision' FROM adverse_events")
    enter(engine, care("oxygen", number="C9", hours=900))
    after = rows(engine, "SELECT edition, published_at, body->'revision' FROM adverse_events")
    assert before[0][:2] == after[0][:2]
    assert before[0][2] < after[0][2]  # type: ignore[operator]
    assert [(1,)] == rows(engine, "SELECT count(*) FROM adverse_event_versions")
    enter(engine, care("chest_tube", side="left"))
    assert [(2,)] == rows(engine, "SELECT count(*) FROM adverse_event_versions")
    assert [(True,)] == rows(engine, "SELECT edition = revision FROM adverse_events")


def test_after_an_upgrade_the_timer_publishes_every_chart_again_and_then_rests(engine: Engine) -> None:
    for number in range(5):
        patient = f"P{number}"
        enter(engine, procedure(f"A{number}", patient=patient), report(EFFUSION, f"R{number}", patient=patient))
    ids = rows(engine, "SELECT id FROM adverse_events ORDER BY id")
    newer = replace(PUBLISHER, rules=replace(RULES, epoch=RULES.epoch + 1))
    done = []
    while not done or done[-1]:
        with engine.begin() as connection:
            done.append(publish_outdated(connection, newer, LONG_AFTER, limit=2))
    assert [2, 2, 1, 0] == done
    assert ids == rows(engine, "SELECT id FROM adverse_events ORDER BY id")
    assert [(RULES.epoch + 1,)] == rows(engine, "SELECT DISTINCT revision >> 44 FROM adverse_events")
    assert [(5,)] == rows(engine, "SELECT count(*) FROM adverse_event_versions")


def test_a_correction_withdraws_the_event_and_a_second_one_reinstates_it(engine: Engine) -> None:
    enter(engine, procedure(), report(EFFUSION, issued=END + timedelta(hours=25)))
    assert [("pleural_effusion", "live")] == events(engine)
    enter(engine, report(CLEAR, issued=END + timedelta(hours=26), standing=Standing.CORRECTED))
    assert [("pleural_effusion", "withdrawn")] == events(engine)
    assert [(0,)] == rows(engine, "SELECT count(*) FROM contributions WHERE counts->'all' ? 'events.all'")
    enter(engine, report(EFFUSION, issued=END + timedelta(hours=27), standing=Standing.CORRECTED))
    assert [("pleural_effusion", "live")] == events(engine)
    revisions = rows(engine, "SELECT revision FROM adverse_event_versions ORDER BY published_at, revision")
    assert revisions == sorted(revisions)
    assert 3 == len(revisions)


def test_two_workers_with_shuffled_halves_end_where_one_ends(engine: Engine) -> None:
    found: list[Fact] = []
    for number in range(12):
        patient = f"P{number % 5}"
        found += [procedure(f"A{number}", patient=patient, start=START + timedelta(days=7 * number))]
        end = END + timedelta(days=7 * number)
        found += report(EFFUSION if number % 2 else CLEAR, f"R{number}", end=end, patient=patient)
    found += [state(PatientLink("IEO", "P1", "P2"), sent=END), withdrawal("R3", patient="P3", issued=LONG_AFTER)]
    dice = random.Random(3)
    singles = [*found, *found]
    dice.shuffle(singles)

    def work(share: list[Fact]) -> None:
        for start in range(0, len(share), 4):
            while True:
                try:
                    enter(engine, share[start : start + 4])
                    break
                except Exception as problem:
                    if "deadlock" not in str(problem):
                        raise

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [singles[n::4] for n in range(4)]))
    want = published(found)
    wanted = sorted((e.id, e.revision) for e in want.events)
    got = rows(engine, "SELECT id, revision FROM adverse_events WHERE status = 'live' ORDER BY id")
    by_group = {e.id for e in want.events}
    assert {name for name, _ in wanted} == by_group == {name for name, _ in got}
    with engine.begin() as connection:
        while sum_some(connection):
            pass
        (total,) = site_counts(connection, LONG_AFTER + timedelta(days=365), ["all"])
    alone: list[Fact] = found
    from services.clinical.kin import kin_groups
    from services.clinical.publish import publish

    scratch = counts_of(c for g in kin_groups(alone) for c in publish(g, RULES, LONG_AFTER).contributions)
    assert scratch.values == total.counts.values


def test_what_time_changes_is_due_and_published_by_the_timer(engine: Engine) -> None:
    with engine.begin() as connection:
        PUBLISHER.enter(connection, [procedure(), *report(EFFUSION)], END + timedelta(hours=26))
    assert [("closed",)] == rows(engine, "SELECT body->>'phase' FROM procedure_records")
    with engine.begin() as connection:
        assert 0 == publish_due(connection, PUBLISHER, END + timedelta(hours=30))
        assert 1 == publish_due(connection, PUBLISHER, LONG_AFTER)
        assert 0 == publish_due(connection, PUBLISHER, LONG_AFTER)
    assert [("final",)] == rows(engine, "SELECT body->>'phase' FROM procedure_records")


def test_refold_and_shadow_work_on_the_stored_facts(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(engine, procedure(), report(EFFUSION), care("chest_tube"))
    for name in ("event_id_key", "routing_key"):
        (tmp_path / name).write_bytes(RULES.event_key)
    monkeypatch.setenv("CRYOWATCH_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CRYOWATCH_DATABASE_URL", engine.url.render_as_string())
    before = rows(engine, "SELECT id FROM adverse_events")
    done = CliRunner().invoke(main, ["refold"])
    assert "1 charts were published again." in done.output
    assert before == rows(engine, "SELECT id FROM adverse_events")
    stricter = tmp_path / "stricter.toml"
    stricter.write_text(
        'id = "stricter"\nversion = "1"\nscale = "SIR 2017"\ntitle = "All is severe"\n'
        '[[rule]]\nid = "all"\ngrade = 3\nevents = ["*"]\nwords = "Everything."\n'
    )
    shown = CliRunner().invoke(main, ["shadow", str(stricter)])
    assert "1 events would be others: 0 appears, 0 vanishes, 1 other grade, 0 changes" in shown.output
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM adverse_events"))
    appears = CliRunner().invoke(main, ["shadow"])
    assert "1 events would be others: 1 appears" in appears.output, appears.output
    with engine.begin() as connection:
        PUBLISHER.publish(connection, [1], LONG_AFTER)
    assert before == rows(engine, "SELECT id FROM adverse_events")


def test_migrations_go_up_down_and_up_and_say_what_the_tables_say(engine: Engine) -> None:
    config = alembic_config(engine)
    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    assert [(0,)] == rows(engine, "SELECT count(*) FROM facts")
