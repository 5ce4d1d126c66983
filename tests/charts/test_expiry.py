"""Facts without a procedure go after their time, each looked at once; those of a procedure's group never do."""

import threading

import pytest
from sqlalchemy import Engine, text

from services.charts.expiry import Expired, expire
from services.charts.publishing import Publisher
from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import PatientLink
from services.runtime.archive import prune, prune_handled, sum_ignored
from services.window_timer.handler import tidy
from tests.builders import END, LONG_AFTER, RULES, care, procedure, report
from tests.charts.conftest import Run
from tests.charts.pipeline import Pipeline
from tests.live.hl7v2 import order
from tests.live.hl7v2 import report as report_message

pytestmark = pytest.mark.live
PUBLISHER = Publisher(RULES, b"a key that hashes the keys of Kafka")


def enter(engine: Engine, found: list[Fact], days_ago: int) -> None:
    """Enter facts as if that long ago."""
    with engine.begin() as connection:
        before = set(connection.execute(text("SELECT id, version FROM facts")).tuples())
        PUBLISHER.enter(connection, found, LONG_AFTER)
        new = set(connection.execute(text("SELECT id, version FROM facts")).tuples()) - before
        for id_, version in new:
            query = "UPDATE facts SET recorded_at = now() - make_interval(days => :d) WHERE (id, version) = (:i, :v)"
            connection.execute(text(query), {"d": days_ago, "i": id_, "v": version})


def all_of(engine: Engine, days: int = 120, limit: int = 500) -> tuple[int, int]:
    """Steps until nothing is left to look at: facts seen, facts removed."""
    seen = removed = 0
    while True:
        with engine.begin() as connection:
            step = expire(connection, days, limit)
        if not step.seen:
            return seen, removed
        seen, removed = seen + step.seen, removed + step.facts


def names(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT name FROM kin_names WHERE name LIKE 'patient:%'")).scalars())


def test_only_old_groups_without_a_procedure_go_and_nothing_is_looked_at_twice(database: Engine) -> None:
    enter(database, report("Left effusion.", "R1", patient="OLD"), 130)
    enter(database, report("Left effusion.", "R2", patient="YOUNG"), 110)
    enter(database, report("Left effusion.", "R3", patient="REFRESHED"), 130)
    enter(database, [care("chest_tube", patient="REFRESHED", number="C3")], 10)
    enter(database, report("Left effusion.", "R4", patient="TREATED"), 200)
    enter(database, [procedure("A4", patient="TREATED")], 150)
    enter(database, [procedure("A5", patient="WITHDRAWN", standing=Standing.WITHDRAWN)], 150)
    enter(database, report("Left effusion.", "R6", patient="MERGED"), 200)
    enter(database, [state(PatientLink("IEO", "MERGED", "TREATED"), sent=END)], 150)
    assert all_of(database) == (11, 2)
    assert names(database) == {f"patient:IEO:{n}" for n in ("YOUNG", "REFRESHED", "TREATED", "WITHDRAWN", "MERGED")}
    assert all_of(database) == (0, 0)
    assert all_of(database, days=105) == (2, 2), "the younger one's time has come; the others aren't looked at again"
    assert "patient:IEO:YOUNG" not in names(database)


def test_small_steps_remove_what_one_large_step_removes(database: Engine) -> None:
    for number in range(40):
        enter(database, report("Left effusion.", f"R{number}", patient=f"P{number}"), 121 + number)
    enter(database, [procedure("A1", patient="P7")], 130)
    assert all_of(database, limit=3) == (81, 78)
    assert names(database) == {"patient:IEO:P7"}


def test_a_patient_who_comes_back_while_they_expire_is_entered_all_the_same(database: Engine) -> None:
    enter(database, report("Left effusion.", "R1", patient="P1"), 130)
    entered = threading.Event()
    with database.begin() as connection:
        assert expire(connection, 120).groups == 1
        worker = threading.Thread(target=lambda: (enter(database, [procedure("A1", patient="P1")], 0), entered.set()))
        worker.start()
        assert not entered.wait(0.5), "the joiner waits for the group's lock"
    worker.join(10)
    assert entered.is_set()
    assert names(database) == {"patient:IEO:P1"}


def test_a_procedure_documented_late_gets_its_reports_back_from_the_archive(pipeline: Pipeline, cryowatch: Run) -> None:
    engine = pipeline.engine
    pipeline.play([report_message("R1", "P1", "Small left pleural effusion."), report_message("R2", "P2", "Clear.")])
    with engine.begin() as connection:
        for table in ("facts", "message_ledger"):
            connection.execute(text(f"UPDATE {table} SET recorded_at = recorded_at - interval '130 days'"))
    with engine.begin() as connection:
        assert tidy(connection, pipeline.settings).expired == Expired(4, 2, 4)
    pipeline.play([order("A1", "P1")])
    count = text("SELECT count(*) FROM adverse_events")
    with engine.connect() as connection:
        assert connection.execute(count).scalar_one() == 0
    done = cryowatch("rebuild", "--switch", "--yes")
    assert done.exit_code == 0, done.output
    with engine.connect() as connection:
        assert connection.execute(count).scalar_one() == 1
    assert names(engine) == {"patient:IEO:P1"}, "who still has no procedure doesn't come back"


def test_the_archive_lets_go_of_old_bodies_and_of_dead_letters_once_they_are_handled(pipeline: Pipeline) -> None:
    broken = report_message("R9", "P9", "Clear.")
    dead = type(broken)(
        broken.topic, broken.key, broken.value.replace(b"||R9|", b"|||"), broken.headers, broken.sim_time
    )
    pipeline.play([*(report_message(f"R{n}", f"P{n}", "Clear.") for n in range(5)), dead])
    with pipeline.engine.begin() as connection:
        connection.execute(text("UPDATE message_ledger SET recorded_at = now() - interval '50 days'"))
        connection.execute(text('UPDATE message_ledger SET recorded_at = now() WHERE "offset" = 4'))
    with pipeline.engine.begin() as connection:
        assert [prune(connection, 40, limit=3) for _ in range(3)] == [3, 1, 0]
        left = connection.execute(
            text("SELECT outcome FROM message_ledger WHERE body IS NOT NULL ORDER BY 1")
        ).scalars()
        assert list(left) == ["dead_letter", "done"]
        letter = "UPDATE dead_letters SET state = 'discarded', handled_at = now() - make_interval(days => :days)"
        connection.execute(text(letter), {"days": 39})
        assert prune_handled(connection, 40) == 0
        connection.execute(text(letter), {"days": 41})
        connection.execute(text("INSERT INTO dead_letter_edits SELECT id, 1, 'x', 'who', 'why' FROM dead_letters"))
        assert [prune_handled(connection, 40) for _ in range(2)] == [1, 0]
        left = connection.execute(text("SELECT outcome FROM message_ledger WHERE body IS NOT NULL")).scalars()
        assert list(left) == ["done"]
        held = "SELECT l.key, l.headers, l.body, e.body FROM dead_letters l JOIN dead_letter_edits e ON e.letter = l.id"
        assert tuple(connection.execute(text(held)).one()) == (None, {}, None, None)


def test_old_rows_of_ignored_messages_become_totals_and_the_sum_stays(pipeline: Pipeline) -> None:
    other = report_message("R1", "P1", "Clear.")
    noise = type(other)(
        other.topic,
        other.key,
        other.value.replace(b"CT Chest", b"XR Chest").replace(b"24627-2", b"36643-5").replace(b"||CT|F", b"||CR|F"),
        other.headers,
        other.sim_time,
    )
    pipeline.play([noise] * 7 + [other])
    with pipeline.engine.begin() as connection:
        connection.execute(
            text("UPDATE message_ledger SET recorded_at = now() - interval '70 days' WHERE \"offset\" <> 3")
        )
    with pipeline.engine.begin() as connection:
        assert [sum_ignored(connection, 60, limit=4) for _ in range(3)] == [4, 2, 0]
        rows = connection.execute(text("SELECT outcome, count(*) FROM message_ledger GROUP BY 1 ORDER BY 1")).all()
        assert [tuple(row) for row in rows] == [("done", 1), ("ignored", 1)]
        totals = connection.execute(text("SELECT topic, code, messages FROM ignored_totals")).all()
        assert [tuple(row) for row in totals] == [("hl7v2-inbound", "not_a_ct_report", 6)]
