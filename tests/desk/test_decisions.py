"""Decisions of the safety lead: one message each with its audit record, or words that say why not."""

import json

import pytest

from services.casework.decision import Decision, adjudicate
from services.casework.problem import Kind, Problem
from services.casework.review import reviews
from services.clinical.facts import Standing
from services.contracts.codec import validator
from tests.builders import LONG_AFTER, procedure, report
from tests.desk.conftest import BY, Office

pytestmark = pytest.mark.live
EFFUSION = "FINDINGS: Small left pleural effusion."
SYSTEM = "urn:cryowatch:site:{site}:patient"


@pytest.fixture
def event(office: Office) -> str:
    office.enter(procedure(), report(EFFUSION))
    ((name,),) = office.rows("SELECT id FROM adverse_events")
    return str(name)


def refused(office: Office, decision: Decision) -> Kind:
    with pytest.raises(Problem) as problem:
        adjudicate(office.work, BY, decision, SYSTEM)
    assert [] == office.outbox("adjudications")
    assert [("adjudicate", "4", "M. Rossi")] == office.acts()
    return problem.value.kind


@pytest.mark.parametrize(
    "decision",
    [
        Decision("", "confirm", "Seen."),
        Decision("", "reject", "An old effusion."),
        Decision("", "regrade", "Two more days.", grade=3),
        Decision("", "causality", "Heart failure.", causality="not_caused"),
    ],
    ids=lambda d: d.verdict,
)
def test_a_decision_is_a_message_of_its_own_with_an_audit_record_of_the_patient(
    office: Office, event: str, decision: Decision
) -> None:
    made = Decision(event, decision.verdict, decision.why, decision.grade, decision.causality)
    adjudicate(office.work, BY, made, SYSTEM)
    (row,) = office.outbox("adjudications")
    message = json.loads(bytes(row.value))
    assert validator("adjudications.v1")(message) == []
    assert (event, "M. Rossi", decision.why) == (message["event"], message["who"], message["why"])
    ((body,),) = office.rows("SELECT body FROM adverse_events")
    assert (body["site"], body["accession"], body.get("basis")) == tuple(
        message[n] for n in ("site", "accession", "basis")
    )
    assert event == row.key
    (record,) = office.audited()
    assert record["meta"]["profile"][0].endswith("IHE.BasicAudit.PatientUpdate")
    patient, thing = record["entity"]
    assert body["patient_id"] == patient["what"]["identifier"]["value"]
    assert f"AdverseEvent/{event}" == thing["what"]["reference"]


def test_two_equal_decisions_at_two_times_are_two(office: Office, event: str) -> None:
    for _ in range(2):
        adjudicate(office.work, BY, Decision(event, "confirm", "Seen."), SYSTEM)
    assert 2 == len(office.outbox("adjudications"))


@pytest.mark.parametrize(
    "decision",
    [
        Decision("", "regrade", "why"),
        Decision("", "confirm", "why", grade=2),
        Decision("", "regrade", "why", grade=6),
        Decision("", "causality", "why"),
        Decision("", "causality", "why", causality="perhaps"),
        Decision("", "doubt", "why"),
        Decision("", "confirm", "  "),
        Decision("", "confirm", "x" * 2001),
    ],
    ids=str,
)
def test_a_decision_that_does_not_fit_is_refused(office: Office, event: str, decision: Decision) -> None:
    made = Decision(event, decision.verdict, decision.why, decision.grade, decision.causality)
    assert Kind.INVALID == refused(office, made)


@pytest.mark.parametrize("name", ["ae-unknown", "", "a\x00b", "x" * 300, "<b>"])
def test_an_unknown_event_is_refused(office: Office, name: str) -> None:
    assert Kind.UNKNOWN == refused(office, Decision(name, "confirm", "why"))


def test_of_a_withdrawn_event_there_is_nothing_to_decide(office: Office, event: str) -> None:
    clear = "FINDINGS: No pleural effusion."
    office.enter(report(clear, issued=LONG_AFTER, standing=Standing.CORRECTED))
    assert [("withdrawn",)] == office.rows("SELECT status FROM adverse_events")
    assert Kind.CONFLICT == refused(office, Decision(event, "confirm", "why"))


def test_an_event_that_was_rejected_may_be_confirmed_after_all(office: Office, event: str) -> None:
    with office.engine.begin() as connection:
        from sqlalchemy import text

        body = 'body || \'{"status": "withdrawn", "review": ["rejected"]}\''
        connection.execute(text(f"UPDATE adverse_events SET status = 'withdrawn', body = {body}"))
    adjudicate(office.work, BY, Decision(event, "confirm", "Seen after all."), SYSTEM)
    assert 1 == len(office.outbox("adjudications"))


def test_reviews_are_paged_filtered_and_recorded_for_each_patient(office: Office) -> None:
    for n in range(3):
        office.enter(procedure(f"A{n}", patient=f"P{n}"), report(EFFUSION, f"R{n}", patient=f"P{n}"))
    with office.engine.begin() as connection:
        from sqlalchemy import text

        flag = text('UPDATE adverse_events SET body = body || \'{"review": ["side_not_stated"]}\'')
        connection.execute(flag)
        connection.execute(text("UPDATE procedure_records SET body = body - 'review'"))
    page, after = reviews(office.work, BY, SYSTEM, None, 2, None)
    rest, end = reviews(office.work, BY, SYSTEM, "IEO", 2, after)
    assert 3 == len({one.id for one in (*page, *rest)})
    assert end is None
    assert {("event", ("side_not_stated",))} == {(one.kind, one.codes) for one in (*page, *rest)}
    assert ((), None) == reviews(office.work, BY, SYSTEM, "HSR", 2, None)
    patients = [r["entity"][0]["what"]["identifier"]["value"] for r in office.audited() if "Patient" in str(r["meta"])]
    assert ["P0", "P1", "P2"] == sorted(patients)
