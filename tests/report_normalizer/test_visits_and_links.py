"""Stays, intensive care, deaths and merged numbers, from HL7 v2."""

import pytest

from services.clinical.facts import Standing
from services.clinical.moments import at, iso, parse_iso
from services.clinical.statements import CareEvent, PatientLink
from services.runtime.outcomes import Ignored
from tests.report_normalizer.messages import PID, example, facts, hl7, msh, statement, warnings

FINAL, WITHDRAWN = Standing.FINAL, Standing.WITHDRAWN
ADMITTED, LEFT = at(parse_iso("2021-02-28T13:00:00Z")), at(parse_iso("2021-03-03T10:45:00Z"))


def adt(trigger: str, *segments: str, evn6: str = "", pid: str = PID) -> object:
    event = f"EVN|{trigger}|20210301190000||||{evn6}"
    return hl7(msh(f"ADT^{trigger}", sender="ADT|IEO"), event, pid, *segments)


def visit(place: str = "ONC^07^B", prior: str = "", kind: str = "I", number: str = "V1", left: str = "") -> str:
    said = {1: "1", 2: kind, 3: place, 6: prior, 19: number, 44: "20210228140000", 45: left}
    return "|".join(["PV1", *(said.get(n, "") for n in range(1, 46))])


def test_an_admission_has_its_time_and_reason() -> None:
    expected = CareEvent(
        "IEO", "V0001:admission", "EX0001", "admission", ADMITTED, encounter="V0001", reason="Cryoablation"
    )
    assert expected == statement(example("hl7v2-inbound", "valid/adt-admission.hl7"))


def test_a_discharge_is_when_the_patient_left() -> None:
    expected = CareEvent("IEO", "V0001:discharge", "EX0001", "discharge", LEFT, encounter="V0001")
    assert expected == statement(example("hl7v2-inbound", "valid/adt-discharge.hl7"))


def test_hl7_and_fhir_tell_of_one_stay_in_the_same_facts() -> None:
    admission, discharge = facts(example("fhir-inbound", "valid/stay-finished.json"))
    assert statement(example("hl7v2-inbound", "valid/adt-admission.hl7")) == admission.statement
    assert statement(example("hl7v2-inbound", "valid/adt-discharge.hl7")) == discharge.statement


@pytest.mark.parametrize(("trigger", "care"), [("A11", ("admission", "icu")), ("A13", ("discharge", "death"))])
def test_an_admission_and_a_discharge_can_be_taken_back_with_what_they_told(
    trigger: str, care: tuple[str, ...]
) -> None:
    found = [(fact.standing, fact.id) for fact in facts(adt(trigger, visit()))]
    assert found == [(WITHDRAWN, f"care-event/care:IEO:V1:{name}") for name in care]


@pytest.mark.parametrize("place", ["ICU^3", "MICU^1", "RIANIMAZIONE^2", "Terapia Intensiva", "UTIC^1", "TI^04"])
def test_a_transfer_to_intensive_care_is_care(place: str) -> None:
    outcome = adt("A02", visit(place, "ONC^07"), "PV2||||^Bleeding", evn6="20210301180000")
    care = statement(outcome)
    assert (care.care, care.reason, iso(care.given.earliest)) == ("icu", "Bleeding", "2021-03-01T17:00:00Z")


@pytest.mark.parametrize(
    ("place", "prior"), [("ONC^07", "ICU^1"), ("ICU^2", "ICU^1"), ("CIRCUIT^1", ""), ("MEDICUS^1", ""), ("ITUNES", "")]
)
def test_other_transfers_are_set_aside(place: str, prior: str) -> None:
    assert adt("A02", visit(place, prior)).code == "no_care_in_message"


def test_a_transfer_that_is_taken_back_takes_intensive_care_back() -> None:
    (told,) = facts(adt("A02", visit("ICU^1", "ONC^07")))
    (taken_back,) = facts(adt("A12", visit("ONC^07", "ICU^1")))
    assert (told.id, WITHDRAWN) == (taken_back.id, taken_back.standing)


def test_an_admission_to_intensive_care_is_both() -> None:
    assert [f.statement.care for f in facts(adt("A01", visit("ICU^1")))] == ["admission", "icu"]


def test_the_recording_time_stands_in_and_is_said() -> None:
    outcome = adt("A02", visit("ICU^1"))
    assert iso(statement(outcome).given.earliest) == "2021-03-01T18:00:00Z"
    assert warnings(outcome) == ("recorded_time_used",)


def test_a_visit_without_number_is_told_apart_by_its_admission() -> None:
    outcome = adt("A01", visit(number=""))
    assert (
        statement(outcome).care_id, warnings(outcome),
    ) == ("EX0001@20210228140000:admission", ("encounter_missing",))  # fmt: skip


@pytest.mark.parametrize(("trigger", "kind"), [("A04", "O"), ("A01", "E"), ("A03", "O")])
def test_outpatient_visits_are_set_aside(trigger: str, kind: str) -> None:
    assert adt(trigger, visit(kind=kind)).code == "outpatient_visit"


@pytest.mark.parametrize("trigger", ["A08", "A03", "A31"])
def test_a_death_is_told_by_any_message(trigger: str) -> None:
    pid = PID + "|" * 26 + "20210310063000|Y"
    found = facts(adt(trigger, visit(left="20210310063000"), pid=pid))
    died = CareEvent("IEO", "death:EX0001", "EX0001", "death", at(parse_iso("2021-03-10T05:30:00Z")))
    assert (FINAL, died) == (found[-1].standing, found[-1].statement)
    assert died == statement(example("fhir-inbound", "valid/patient-deceased.json"))


def test_a_death_without_a_time_is_taken_and_said() -> None:
    outcome = adt("A08", pid=PID + "|" * 27 + "Y")
    assert (statement(outcome).given, warnings(outcome)) == (None, ("time_missing",))


def test_a_death_is_taken_back_by_emptying_it() -> None:
    (fact,) = facts(adt("A08", pid=PID + "|" * 26 + '""|N'))
    assert (fact.standing, fact.statement.care) == (WITHDRAWN, "death")


def test_a_living_patient_says_nothing_of_death() -> None:
    assert isinstance(adt("A08", pid=PID + "|" * 27 + "N"), Ignored)


def test_a_discharge_as_deceased_is_a_death_when_the_patient_left() -> None:
    disposition = visit(left="20210310063000").split("|")
    disposition[36] = "20^Expired"
    found = facts(adt("A03", "|".join(disposition)))
    assert [f.statement.care for f in found] == ["discharge", "death"]


@pytest.mark.parametrize("trigger", ["A40", "A34", "A18", "A47"])
def test_a_merge_retires_a_number(trigger: str) -> None:
    (fact,) = facts(adt(trigger, "MRG|EX9^^^IEO^MR"))
    assert (FINAL, PatientLink("IEO", "EX9", "EX0001")) == (fact.standing, fact.statement)


def test_a_message_may_merge_several_pairs() -> None:
    found = facts(example("hl7v2-inbound", "valid/adt-merge-of-two-pairs.hl7"))
    pairs = [PatientLink("IEO", "EX9001", "EX0001"), PatientLink("IEO", "EX9002", "EX0002")]
    assert pairs == [f.statement for f in found]


def test_an_unmerge_undoes_the_merge_whichever_number_had_been_retired() -> None:
    (merged,) = facts(example("hl7v2-inbound", "valid/adt-merge.hl7"))
    undone = facts(example("hl7v2-inbound", "valid/adt-unmerge.hl7"))
    assert merged.id in [f.id for f in undone]
    assert {WITHDRAWN} == {f.standing for f in undone}


def test_an_unmerge_with_mrg_names_one_direction() -> None:
    (fact,) = facts(adt("A37", "MRG|EX9^^^IEO^MR"))
    assert (fact.standing, fact.id) == (WITHDRAWN, "patient-link/patient:IEO:EX9")


@pytest.mark.parametrize("trigger", ["A05", "A21", "A24", "A60"])
def test_other_triggers_are_set_aside(trigger: str) -> None:
    assert isinstance(adt(trigger, visit()), Ignored)


def test_a_death_carries_its_stated_cause() -> None:
    died = adt("A08", "PDA|I26.99^Pulmonary embolism^I10C", pid=f"{PID}{'|' * 26}20210303|Y")
    assert ("death", "Pulmonary embolism") == (statement(died).care, statement(died).reason)
    expired = visit(left="20210303114500").split("|")
    expired[36] = "20^Expired"
    left = facts(adt("A03", "|".join(expired), "PDA|^Hemothorax"))
    assert {"discharge": None, "death": "Hemothorax"} == {f.statement.care: f.statement.reason for f in left}
