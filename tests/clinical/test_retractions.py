"""What is taken back stays taken back, under whatever number; what is stated again counts again."""

import itertools
from datetime import timedelta

import pytest

from services.clinical.events.adverse_event import Certainty
from services.clinical.facts import Fact, Standing, state
from services.clinical.publish import Published
from services.clinical.statements import CareEvent, CodedResult, PatientLink, ReportAddendum
from tests.builders import END, care, procedure, published, report, shown, withdrawal

EFFUSION = "FINDINGS:\nSmall left pleural effusion."
LARGER = "FINDINGS:\nModerate left pleural effusion."
CLEAR = "FINDINGS:\nNo pneumothorax. No pleural effusion."
CORRECTED, WITHDRAWN = Standing.CORRECTED, Standing.WITHDRAWN


def at(hours: float) -> dict[str, object]:
    return {"sent": END + timedelta(hours=hours)}


def merge(retired: str, surviving: str, hours: float, *, undone: bool = False) -> Fact:
    link = PatientLink("IEO", retired, surviving)
    return state(link, WITHDRAWN if undone else Standing.FINAL, sent=END + timedelta(hours=hours))


def addendum(text: str, hours: float) -> Fact:
    said = ReportAddendum("IEO", "R1", "P1", text)
    return state(said, CORRECTED, issued=END + timedelta(hours=hours))


def whatever_the_order(*facts: Fact | list[Fact]) -> Published:
    flat = [f for one in facts for f in (one if isinstance(one, list) else [one])]
    results = [published(*order) for order in itertools.islice(itertools.permutations(flat), 0, 5040, 97)]
    assert all(result == results[0] for result in results)
    return results[0]


@pytest.mark.parametrize("reason", ["cancelled", "wrong_patient"])
def test_after_a_merge_a_withdrawal_under_the_surviving_number_takes_the_report_back(reason: str) -> None:
    taken = withdrawal(patient="P2", reason=reason, **at(30))
    assert shown(whatever_the_order(procedure(), report(EFFUSION, **at(25)), merge("P1", "P2", 28), taken)) == []


def test_what_a_retired_number_held_does_not_come_back_when_the_newer_version_is_withdrawn() -> None:
    corrected = report(LARGER, patient="P2", standing=CORRECTED, **at(29))
    taken = withdrawal(patient="P2", reason="wrong_patient", **at(30))
    merged = [procedure(), report(EFFUSION, **at(25)), merge("P1", "P2", 28)]
    assert shown(whatever_the_order(*merged, corrected, taken)) == []
    assert shown(published(*merged, corrected, taken, report(LARGER, patient="P2", **at(32)))) != []


def test_a_report_taken_from_a_number_before_a_merge_stays_with_the_right_one() -> None:
    wrong, taken = report(EFFUSION, patient="P2", **at(25)), withdrawal(patient="P2", reason="wrong_patient", **at(26))
    right = report(EFFUSION, **at(25.5))
    assert len(shown(whatever_the_order(procedure(), wrong, taken, right, merge("P1", "P2", 40)))) == 1


def test_a_report_that_moved_and_was_then_cancelled_does_not_fall_back_to_where_it_was() -> None:
    moved = report(LARGER, patient="P2", standing=CORRECTED, **at(27))
    taken = withdrawal(patient="P2", **at(29))
    assert shown(whatever_the_order(procedure(), report(EFFUSION, **at(25)), moved, taken)) == []


def test_sent_again_where_it_was_after_that_it_is_in_doubt() -> None:
    moved = report(LARGER, patient="P2", standing=CORRECTED, **at(27))
    facts = [procedure(), report(EFFUSION, **at(25)), moved, withdrawal(patient="P2", **at(29))]
    result = published(*facts, report(EFFUSION, **at(31)))
    assert [e.certainty for e in result.events] == [Certainty.POSSIBLE]
    assert result.records[0].review == ("reissued_after_withdrawal",)


def test_a_merge_that_is_stated_again_after_its_undoing_counts() -> None:
    there = [procedure(), report(EFFUSION, patient="P2", **at(25))]
    once = [merge("P2", "P1", 26), merge("P2", "P1", 27, undone=True)]
    assert shown(published(*there, *once)) == []
    assert len(shown(whatever_the_order(*there, *once, merge("P2", "P1", 28)))) == 1


def test_a_procedure_and_a_drain_that_are_stated_again_after_their_withdrawal_count() -> None:
    drain = CareEvent("IEO", "C1", "P1", "chest_tube", given=None)
    placed, removed = state(drain, **at(3)), state(drain, WITHDRAWN, **at(4))
    gone = procedure(standing=WITHDRAWN, sent=END + timedelta(hours=2))
    again = procedure(sent=END + timedelta(hours=3))
    pneumothorax = report("FINDINGS:\nSmall left pneumothorax.", **at(25))
    result = whatever_the_order(procedure(), gone, again, pneumothorax, placed, removed, state(drain, **at(5)))
    assert shown(result) == [("pneumothorax", "left", 2, 2)]


def test_a_correction_of_the_whole_text_takes_back_the_addenda_before_it() -> None:
    added = addendum("ADDENDUM:\nSmall left pneumothorax.", 28)
    corrected = report(CLEAR + " No complication.", standing=CORRECTED, issued=END + timedelta(hours=30))
    first = [procedure(), report(CLEAR, issued=END + timedelta(hours=25)), added]
    assert len(shown(published(*first))) == 1
    result = whatever_the_order(*first, corrected)
    assert shown(result) == []
    assert result.records[0].review == ("addendum_superseded",)


def test_the_same_text_issued_again_leaves_an_addendum_as_it_is() -> None:
    added = addendum("ADDENDUM:\nSmall left pneumothorax.", 28)
    first, again = (report(CLEAR, issued=END + timedelta(hours=hours)) for hours in (25, 30))
    assert len(shown(whatever_the_order(procedure(), first, added, again))) == 1


def test_a_correction_that_says_no_time_keeps_the_ones_that_were_said() -> None:
    (body, status) = report(LARGER, standing=CORRECTED, issued=END + timedelta(hours=30))
    timeless = state(
        type(body.statement)("IEO", "R1", "P1", LARGER, language="en"), CORRECTED, issued=END + timedelta(hours=30)
    )
    result = published(procedure(), report(EFFUSION, issued=END + timedelta(hours=25)), timeless, status)
    assert [(e.timing, e.severity) for e in result.events] == [("within_24h", "moderate")]


def test_a_correction_that_nobody_can_read_leaves_what_was_read_possible() -> None:
    unread = report("", standing=CORRECTED, issued=END + timedelta(hours=30))
    result = whatever_the_order(procedure(), report(EFFUSION, issued=END + timedelta(hours=25)), unread)
    assert [e.certainty for e in result.events] == [Certainty.POSSIBLE]
    assert result.records[0].review == ("correction_not_read",)
    copy = report("", issued=END + timedelta(hours=30))
    assert [e.certainty for e in published(procedure(), report(EFFUSION), copy).events] == [Certainty.DEFINITE]


def test_a_death_is_taken_back_under_the_number_that_survived() -> None:
    told = state(CareEvent("IEO", "death:P1", "P1", "death"), **at(40))
    denied = state(CareEvent("IEO", "death:P2", "P2", "death"), WITHDRAWN, **at(60))
    merged = [procedure(), report(CLEAR), told, merge("P1", "P2", 50)]
    assert [e.event for e in published(*merged).events] == ["death"]
    assert shown(whatever_the_order(*merged, denied)) == []


def test_not_dead_under_a_retired_number_speaks_of_that_number_alone() -> None:
    told = state(CareEvent("IEO", "death:P2", "P2", "death"), **at(40))
    retired = state(CareEvent("IEO", "death:P1", "P1", "death"), WITHDRAWN, **at(60))
    moved = [procedure(patient="P2"), report(CLEAR, patient="P2"), told, merge("P1", "P2", 50)]
    assert [e.event for e in whatever_the_order(*moved, retired).events] == ["death"]


def test_a_merge_that_is_repeated_brings_back_nothing() -> None:
    taken = withdrawal(patient="P2", reason="wrong_patient", **at(30))
    merged = [procedure(), report(EFFUSION, **at(25)), merge("P1", "P2", 28), taken]
    assert shown(whatever_the_order(*merged, merge("P1", "P2", 50))) == []
    onward = [merge("P2", "P3", 50), merge("P1", "P3", 51)]
    assert shown(whatever_the_order(*merged, *onward)) == []


def test_a_copy_as_a_file_keeps_the_codes_that_came_with_the_text() -> None:
    coded = CodedResult("http://snomed.info/sct", "36118008", assertion="present", side="left")
    text = report("FINDINGS:\nThe ablation zone is as expected.", coded=[coded], issued=END + timedelta(hours=25))
    copy = report("", issued=END + timedelta(hours=26))
    assert [e.event for e in whatever_the_order(procedure(), text, copy).events] == ["pneumothorax"]


def test_a_final_report_that_nobody_can_read_leaves_the_preliminary_one_possible() -> None:
    text = report(EFFUSION, standing=Standing.PRELIMINARY, issued=END + timedelta(hours=25))
    result = published(procedure(), text, report("", issued=END + timedelta(hours=26)))
    assert [e.certainty for e in result.events] == [Certainty.POSSIBLE]


def test_a_report_that_nobody_can_read_does_not_take_the_follow_ups_place() -> None:
    unread, text = report("", hours=24), report("FINDINGS:\nSmall left pneumothorax.", "R2", hours=30)
    result = whatever_the_order(procedure(), unread, text)
    assert [(e.event, e.timing) for e in result.events] == [("pneumothorax", "within_24h")]
    assert result.records[0].follow_up == "assessed"


def test_the_same_report_in_another_layout_leaves_an_addendum_as_it_is() -> None:
    added = addendum("ADDENDUM:\nSmall left pneumothorax.", 28)
    elsewhere = report("FINDINGS: No pneumothorax.\nNo pleural effusion.", issued=END + timedelta(hours=30))
    first = report(CLEAR, issued=END + timedelta(hours=25))
    assert len(shown(whatever_the_order(procedure(), first, added, elsewhere))) == 1


def test_an_addendum_that_is_sent_again_after_a_correction_counts() -> None:
    said = ReportAddendum("IEO", "R1", "P1", "ADDENDUM:\nSmall left pneumothorax.")
    first, corrected = report(CLEAR, **at(25)), report(CLEAR + " Stable.", standing=CORRECTED, **at(30))
    once, again = state(said, CORRECTED, **at(28)), state(said, CORRECTED, **at(32))
    assert shown(whatever_the_order(procedure(), first, once, corrected)) == []
    assert len(shown(whatever_the_order(procedure(), first, once, corrected, again))) == 1


def test_a_drain_for_what_has_gone_by_now_is_not_given_to_another_procedure() -> None:
    before = report("FINDINGS:\nModerate left pneumothorax.", hours=1)
    text = "FINDINGS:\nThe left pneumothorax has resolved after chest tube placement. Small right pneumothorax."
    result = whatever_the_order(procedure(), procedure("A2", side="right"), before, report(text, "R2"))
    assert {(e.side, e.grade("orsi-2024").grade) for e in result.events} == {("left", 1), ("right", 1)}
    assert all("chest_tube_fits_several_procedures" in record.review for record in result.records)


def test_what_is_certain_later_is_not_hidden_by_what_was_possible_before() -> None:
    possible = report("FINDINGS:\nPossible small left pleural effusion. No pneumothorax.")
    later = report("FINDINGS:\nLarge left pneumothorax.", "R2", hours=24 * 5)
    result = whatever_the_order(procedure(), possible, later)
    assert [(e.event, e.certainty, e.timing) for e in result.events] == [
        ("pneumothorax", Certainty.DEFINITE, "delayed")
    ]
    assert result.events[0].review == ("possible_before_it_was_certain",)


def test_one_drain_is_not_counted_for_two_procedures() -> None:
    both = "FINDINGS:\nSmall left pneumothorax. Moderate right pneumothorax. A chest tube is in place."
    right = procedure("A2", side="right")
    result = whatever_the_order(procedure(), right, report(both))
    assert {(e.side, e.grade("orsi-2024").grade) for e in result.events} == {("left", 1), ("right", 1)}
    assert all("chest_tube_fits_several_procedures" in record.review for record in result.records)
    sided = published(procedure(), right, report(both.replace("A chest tube", "A right chest tube")))
    assert {(e.side, e.grade("orsi-2024").grade) for e in sided.events} == {("left", 1), ("right", 2)}
    assert all(record.review == () for record in sided.records)


def test_a_report_that_names_another_patients_procedure_is_shown_there() -> None:
    result = published(procedure(), report(EFFUSION, patient="P2", accession="A1"), care("icu", patient="P3"))
    assert [(r.accession, r.review) for r in result.records] == [("A1", ("report_under_another_patient",))]
