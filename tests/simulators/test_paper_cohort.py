"""The paper's cohort holds every k of n that the paper prints, and its description of the patients."""

from dataclasses import replace

import pytest

from simulators.cohort.model import Care, Cohort, Finding, Organ, Session
from simulators.cohort.paper import paper_cohort
from simulators.cohort.tables import PRINTED, Cell, count_cells, differences
from simulators.registry import Hospital, register


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return paper_cohort()


@pytest.fixture(scope="module")
def hospital(cohort: Cohort) -> Hospital:
    return register(cohort, "paper")


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_every_printed_cell_is_counted_in_the_cohort(cohort: Cohort, name: str) -> None:
    expected = PRINTED[name]
    assert expected == count_cells(cohort)[name]


def test_no_cell_is_counted_that_the_paper_does_not_print(cohort: Cohort) -> None:
    counted = {name for name, cell in count_cells(cohort).items() if cell.k}
    assert set(PRINTED) == counted


def test_ages_and_sizes_are_the_printed_ones(cohort: Cohort) -> None:
    assert differences(cohort) == []


def test_a_moved_lesion_is_noticed(cohort: Cohort) -> None:
    first, *rest = cohort.patients
    lesion = replace(first.lesions[0], size_mm=21)
    changed = Cohort("paper", (replace(first, sessions=(Session((lesion,)),)), *rest))
    assert "table1.size.2_to_3cm: printed 27/96, counted 28/96" in differences(changed)


def test_there_are_89_procedures_and_87_with_treatment(cohort: Cohort) -> None:
    sessions = list(cohort.sessions)
    assert (len(sessions), sum(session.treated for session in sessions)) == (89, 87)


def test_22_patients_had_an_event_in_22_procedures_and_three_had_two(cohort: Cohort) -> None:
    counts = [len(session.complications) for session in cohort.sessions if session.complications]
    assert sorted(counts) == [1] * 19 + [2] * 3
    assert sum(any(lesion.complication for lesion in patient.lesions) for patient in cohort.patients) == 22


def test_nobody_has_two_lesions_in_one_organ_group(cohort: Cohort) -> None:
    for patient in cohort.patients:
        organs = [lesion.organ for lesion in patient.lesions]
        assert sorted(set(organs)) == sorted(organs)


def test_two_lesion_patients_divide_as_the_assignment_says(cohort: Cohort) -> None:
    pairs = [
        frozenset(lesion.organ for lesion in patient.lesions)
        for patient in cohort.patients
        if len(patient.lesions) == 2
    ]
    expected = {
        frozenset({Organ.BONE, Organ.SOFT_TISSUE}): 7,
        frozenset({Organ.BONE, Organ.LUNG}): 2,
        frozenset({Organ.LUNG, Organ.SOFT_TISSUE}): 2,
    }
    assert expected == {pair: pairs.count(pair) for pair in set(pairs)}


def test_the_three_double_events_lie_on_two_sides_from_one_session(cohort: Cohort) -> None:
    doubles = {
        tuple(
            (lesion.location, event.finding, event.side) for lesion in session.lesions if (event := lesion.complication)
        )
        for session in cohort.sessions
        if len(session.complications) == 2
    }
    expected = {
        (("rib", Finding.PULMONARY_EMBOLISM, "right"), ("pelvic_mass", Finding.HEMATOMA, "left")),
        (("rib", Finding.PULMONARY_EMBOLISM, "right"), ("adrenal", Finding.PLEURAL_EFFUSION, "left")),
        (("rib", Finding.PLEURAL_EFFUSION, "right"), ("lung", Finding.HEMORRHAGIC_EFFUSION, "left")),
    }
    assert expected == doubles


def test_every_event_lies_on_the_side_of_its_lesion(cohort: Cohort) -> None:
    assert all(lesion.side is lesion.complication.side for lesion in cohort.lesions if lesion.complication)


def test_event_free_lung_lesions_are_four_near_and_one_far(cohort: Cohort) -> None:
    free = [lesion for lesion in cohort.lesions if lesion.organ is Organ.LUNG and not lesion.complication]
    assert ["gt_1cm", *["lt_1cm"] * 4] == sorted(str(lesion.pleura_band) for lesion in free)
    assert sorted(lesion.size_band for lesion in free) == ["2_to_3cm"] * 2 + ["gt_3cm"] + ["lt_2cm"] * 2


def test_no_lesion_lies_exactly_on_a_boundary(cohort: Cohort) -> None:
    assert not [lesion for lesion in cohort.lesions if lesion.pleura_mm == 10 or lesion.size_mm in (20, 30)]


def test_only_the_drained_stay_longer(cohort: Cohort) -> None:
    events = [lesion.complication for lesion in cohort.lesions if lesion.complication]
    assert [event.extra_days for event in events if event.care is Care.CHEST_TUBE] == [2, 2]
    assert sum(event.extra_days for event in events if event.care is not Care.CHEST_TUBE) == 0


def test_the_strict_reading_grades_the_two_drained_as_severe(cohort: Cohort) -> None:
    grades = [lesion.complication.grade("sir-2017") for lesion in cohort.lesions if lesion.complication]
    assert {grade: grades.count(grade) for grade in (1, 2, 3)} == {1: 21, 2: 2, 3: 2}


def test_procedures_lie_between_april_2017_and_october_2022(hospital: Hospital) -> None:
    starts = [procedure.start for procedure in hospital.procedures]
    assert (f"{min(starts):%Y-%m}", f"{max(starts):%Y-%m}") == ("2017-04", "2022-10")


def test_each_procedure_has_its_number_and_each_patient_a_file(hospital: Hospital) -> None:
    assert len({procedure.accession for procedure in hospital.procedures}) == 89
    assert len({procedure.person.mrn for procedure in hospital.procedures}) == 85


def test_the_follow_up_ct_is_about_a_day_after_the_end(hospital: Hospital) -> None:
    hours = [(procedure.follow_up - procedure.end).total_seconds() / 3600 for procedure in hospital.procedures]
    assert min(hours) >= 18
    assert max(hours) <= 30


def test_stays_run_over_by_two_days_only_for_the_drained(hospital: Hospital) -> None:
    late = [
        procedure.session.complications[0].drained
        for procedure in hospital.procedures
        if (procedure.discharged - procedure.planned_discharge).total_seconds() > 24 * 3600
    ]
    assert late == [True, True]


def test_cells_compare_by_k_and_n() -> None:
    assert Cell(1, 2) != Cell(1, 3)
