"""What a message or a search asks is answered by an index, whatever the history: plans with sequential scans dear."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, Select, delete, func, select, text

from services.charts.tables import adverse_events, contributions, dirty_days, facts, kin, kin_names
from services.runtime.tables import erased_subjects, message_ledger, message_subjects

pytestmark = pytest.mark.live
EVENTS, LEDGER = adverse_events.c, message_ledger.c
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
