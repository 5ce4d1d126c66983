"""Reports name every complication where it is to be seen, deny nothing that is there, and vary their words."""

from collections import Counter

import pytest

from simulators.cohort.model import Finding
from simulators.cohort.paper import paper_cohort
from simulators.radiologist.report import Purpose
from simulators.radiologist.statements import Stage
from simulators.radiologist.visits import Visit, Visits
from simulators.registry import Hospital, register

WORDS = {
    Finding.PLEURAL_EFFUSION: ("effusion", "pleural fluid"),
    Finding.HEMORRHAGIC_EFFUSION: ("hemorrhagic", "hemothorax"),
    Finding.HYDROPNEUMOTHORAX: ("hydropneumothorax", "pneumothorax"),
    Finding.PULMONARY_EMBOLISM: ("pulmonary embol",),
    Finding.HEMATOMA: ("rectus abdominis",),
}
HEDGES = ("possible", "cannot", "can't", "probabl", "may ", "suspicious", "likely", "versus", "questionable")
DENIALS = (
    "No pleural effusion.",
    "neither pneumothorax nor",
    "are excluded",
    "No pneumothorax or",
    "Uncomplicated",
)


@pytest.fixture(scope="module")
def hospital() -> Hospital:
    return register(paper_cohort(), "paper")


def visits(hospital: Hospital, seed: int) -> list[Visit]:
    maker = Visits(hospital, seed)
    return [visit for procedure in hospital.procedures for visit in maker.of(procedure, care_in_text=True)]


def words(visit: Visit) -> str:
    return " ".join((*visit.report.text.findings, *visit.report.text.impression))


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_24_hour_report_names_every_complication(hospital: Hospital, seed: int) -> None:
    seen = [visit for visit in visits(hospital, seed) if visit.report.purpose is Purpose.FOLLOW_UP]
    assert len(seen) == 89
    for visit in seen:
        text = words(visit).lower()
        for event in visit.procedure.session.complications:
            assert any(word in text for word in WORDS[event.finding])
            assert event.side.value in text


@pytest.mark.parametrize("seed", range(1, 9))
def test_nothing_that_is_shown_is_denied_or_hedged(hospital: Hospital, seed: int) -> None:
    for visit in visits(hospital, seed):
        text = words(visit)
        assert not [hedge for hedge in HEDGES if hedge in text.lower()]
        present = [shown for shown in visit.view.shown if shown.pleural and shown.stage is not Stage.GONE]
        if present:
            assert not [denial for denial in DENIALS if denial in text]
            assert f"No {present[0].side} pleural effusion" not in text


def test_a_report_before_the_procedure_shows_no_complication(hospital: Hospital) -> None:
    early = [visit for visit in visits(hospital, 1) if visit.report.purpose is Purpose.BASELINE]
    assert all(visit.report.performed < visit.procedure.start and not visit.view.shown for visit in early)


def test_late_reports_are_more_than_thirty_days_after_the_end(hospital: Hospital) -> None:
    late = [visit for visit in visits(hospital, 1) if visit.report.purpose is Purpose.LATE]
    assert len(late) > 40
    assert min((visit.report.performed - visit.procedure.end).days for visit in late) >= 31
    assert any(visit.view.shown for visit in late)
    assert not any(visit.report.accession for visit in late)


def test_an_older_effusion_is_on_the_baseline_of_event_free_patients_only(hospital: Hospital) -> None:
    older = [visit for visit in visits(hospital, 1) if visit.view.older_effusion]
    assert older
    assert not [visit for visit in older if visit.procedure.session.complications]
    baselines = {visit.procedure.accession for visit in older if visit.report.purpose is Purpose.BASELINE}
    assert baselines == {visit.procedure.accession for visit in older}


def test_some_events_show_at_the_end_of_the_procedure_and_again_at_24_hours(hospital: Hospital) -> None:
    twice = Counter(
        visit.procedure.accession
        for visit in visits(hospital, 1)
        if visit.view.shown and visit.report.purpose in (Purpose.END, Purpose.FOLLOW_UP)
    )
    assert 2 in twice.values()


def test_another_seed_uses_other_words(hospital: Hospital) -> None:
    first, second = ({words(visit) for visit in visits(hospital, seed)} for seed in (1, 2))
    assert len(first & second) < len(first) / 5


def test_report_numbers_are_unique(hospital: Hospital) -> None:
    numbers = [visit.report.filler for visit in visits(hospital, 1)]
    assert len(numbers) == len(set(numbers))
