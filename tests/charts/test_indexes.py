"""What a message or a search asks is answered by an index, whatever the history: plans with sequential scans dear."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Select, delete, func, select, text

from services.audit.act import Patient
from services.audit.search import Place, Wanted, page_query
from services.casework.review import flagged
from services.charts.tables import adverse_events, contributions, day_totals, dirty_days, facts, kin, kin_names
from services.runtime.batch_rows import one_of
from services.runtime.database import make_engine
from services.runtime.settings import Settings
from services.runtime.tables import audit_events, erased_subjects, message_ledger, message_subjects

pytestmark = pytest.mark.live
EVENTS, LEDGER, TRAIL = adverse_events.c, message_ledger.c, audit_events.c
PLACE = Place(datetime(2021, 1, 1, tzinfo=UTC), 9)
QUERIES: dict[str, Any] = {
    "search by patient number": select(EVENTS.id).where(EVENTS.body["patient_id"].astext.in_({"1", "2"})),
    "search by accession": select(EVENTS.id).where(EVENTS.body["accession"].astext.in_({"1", "2"})),
    "a group's facts": select(facts.c.body).where(facts.c.kin.in_([1, 2])),
    "names to groups": select(kin_names.c.kin).where(kin_names.c.name.in_(["a", "b"])),
    "a group's events": select(EVENTS.body).where(EVENTS.kin == 1),
    "a group's contributions": select(contributions.c.counts).where(contributions.c.kin == 1),
    "a day's contributions": select(contributions.c.counts).where(
        contributions.c.site == "S", contributions.c.day == datetime(2021, 1, 1, tzinfo=UTC).date()
    ),
    "the days of a month": select(day_totals.c.counts).where(
        day_totals.c.site == "S", day_totals.c.day >= PLACE.recorded.date(), day_totals.c.day < PLACE.recorded.date()
    ),
    "the days of a window": select(day_totals.c.counts).where(day_totals.c.day > PLACE.recorded.date()),
    "a day's mark": delete(dirty_days).where(
        dirty_days.c.site == "S", dirty_days.c.day == datetime(2021, 1, 1, tzinfo=UTC).date()
    ),
    "groups that are due": select(func.count()).select_from(kin).where(kin.c.next_due <= func.now()),
    "facts to expire": select(facts.c.kin)
    .where(facts.c.recorded_at <= func.now())
    .order_by(facts.c.recorded_at)
    .limit(9),
    "bodies to let go": select(LEDGER.offset)
    .where(LEDGER.body.is_not(None), LEDGER.outcome.in_(("done", "duplicate")), LEDGER.recorded_at < func.now())
    .order_by(LEDGER.recorded_at)
    .limit(9),
    "ignored rows to sum up": select(LEDGER.offset)
    .where(LEDGER.outcome == "ignored", LEDGER.recorded_at < func.now())
    .order_by(LEDGER.recorded_at)
    .limit(9),
    "erased patients": select(erased_subjects.c.subject).where(erased_subjects.c.subject.in_([b"1", b"2"])),
    "what to review": flagged(None, 9, None),
    "a site's next page of what to review": flagged("S", 9, "event/ae-1"),
    "the trail, newest first": page_query(Wanted(), 9, None),
    "the trail, the next page of a month": page_query(Wanted(PLACE.recorded, PLACE.recorded), 9, PLACE),
    "a patient's trail": page_query(Wanted(patient=Patient("urn:x", "1")), 9, PLACE),
    "records of the trail to let go": select(TRAIL.number)
    .where(TRAIL.recorded < func.now())
    .order_by(TRAIL.recorded)
    .limit(9),
    "a patient's messages": select(message_subjects.c.offset).where(message_subjects.c.subject.in_([b"1", b"2"])),
}


def plan(engine: Engine, query: Select[Any]) -> str:
    """The plan with parameters as the services send them."""
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        compiled = query.compile(connection, compile_kwargs={"render_postcompile": True})
        values = dict(compiled.construct_params())
        return "\n".join(row[0] for row in connection.exec_driver_sql("EXPLAIN " + str(compiled), values))


def test_an_index_answers(database: Engine) -> None:
    plans = {name: plan(database, query) for name, query in QUERIES.items()}
    wrong = {name: shown for name, shown in plans.items() if "Index" not in shown or "Seq Scan" in shown}
    assert wrong == {}


@pytest.mark.parametrize("by_index", [True, False])
def test_a_plan_from_when_a_table_was_small_does_not_read_all_of_it_later(database: Engine, by_index: bool) -> None:
    """Without ``by_index`` it does, which is what the setting is for."""
    url = database.url.render_as_string(hide_password=False)
    engine = make_engine(Settings(database_url=url), by_index=by_index)
    query = select(kin_names.c.kin).where(one_of(kin_names.c.name, ["a", "b"]))

    def scans(connection: Connection) -> int:
        for _ in range(20):  # psycopg prepares it, then PostgreSQL settles on one plan for all parameters
            connection.execute(query)
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        connection.commit()
        with database.connect() as other:
            scanned = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'kin_names'"
            return int(other.execute(text(scanned)).scalar_one())

    def run(*statements: str) -> None:
        with database.begin() as other:
            for statement in statements:
                other.execute(text(statement))

    names = "INSERT INTO kin_names SELECT 'n' || n, -1 FROM generate_series"
    run("INSERT INTO kin (id) OVERRIDING SYSTEM VALUE VALUES (-1)", f"{names}(1, 5) n", "ANALYZE kin_names")
    with engine.connect() as connection:
        scans(connection)
        run(f"{names}(6, 20000) n")
        before, after = scans(connection), scans(connection)
    engine.dispose()
    run("DELETE FROM kin_names WHERE kin = -1", "DELETE FROM kin WHERE id = -1")
    assert (after == before) == by_index


def test_what_holds_few_rows_of_many_has_an_index_of_its_own(database: Engine) -> None:
    for name in ("what to review", "a site's next page of what to review"):
        shown = plan(database, QUERIES[name])
        assert {"ix_adverse_events_review", "ix_procedure_records_review"} <= set(shown.split()), shown
    assert "ix_audit_events_patient" in plan(database, QUERIES["a patient's trail"])
