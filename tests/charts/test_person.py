"""Whose a fact is, in groups that hold several people."""

from services.charts.person import person
from services.charts.subjects import barred_by, facts_of_redacted, redacted, subjects_of
from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import CareEvent, PatientLink, ReportBody, ReportStatus, TreatmentSummary
from tests.builders import END, LONG_AFTER, START, care, procedure, report, withdrawal

P1, P2, P3 = "patient:IEO:P1", "patient:IEO:P2", "patient:IEO:P3"


def frames(accession: str = "A1") -> Fact:
    return state(TreatmentSummary("IEO", accession, "C1", 9, START, END, treated=True))


def link(retired: str, surviving: str, standing: Standing = Standing.FINAL, hours: int = 0) -> Fact:
    sent = END.replace(hour=END.hour + hours)
    return state(PatientLink("IEO", retired, surviving), standing, sent=sent)


def owned(facts: list[Fact], number: str) -> list[Fact]:
    who = person(facts, number)
    return [fact for fact in facts if who.owns(fact)]


def test_all_merged_numbers_are_one_person_from_either_end() -> None:
    facts = [
        procedure("A1", patient="P1"),
        *report("Clear.", "R1", patient="P2"),
        link("P1", "P2"),
        link("P2", "P3", hours=1),
    ]
    for number in (P1, P2, P3):
        assert person(facts, number).numbers == {P1, P2, P3}
        assert owned(facts, number) == facts


def test_an_unmerged_number_is_somebody_else() -> None:
    apart = link("P1", "P2", Standing.WITHDRAWN, hours=2)
    facts = [procedure("A1", patient="P1"), procedure("A2", patient="P2"), link("P1", "P2"), apart]
    assert person(facts, P1).numbers == {P1}
    assert procedure("A2", patient="P2") not in owned(facts, P1)
    assert link("P1", "P2") in owned(facts, P1)


def test_frames_and_a_misfiled_copy_are_theirs_who_own_procedure_and_report() -> None:
    misfiled = [
        *report("Clear.", "R1", patient="P2"),
        withdrawal("R1", patient="P2", reason="wrong_patient", issued=LONG_AFTER),
    ]
    right = report("Clear.", "R1", patient="P1")
    others = [procedure("A2", patient="P2"), frames("A2"), care("chest_tube", patient="P2")]
    facts = [procedure("A1", patient="P1"), frames("A1"), *right, *misfiled, *others]
    assert owned(facts, P1) == [procedure("A1", patient="P1"), frames("A1"), *right, *misfiled]
    assert owned(facts, P2) == [*misfiled, *others], "what was filed under their number goes with them too"


def test_a_procedure_first_documented_under_somebody_else_is_theirs_for_whom_it_stands() -> None:
    first = procedure("A1", patient="P2", sent=START)
    then = procedure("A1", patient="P1", sent=END)
    facts = [first, then, frames("A1")]
    assert owned(facts, P1) == facts
    assert owned(facts, P2) == [first]


def test_a_number_without_facts_stands_alone() -> None:
    assert person([], P1).numbers == {P1}


def test_a_message_is_found_by_patient_or_else_by_what_it_names() -> None:
    assert subjects_of(procedure("A1", patient="P1")) == (P1,)
    assert subjects_of(link("P1", "P2")) == (P1, P2)
    assert subjects_of(frames("A1")) == ("procedure:IEO:A1",)


def test_what_bars_a_fact_is_what_owns_it() -> None:
    assert barred_by(procedure("A1", patient="P1")) == (P1, "procedure:IEO:A1")
    assert barred_by(report("Clear.", "R1", patient="P2", accession="A1")[0]) == (P2, "report:IEO:R1")
    assert barred_by(frames("A1")) == ("procedure:IEO:A1",)


def test_a_redacted_body_gives_its_facts_back() -> None:
    facts = [*report("Kein Erguß.", "R1", patient="P2"), care("chest_tube", patient="P2")]
    assert facts_of_redacted(redacted(facts)) == facts
    assert {type(f.statement) for f in facts} == {ReportBody, ReportStatus, CareEvent}
