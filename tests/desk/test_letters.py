"""The dead-letter desk on a real database: listed, shown, edited, replayed, discarded; by one operator and by two."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.casework import dead_letter as letters
from services.casework.dead_letter import Wanted
from services.casework.problem import Kind, Problem
from services.procedure_joiner.handler import handle as read_fact
from services.runtime import dead_letters, ledger
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Invalid
from tests.desk.conftest import BY, Office, corrected, without_patient

pytestmark = pytest.mark.live
OTHER = replace(BY, person="L. Bianchi")


def refused(kind: Kind, call: object, *given: object, **named: object) -> str:
    with pytest.raises(Problem) as problem:
        call(*given, **named)  # type: ignore[operator]
    assert problem.value.kind == kind
    return problem.value.words


def test_a_list_filters_counts_and_pages_and_shows_no_content(office: Office) -> None:
    places = [office.arrives(without_patient(f"R{n}")) for n in range(5)]
    office.arrives(b"garbage")
    page = office.desk.find(BY, Wanted(), 2)
    assert {("hl7v2-inbound", "patient_not_identified"): 5, ("hl7v2-inbound", "not_hl7"): 1} == page.counts
    assert ["not_hl7", "patient_not_identified"] == [one.code for one in page.letters]
    rest = office.desk.find(BY, Wanted(), 10, page.after)
    assert list(reversed(places))[1:] == [one.place for one in rest.letters]
    assert rest.after is None
    only = office.desk.find(BY, Wanted(code="not_hl7", topic="hl7v2-inbound", service="report_normalizer"))
    assert [("MSH", None)] == [(one.where, one.sender) for one in only.letters]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert () == office.desk.find(BY, Wanted(since=later)).letters
    assert "garbage" not in json.dumps([one.json() for one in page.letters])
    assert {("dead-letters-list", "0", "M. Rossi")} == set(office.acts())


def test_a_letter_is_shown_with_headers_and_bytes_and_the_reading_is_recorded(office: Office) -> None:
    place = office.arrives(without_patient(), {"cw-source": b"mllp", "odd": b"\xff"})
    letter, content = office.desk.show(BY, place)
    assert without_patient() == content.original
    assert {"cw-source": b"mllp", "odd": b"\xff"} == content.headers
    assert b"RIS|IEO" == content.key
    assert ("patient_not_identified", "open") == (letter.code, letter.state)
    (record,) = office.audited()
    assert place == record["entity"][0]["what"]["identifier"]["value"]
    assert record["meta"]["profile"][0].endswith("IHE.BasicAudit.Read")


def test_an_edit_stands_beside_the_original(office: Office) -> None:
    place = office.arrives(without_patient())
    assert 1 == office.desk.edit(BY, place, corrected(without_patient()), "The number was left out.")
    assert 2 == office.desk.edit(OTHER, place, corrected(without_patient()) + b"\r", "Once more.")
    _, content = office.desk.show(BY, place)
    assert without_patient() == content.original
    assert corrected(without_patient()) + b"\r" == content.edited
    who = office.rows("SELECT number, who, why FROM dead_letter_edits ORDER BY number")
    assert [(1, "M. Rossi", "The number was left out."), (2, "L. Bianchi", "Once more.")] == who
    assert [(without_patient(),)] == [(bytes(b),) for (b,) in office.rows("SELECT body FROM message_ledger")]


@pytest.mark.parametrize(("body", "why"), [(b"", "x"), (b"x", " "), (b"x" * 20 * 2**20, "x"), (b"x", "a\x00b")])
def test_an_edit_without_body_or_reason_is_refused(office: Office, body: bytes, why: str) -> None:
    refused(Kind.INVALID, office.desk.edit, BY, office.arrives(b"garbage"), body, why)
    assert [("dead-letter-edit", "4", "M. Rossi")] == office.acts()


def test_an_edit_that_changes_nothing_or_has_not_seen_the_last_one_is_refused(office: Office) -> None:
    place = office.arrives(b"garbage")
    refused(Kind.INVALID, office.desk.edit, BY, place, b"garbage", "why")
    office.desk.edit(BY, place, b"better", "why", 0)
    assert "1 edits" in refused(Kind.CONFLICT, office.desk.edit, OTHER, place, b"best", "why", 0)
    refused(Kind.INVALID, office.desk.edit, OTHER, place, b"better", "why", 1)


def test_a_replay_puts_the_bytes_back_with_key_and_headers_and_names_the_letter(office: Office) -> None:
    place = office.arrives(without_patient(), {"cw-source": b"mllp", "cw-sender": "Città".encode(), "odd": b"\xff"})
    office.desk.edit(BY, place, corrected(without_patient()), "why")
    office.desk.replay(BY, place)
    (row,) = office.outbox("hl7v2-inbound")
    assert corrected(without_patient()) == bytes(row.value)
    assert {"cw-source": "mllp", "cw-sender": "Città", "cw-replay-of": place} == row.headers
    assert "RIS|IEO" == row.key
    (letter,) = office.desk.find(BY, Wanted(state="replayed")).letters
    assert ("replayed", "M. Rossi", 1, None) == (letter.state, letter.handled_by, letter.replays, letter.became)
    assert office.arrives(bytes(row.value), {k: v.encode() for k, v in row.headers.items()})
    (letter,) = office.desk.find(BY, Wanted(state="replayed")).letters
    assert "done" == letter.became
    assert [("dead_letter", None), ("done", place)] == office.rows(
        "SELECT outcome, replay_of FROM message_ledger ORDER BY 1"
    )


def test_a_second_replay_is_a_conflict_unless_it_is_meant_and_then_a_duplicate(office: Office) -> None:
    place = office.arrives(without_patient())
    office.desk.edit(BY, place, corrected(without_patient()), "why")
    office.desk.replay(BY, place)
    assert "replayed by M. Rossi" in refused(Kind.CONFLICT, office.desk.replay, OTHER, place)
    office.desk.replay(OTHER, place, again=True)
    for row in office.outbox("hl7v2-inbound"):
        office.arrives(bytes(row.value), {"cw-replay-of": row.headers["cw-replay-of"].encode()})
    outcomes = office.rows("SELECT outcome, count(*) FROM message_ledger GROUP BY 1 ORDER BY 1")
    assert [("dead_letter", 1), ("done", 1), ("duplicate", 1)] == outcomes
    failed = [("dead-letter-replay", "4", "L. Bianchi")]
    assert failed == [one for one in office.acts() if one[1] == "4"]


def test_a_replay_that_is_bad_again_is_a_new_letter_that_names_the_old_one(office: Office) -> None:
    place = office.arrives(without_patient())
    office.desk.replay(BY, place)
    (row,) = office.outbox("hl7v2-inbound")
    again = office.arrives(bytes(row.value), {"cw-replay-of": row.headers["cw-replay-of"].encode()})
    (letter,) = office.desk.find(BY, Wanted()).letters
    assert (again, place) == (letter.place, letter.replay_of)
    (old,) = office.desk.find(BY, Wanted(state="replayed")).letters
    assert "dead_letter" == old.became


def test_many_are_replayed_by_filter_with_progress_and_each_is_recorded(office: Office) -> None:
    for n in range(120):
        office.arrives(without_patient(f"R{n}"))
    office.arrives(b"garbage")
    seen = [t.replayed for t in office.desk.replay_many(BY, Wanted(code="patient_not_identified"))]
    assert [100, 120] == seen
    assert 120 == len(office.outbox("hl7v2-inbound"))
    assert 120 == office.acts().count(("dead-letter-replay", "0", "M. Rossi"))
    assert [] == list(office.desk.replay_many(BY, Wanted(code="patient_not_identified")))
    assert ["not_hl7"] == [one.code for one in office.desk.find(BY, Wanted()).letters]


def test_a_limit_is_kept(office: Office) -> None:
    for n in range(5):
        office.arrives(without_patient(f"R{n}"))
    assert [3] == [t.replayed for t in office.desk.replay_many(BY, Wanted(code="patient_not_identified"), 3)]


def test_a_discarded_letter_stays_listed_with_its_reason(office: Office) -> None:
    place = office.arrives(b"garbage")
    refused(Kind.INVALID, office.desk.discard, BY, place, "")
    office.desk.discard(BY, place, "A test of the interface engine.")
    assert () == office.desk.find(BY, Wanted()).letters
    (letter,) = office.desk.find(BY, Wanted(state="discarded")).letters
    assert ("M. Rossi", "A test of the interface engine.") == (letter.handled_by, letter.reason)
    refused(Kind.CONFLICT, office.desk.edit, OTHER, place, b"x", "why")
    refused(Kind.CONFLICT, office.desk.discard, OTHER, place, "why")
    assert [("dead_letter",)] == office.rows("SELECT outcome FROM message_ledger")


def test_an_unknown_place_is_said(office: Office) -> None:
    refused(Kind.UNKNOWN, office.desk.show, BY, "hl7v2-inbound/0/99")
    refused(Kind.INVALID, office.desk.show, BY, "../etc")
    refused(Kind.UNKNOWN, office.desk.replay, BY, "hl7v2-inbound/0/99")


def test_bytes_that_were_erased_are_not_replayed_but_may_be_edited_in_again(office: Office) -> None:
    place, other = office.arrives(without_patient("R1")), office.arrives(without_patient("R2"))
    with office.engine.begin() as connection:
        connection.execute(text('UPDATE message_ledger SET body = NULL WHERE "offset" = 0'))
        connection.execute(text("UPDATE dead_letters SET key = NULL WHERE place = :place"), {"place": place})
    assert "erased" in refused(Kind.ERASED, office.desk.replay, BY, place)
    _, content = office.desk.show(BY, place)
    assert (None, None, None) == (content.original, content.edited, content.key)
    (tally,) = office.desk.replay_many(BY, Wanted(code="patient_not_identified"))
    assert (1, 1) == (tally.replayed, tally.erased)
    assert "replayed" == office.desk.show(BY, other)[0].state
    office.desk.edit(BY, place, corrected(without_patient()), "Sent again by the RIS.")
    office.desk.replay(BY, place)


def test_of_two_operators_at_once_one_acts_and_the_other_is_told(office: Office) -> None:
    place = office.arrives(without_patient())
    with office.engine.begin() as holding:
        letters.one(holding, place, lock=True)
        assert "in hand" in refused(Kind.CONFLICT, office.desk.replay, OTHER, place)
        assert [] == list(office.desk.replay_many(OTHER, Wanted(code="patient_not_identified")))
    office.desk.replay(BY, place)


def test_twenty_replays_at_once_are_one(office: Office) -> None:
    place = office.arrives(without_patient())

    def replay(_: int) -> str:
        try:
            office.desk.replay(BY, place)
        except Problem as problem:
            return problem.kind
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(replay, range(20)))
    assert ["conflict"] * 19 + ["done"] == outcomes
    assert 1 == len(office.outbox("hl7v2-inbound"))


def test_an_act_whose_record_fails_does_not_happen(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    place = office.arrives(b"garbage")
    desk = office.desk

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(type(desk.casework.trail), "record", fails)
    with pytest.raises(RuntimeError):
        desk.replay(BY, place)
    assert [("open", 0)] == office.rows("SELECT state, replays FROM dead_letters")
    assert [] == office.outbox("hl7v2-inbound")


def test_a_letter_of_the_joiner_keeps_its_own_bytes(office: Office) -> None:
    message = InboundMessage("clinical-facts", 2, 7, b"{}", b"k", {})
    outcome = read_fact(message)
    assert isinstance(outcome, Invalid)
    for _ in range(2):  # delivered twice
        with office.engine.begin() as connection:
            dead_letters.bury(connection, "procedure_joiner", [(message, outcome)], ledger=False)
    (letter,) = office.desk.find(BY, Wanted(topic="clinical-facts")).letters
    assert b"{}" == office.desk.show(BY, letter.place)[1].original
    office.desk.replay(BY, letter.place)
    (row,) = office.outbox("clinical-facts")
    assert (b"{}", "k") == (bytes(row.value), row.key)


@pytest.mark.parametrize("named", [b"x", b"hl7v2-inbound/0/1' --", b"\xff", b"a/b/c", b""])
def test_a_header_that_names_no_place_ties_nothing(office: Office, named: bytes) -> None:
    message = InboundMessage("hl7v2-inbound", 0, 1, b"x", None, {"cw-replay-of": named, "a\x00b": b"x"})
    with office.engine.begin() as connection:
        ledger.enter(connection, "s", [(message, Invalid("not_hl7"))], lambda *_: None)
    assert [(None,)] == office.rows("SELECT replay_of FROM message_ledger")


def test_letters_from_before_the_desk_are_on_it_after_the_migration(office: Office) -> None:
    from alembic import command

    from services.command.migrate import alembic_config

    place = office.arrives(without_patient())
    config = alembic_config(office.engine)
    command.downgrade(config, "0001")
    with office.engine.begin() as connection:
        connection.execute(text("UPDATE message_ledger SET sender = 'Città'"))
    command.upgrade(config, "head")
    letter, content = office.desk.show(BY, place)
    assert ("patient_not_identified", "open") == (letter.code, letter.state)
    assert without_patient() == content.original
    assert {"cw-sender": "Città".encode()} == content.headers
