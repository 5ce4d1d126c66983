"""From facts to events: the decided cases, each by name."""

from datetime import timedelta

from services.clinical.facts import Standing, state
from services.clinical.moments import Moment, at
from services.clinical.rates.rate import counts_of
from services.clinical.statements import Lesion, PatientLink
from tests.builders import END, LONG_AFTER, START, care, procedure, published, report, shown, withdrawal

CLEAR = "FINDINGS: No pneumothorax. No pleural effusion.\nIMPRESSION: No complication."
EFFUSION = "FINDINGS: Small left pleural effusion.\nIMPRESSION: Small left pleural effusion."
AIR_AND_FLUID = "FINDINGS: Small left pneumothorax. Small left pleural effusion."


def test_a_clear_follow_up_assesses_the_procedure_and_shows_nothing() -> None:
    result = published(procedure(), report(CLEAR))
    assert shown(result) == []
    assert result.records[0].follow_up == "assessed"


def test_an_effusion_on_the_follow_up_is_a_grade_one_event() -> None:
    assert shown(published(procedure(), report(EFFUSION))) == [("pleural_effusion", "left", 1, 1)]


def test_air_and_fluid_on_one_side_are_one_hydropneumothorax_with_the_effusions_id() -> None:
    one, other = published(procedure(), report(EFFUSION)), published(procedure(), report(AIR_AND_FLUID))
    assert shown(other) == [("hydropneumothorax", "left", 1, 1)]
    assert one.events[0].id == other.events[0].id


def test_a_drain_raises_the_pleural_event_to_two() -> None:
    result = published(procedure(), report(AIR_AND_FLUID), care("chest_tube"))
    assert shown(result) == [("hydropneumothorax", "left", 2, 2)]


def test_a_stay_two_days_longer_than_planned_is_three_in_the_strict_rule_set_only() -> None:
    planned = procedure(planned_discharge=at(END + timedelta(hours=30)))
    result = published(planned, report(AIR_AND_FLUID), care("chest_tube"), care("discharge", hours=80, number="D"))
    assert shown(result) == [("hydropneumothorax", "left", 2, 3)]


def test_both_sides_are_two_events() -> None:
    result = published(procedure(), report("FINDINGS: Small bilateral pleural effusions."))
    assert [row[:2] for row in shown(result)] == [("pleural_effusion", "left"), ("pleural_effusion", "right")]


def test_what_was_there_before_is_no_event_unless_it_grew() -> None:
    before = report(EFFUSION, "R0", hours=-48)
    same = report("FINDINGS: Unchanged small left pleural effusion.")
    more = report("FINDINGS: The left pleural effusion has increased, now moderate.")
    assert shown(published(procedure(), before, same)) == []
    assert shown(published(procedure(), before, more)) == [("pleural_effusion", "left", 1, 1)]


def test_possible_is_counted_apart_and_a_later_firm_denial_wins() -> None:
    possible = report("FINDINGS: A small left pleural effusion cannot be excluded.", "R1", hours=1)
    result = published(procedure(), possible)
    assert [e.certainty for e in result.events] == ["possible"]
    assert shown(published(procedure(), possible, report(CLEAR, "R2"))) == []


def test_an_event_gone_at_24_hours_is_still_an_event_with_the_earlier_onset() -> None:
    result = published(procedure(), report(EFFUSION, "R1", hours=0.5), report(CLEAR, "R2"))
    assert at(END + timedelta(hours=0.5)) == result.events[0].onset


def test_a_finding_after_the_follow_up_is_delayed_and_not_counted() -> None:
    result = published(procedure(), report(CLEAR), report(EFFUSION, "R2", hours=24 * 10))
    assert [e.timing for e in result.events] == ["delayed"]
    assert counts_of(result.contributions).count("events.all") == 0


def test_a_corrected_report_takes_the_event_back_whatever_came_first() -> None:
    final = report(EFFUSION, issued=END + timedelta(hours=25))
    corrected = report(CLEAR, issued=END + timedelta(hours=27), standing=Standing.CORRECTED)
    assert shown(published(procedure(), final, corrected)) == []
    assert published(procedure(), final, corrected) == published(corrected, final, procedure(), final)


def test_a_cancelled_report_shows_nothing_and_no_longer_assesses() -> None:
    result = published(procedure(), report(EFFUSION), withdrawal(issued=END + timedelta(hours=30)))
    assert shown(result) == []
    assert result.records[0].follow_up == "overdue"


def test_the_same_text_sent_again_after_a_cancellation_with_nothing_to_order_them_is_possible() -> None:
    first = report(EFFUSION, sent=END + timedelta(hours=25))
    again = report(EFFUSION, sent=END + timedelta(hours=31))
    result = published(procedure(), first, withdrawal(sent=END + timedelta(hours=28)), again)
    assert [e.certainty for e in result.events] == ["possible"]
    assert result.events[0].review == ("possible_event", "reissued_after_withdrawal")


def test_preliminary_never_beats_final() -> None:
    late = report(EFFUSION, issued=END + timedelta(hours=40), standing=Standing.PRELIMINARY)
    assert shown(published(procedure(), report(CLEAR, issued=END + timedelta(hours=26)), late)) == []


def test_a_preliminary_report_counts_while_it_stands_and_is_marked() -> None:
    result = published(procedure(), report(EFFUSION, standing=Standing.PRELIMINARY))
    assert [e.preliminary for e in result.events] == [True]


def test_the_wrong_patients_report_leaves_with_its_event() -> None:
    wrong = report(EFFUSION, issued=END + timedelta(hours=25))
    back = withdrawal(issued=END + timedelta(hours=26), reason="wrong_patient")
    right = report(EFFUSION, patient="P2", issued=END + timedelta(hours=26))
    result = published(procedure(), procedure("A2", patient="P2"), wrong, back, right)
    assert [e.accession for e in result.events] == ["A2"]


def test_a_merge_brings_the_report_to_the_procedure_and_an_unmerge_takes_it_away() -> None:
    link = state(PatientLink("IEO", "P9", "P1"), sent=END)
    undone = state(PatientLink("IEO", "P9", "P1"), Standing.WITHDRAWN, sent=END + timedelta(days=1))
    facts = [procedure(), *report(EFFUSION, patient="P9")]
    assert shown(published(facts)) == []
    assert shown(published(facts, link)) == [("pleural_effusion", "left", 1, 1)]
    assert shown(published(facts, link, undone)) == []


def test_a_finding_is_attributed_by_side_then_by_region() -> None:
    lesions = (Lesion("1", "bone", "rib", "right"), Lesion("2", "lung", "lung", "left"))
    both = "FINDINGS: Small right pleural effusion. Left hemorrhagic pleural effusion."
    result = published(procedure(lesions=lesions), report(both))
    assert {e.side: e.lesion for e in result.events} == {"right": "1", "left": "2"}
    lesions = (Lesion("1", "bone", "rib", "right"), Lesion("2", "soft_tissue", "pelvic_mass", "left"))
    text = "FINDINGS: Segmental pulmonary embolism in the right lower lobe. Hematoma of the left rectus abdominis."
    result = published(procedure(lesions=lesions), report(text))
    assert {e.event: e.lesion for e in result.events} == {"pulmonary_embolism": "1", "hematoma": "2"}


def test_a_date_without_a_time_that_spans_the_window_is_undecided() -> None:
    performed = Moment(END + timedelta(hours=30), END + timedelta(hours=54))
    body, status = report(EFFUSION)
    from dataclasses import replace

    wide = replace(body, statement=replace(body.statement, performed=performed))
    result = published(procedure(), [wide, status])
    assert [e.timing for e in result.events] == ["undecided"]


def test_a_grade_is_provisional_for_thirty_days() -> None:
    early = published(procedure(), report(EFFUSION), as_of=END + timedelta(days=2))
    assert [g.provisional for g in early.events[0].grades] == [True, True]
    assert END + timedelta(days=30) == early.next_due
    assert [g.provisional for g in published(procedure(), report(EFFUSION)).events[0].grades] == [False, False]


def test_a_death_without_a_stated_cause_is_an_event_of_its_own() -> None:
    result = published(procedure(), report(CLEAR), care("death", hours=200))
    assert shown(result) == [("death", None, 5, 5)]


def test_revisions_grow_with_facts_and_phase() -> None:
    little = published(procedure(), as_of=START).records[0].revision
    more = published(procedure(), report(CLEAR), as_of=START).records[0].revision
    late = published(procedure(), report(CLEAR), as_of=LONG_AFTER).records[0].revision
    assert little < more < late


def test_a_withdrawn_procedure_counts_nowhere() -> None:
    gone = procedure(standing=Standing.WITHDRAWN, sent=END)
    result = published(procedure(), gone, report(EFFUSION))
    assert (shown(result), result.contributions) == ([], ())
