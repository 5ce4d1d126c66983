"""Erasure on a real database: who goes, who stays, what comes again, and what other people's groups keep."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from services.runtime.message import InboundMessage
from tests.charts.conftest import Run
from tests.charts.pipeline import Pipeline
from tests.live.hl7v2 import batch, merge, order, report
from tests.live.test_erasure import NEW, OLD, OTHER, TRACES, bystander, canary

pytestmark = pytest.mark.live
WHY = ("--reason", "asked for", "--operator", "dpo", "--yes")


def rows(engine: Engine, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def traces(engine: Engine) -> list[str]:
    """Columns that hold a trace of the erased patient."""
    found = []
    tables = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    for table, column, kind in rows(engine, tables):
        shown = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
        query = f'SELECT count(*) FROM "{table}" WHERE {shown} ~* :p'
        if rows(engine, query, p="|".join(TRACES))[0][0]:
            found.append(f"{table}.{column}")
    return found


def events(engine: Engine) -> list[tuple[Any, ...]]:
    return rows(engine, "SELECT id, status, revision, body::text FROM adverse_events ORDER BY id")


def test_every_trace_goes_the_bystander_stays_and_a_second_delivery_brings_nothing_back(
    pipeline: Pipeline, cryowatch: Run
) -> None:
    engine = pipeline.engine
    pipeline.play([*bystander(), *canary()])
    assert {"facts.body", "kin_names.name", "message_ledger.body", "telemetry_frames.accession"} <= set(traces(engine))
    before, taken = events(engine), rows(engine, "SELECT count(*) FROM message_ledger")
    shown = cryowatch("erase", "--site", "IEO", "--patient", OLD, *WHY[:-1], "--dry-run")
    assert "Nothing was changed." in shown.output
    assert events(engine) == before

    done = cryowatch("erase", "--site", "IEO", "--patient", OLD, *WHY)
    assert done.exit_code == 0, done.output
    pipeline.settle()
    assert traces(engine) == []
    assert taken == rows(engine, "SELECT count(*) FROM message_ledger")
    mine = [row for row in before if "BYSTANDER" in row[3]]
    assert [row[0] for row in mine] == [row[0] for row in events(engine)]
    assert [row[2] <= now[2] for row, now in zip(mine, events(engine), strict=True)] == [True]
    tombstones = [(topic, slot) for topic, slot, value in pipeline.sent if value is None]
    assert sorted(topic for topic, _ in tombstones) == ["adverse-events", "procedure-records"]
    assert pipeline.sent[-1][2] is None or b"BYSTANDER" in pipeline.sent[-1][2]
    counted = rows(engine, "SELECT sum((counts->'all'->>'procedures.planned')::integer) FROM day_totals")
    assert counted == [(1,)]

    stays = events(engine)
    pipeline.play([*canary()[:-1], report("CANREP9", NEW, "zebrafinch.", hours=99)])
    assert traces(engine) == []
    assert stays == events(engine)
    assert "They are the same." in cryowatch("rebuild", "--switch", "--yes").output
    assert traces(engine) == []
    assert stays == events(engine)


def test_a_batch_keeps_what_it_says_of_others_before_and_after(pipeline: Pipeline, cryowatch: Run) -> None:
    pipeline.play([*bystander(), order("CANACC7703", NEW)])
    mixed = batch(report("CANREP1", NEW, "zebrafinch.", hours=70), report("BYREP2", OTHER, "No effusion.", hours=71))
    pipeline.play([mixed])
    assert cryowatch("erase", "--site", "IEO", "--patient", NEW, *WHY).exit_code == 0
    again = batch(report("CANREP2", NEW, "zebrafinch.", hours=72), report("BYREP3", OTHER, "No effusion.", hours=73))
    pipeline.play([again])
    held = "SELECT count(DISTINCT id) FROM facts WHERE kind = 'report-body' AND id LIKE '%BYREP%'"
    assert rows(pipeline.engine, held) == [(3,)]
    kept = "SELECT count(*) FROM message_ledger WHERE warnings::text LIKE '%erased_patient_left_out%'"
    assert rows(pipeline.engine, kept) == [(2,)]
    assert "They are the same." in cryowatch("rebuild").output
    assert traces(pipeline.engine) == []


def test_an_unmerged_number_is_another_person(pipeline: Pipeline, cryowatch: Run) -> None:
    unmerge = merge(OLD, NEW, hours=61)
    pipeline.play([order("CANACC7703", OLD), order("STAYS1", NEW), report("STAYR1", NEW, "Left pleural effusion.")])
    pipeline.play([merge(OLD, NEW)])
    value = unmerge.value.replace(b"ADT^A40", b"ADT^A37").split(b"MRG")[0]
    pid = f"PID|2||{OLD}^^^IEO^MR\r".encode()
    pipeline.play([type(unmerge)(unmerge.topic, unmerge.key, value + pid, unmerge.headers, unmerge.sim_time)])
    before = rows(pipeline.engine, "SELECT procedure, revision FROM procedure_records ORDER BY procedure")
    assert cryowatch("erase", "--site", "IEO", "--patient", OLD, *WHY).exit_code == 0
    after = rows(pipeline.engine, "SELECT procedure, revision FROM procedure_records")
    assert [row[0] for row in after] == ["procedure:IEO:STAYS1"]
    assert after[0][1] >= dict(before)["procedure:IEO:STAYS1"], "a revision may not fall"
    assert rows(pipeline.engine, "SELECT count(*) FROM kin_names WHERE name LIKE :p", p=f"%{OLD}") == [(0,)]
    assert "They are the same." in cryowatch("rebuild", "--switch", "--yes").output
    assert after == rows(pipeline.engine, "SELECT procedure, revision FROM procedure_records")


def test_facts_on_their_way_to_the_joiner_find_the_patient_erased(pipeline: Pipeline, cryowatch: Run) -> None:
    placed = [pipeline.place(m) for m in (order("CANACC7703", NEW), report("CANREP1", NEW, "zebrafinch."))]
    pipeline.processors[0].apply(pipeline.engine, placed)
    waiting = rows(pipeline.engine, "SELECT topic, slot, value FROM outbox")
    assert cryowatch("erase", "--site", "IEO", "--patient", NEW, *WHY).exit_code == 0
    assert rows(pipeline.engine, "SELECT DISTINCT topic FROM outbox") == [("audit-events",)]
    late = [InboundMessage("clinical-facts", 0, n, bytes(value)) for n, (_, _, value) in enumerate(waiting)]
    applied = pipeline.joiner.apply(pipeline.engine, late)
    assert applied.counts == {("clinical-facts", "ignored"): len(late)}
    assert traces(pipeline.engine) == []


def test_the_command_refuses_to_keep_the_number_in_its_reason(cryowatch: Run) -> None:
    done = cryowatch(
        "erase", "--site", "IEO", "--patient", NEW, "--reason", f"{NEW} asked", "--operator", "dpo", "--yes"
    )
    assert done.exit_code == 2
    assert "must not hold the patient's number" in done.output


def test_a_patient_of_whom_nothing_is_held_can_be_erased_beforehand(pipeline: Pipeline, cryowatch: Run) -> None:
    asked = ("erase", "--site", "IEO", "--patient", NEW, *WHY)
    assert cryowatch(*asked).exit_code == 1, "it may be mistyped"
    assert cryowatch(*asked, "--unknown").exit_code == 0
    pipeline.play([order("CANACC7703", NEW)])
    assert traces(pipeline.engine) == []
