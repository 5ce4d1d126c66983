"""Cases that went wrong once, each as it was found."""

from datetime import timedelta

from services.clinical.facts import state
from services.clinical.kin import kin_groups
from services.clinical.moments import Moment, at
from services.clinical.publish import publish
from services.clinical.rates.rate import counts_of
from services.clinical.statements import Alarm, CareEvent, Excursion, Lesion, PatientLink, TreatmentSummary
from tests.builders import END, LONG_AFTER, RULES, START, care, procedure, published, report, shown, withdrawal

CLEAR = "FINDINGS: No pneumothorax. No pleural effusion."
EFFUSION = "FINDINGS: Small left pleural effusion."
AIR = "FINDINGS: Small left pneumothorax."


def count(result: object, measure: str, stratum: str = "all") -> int:
    return counts_of(result.contributions).count(measure, stratum)  # type: ignore[attr-defined]


def console(**more: object) -> object:
    summary = TreatmentSummary("IEO", "A1", "C1", 10, START, END, treated=True, done=True, **more)  # type: ignore[arg-type]
    return state(summary)


def test_a_date_that_does_not_exist_is_no_date() -> None:
    text = "COMPARISON: CT of 02/30/2021.\nFINDINGS: Unchanged small left pleural effusion."
    assert 1 == len(published(procedure(), report(text)).events)


def test_unchanged_fluid_does_not_make_new_air_doubtful() -> None:
    result = published(procedure(), report("FINDINGS: Unchanged small left pleural effusion. New left pneumothorax."))
    assert ["definite"] == [e.certainty for e in result.events]
    assert 1 == count(result, "events.all")


def test_two_measures_of_one_place_are_one_event_named_by_the_worst() -> None:
    pressure = (
        Excursion("hypertension", "thaw_active", 230.0, 200.0, START),
        Excursion("hypotension", "warm", 70.0, 200.0, END),
    )
    adrenal = procedure(organ="soft_tissue", location="adrenal")
    result = published(adrenal, console(excursions=pressure))
    assert 1 == len(result.events) == count(result, "events.all")
    arrest = console(
        alarms=(Alarm("asystole", START),), excursions=(Excursion("tachycardia", "freeze", 160.0, 90.0, START),)
    )
    assert 1 == len(published(procedure(), arrest).events)


def test_vasopressors_belong_to_the_hypotension_when_that_is_the_only_event() -> None:
    low = console(excursions=(Excursion("hypotension", "freeze", 60.0, 300.0, START),))
    only = published(procedure(), low, care("vasopressors"))
    assert [("hypotension", None, 4, 4)] == shown(only)
    both = published(procedure(), low, report(EFFUSION), care("vasopressors"))
    assert {1} == {e.grade("orsi-2024").grade for e in both.events}
    assert "vasopressors_not_tied_to_an_event" in both.records[0].review


def test_intensive_care_for_another_reason_raises_nothing_and_is_flagged() -> None:
    result = published(procedure(), report(AIR), care("icu", reason="planned monitoring"))
    assert [("pneumothorax", "left", 1, 1)] == shown(result)
    assert "icu_not_tied_to_an_event" in result.records[0].review


def test_a_moved_report_survives_the_merge_of_the_two_patients() -> None:
    facts = [
        procedure(patient="P2"),
        *report(EFFUSION, patient="P1", issued=END + timedelta(hours=25)),
        withdrawal(patient="P1", issued=END + timedelta(hours=27), reason="wrong_patient"),
        *report(EFFUSION, patient="P2", issued=END + timedelta(hours=26)),
    ]
    link = state(PatientLink("IEO", "P1", "P2"), sent=LONG_AFTER)
    assert [("pleural_effusion", "left", 1, 1)] == shown(published(facts)) == shown(published(facts, link))


def test_a_cancellation_under_a_number_that_never_held_the_report_still_cancels_it() -> None:
    gone = withdrawal(patient="P9", issued=END + timedelta(hours=30))
    assert [] == shown(published(procedure(), report(EFFUSION), gone))


def test_a_withdrawal_without_any_time_leaves_the_report_in_doubt() -> None:
    result = published(procedure(), report(EFFUSION), withdrawal())
    assert ["possible"] == [e.certainty for e in result.events]


def test_a_later_message_without_the_time_of_death_keeps_the_time() -> None:
    first = CareEvent("IEO", "D", "P1", "death", at(END + timedelta(days=2)))
    later = CareEvent("IEO", "D", "P1", "death")
    result = published(
        procedure(), state(first, sent=END + timedelta(days=2)), state(later, sent=END + timedelta(days=3))
    )
    assert [("death", None, 5, 5)] == shown(result)
    assert ["delayed"] == [e.timing for e in result.events]


def test_a_death_on_the_day_on_which_the_window_closes_is_undecided() -> None:
    day = Moment(END + timedelta(hours=13), END + timedelta(hours=37))
    result = published(procedure(), state(CareEvent("IEO", "D", "P1", "death", day)))
    assert ["undecided"] == [e.timing for e in result.events]


def test_what_was_treated_in_the_window_happened_in_the_window() -> None:
    result = published(procedure(), care("chest_tube", hours=6), report(AIR, hours=72))
    assert ["within_24h"] == [e.timing for e in result.events]
    assert at(END + timedelta(hours=6)) == result.events[0].onset


def test_care_that_was_another_patients_leaves_with_it() -> None:
    wrong = state(CareEvent("IEO", "C", "P1", "chest_tube", at(END)), sent=END)
    right = state(CareEvent("IEO", "C", "P2", "chest_tube", at(END)), sent=END + timedelta(hours=1))
    groups = kin_groups([procedure(), *report(AIR), wrong, right])
    assert 1 == len(groups)
    assert [("pneumothorax", "left", 1, 1)] == shown(publish(groups[0], RULES, LONG_AFTER))


def test_an_ambiguous_event_counts_for_the_patient_and_for_neither_procedure() -> None:
    second = procedure("A2", start=START + timedelta(hours=5))
    result = published(procedure(), second, report(AIR))
    assert () == result.events
    assert (1, 0) == (count(result, "patients.with_event"), count(result, "procedures.with_event"))


def test_a_report_without_a_time_is_not_an_event_of_every_procedure() -> None:
    body, status = report(AIR)
    from dataclasses import replace

    timeless = replace(body, statement=replace(body.statement, performed=None))
    result = published(procedure(), procedure("A2", start=START + timedelta(days=400)), [timeless, status])
    assert () == result.events


def test_a_report_that_names_a_procedure_without_an_end_belongs_to_no_other() -> None:
    open_ended = procedure("A2", start=START + timedelta(hours=1), end=None)
    result = published(procedure(), open_ended, report(AIR, accession="A2"))
    assert () == result.events
    assert 2 == count(result, "procedures.planned")


def test_a_hematoma_named_without_its_muscle_is_the_one_that_was_named() -> None:
    first = report("FINDINGS: Left iliopsoas hematoma, 35 mm.")
    again = report("FINDINGS: The hematoma is stable.", "R2", hours=30)
    assert 1 == len(published(procedure(), first, again).events)


def test_overdue_is_a_revision_of_its_own_and_due_when_it_begins() -> None:
    waiting = published(procedure(), as_of=END + timedelta(hours=35)).records[0]
    overdue = published(procedure(), as_of=END + timedelta(hours=36)).records[0]
    assert ("waiting", "overdue") == (waiting.follow_up, overdue.follow_up)
    assert waiting.revision < overdue.revision


def test_an_event_of_an_abandoned_lesion_is_over_planned_and_not_over_treated() -> None:
    lesion = Lesion("1", "lung", "lung", "left", abandoned=True)
    result = published(procedure(lesions=(lesion,)), report(AIR))
    assert (1, 1) == (count(result, "procedures.planned"), count(result, "procedures.with_event"))
    assert (0, 0) == (count(result, "procedures.treated"), count(result, "procedures.treated_with_event"))


def test_an_empty_follow_up_report_assesses_nothing() -> None:
    result = published(procedure(), report("  \n"))
    assert "undecided" == result.records[0].follow_up


def test_a_ct_on_the_day_of_a_procedure_whose_hour_is_not_known_is_undecided() -> None:
    day = Moment(START - timedelta(hours=9), START + timedelta(hours=15))
    dated = published(procedure_on(day), report(EFFUSION, hours=-4))
    assert ["undecided"] == [e.timing for e in dated.events]


def procedure_on(day: Moment) -> object:
    from dataclasses import replace

    fact = procedure()
    return replace(fact, statement=replace(fact.statement, start=day))
