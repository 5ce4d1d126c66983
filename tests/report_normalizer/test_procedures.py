"""A cryoablation's documentation reads the same from HL7 v2 and from FHIR."""

from dataclasses import replace
from typing import Any

import pytest

from services.clinical.facts import Standing
from services.clinical.moments import Moment, at, parse_iso
from services.clinical.statements import Lesion, ProcedureStatement
from services.runtime.outcomes import Ignored, Invalid
from tests.report_normalizer.messages import PID, example, facts, hl7, msh, statement, warnings

START, END = at(parse_iso("2021-03-01T08:00:00Z")), at(parse_iso("2021-03-01T10:00:00Z"))
LUNG = Lesion("1", "lung", "lung", "left", 18.5, 7.0)
DOCUMENTED = ProcedureStatement(
    site="IEO",
    accession="CRY0001",
    patient_id="EX0001",
    start=START,
    end=END,
    lesions=(LUNG, Lesion("2", "soft_tissue", "adrenal", "left", 31.0)),
    gauge="10G",
    positions=2,
    coolant="LN2",
    intent="curative",
    anesthesia="general",
    patient_class="inpatient",
    planned_discharge=at(parse_iso("2021-03-03T10:00:00Z")),
    order="PLCRY0001",
)
ORDER = "OBR|1|PL1|CRY1|{code}|||20210301090000|20210301110000||||||||||||||{issued}||RAD|{status}"


def orm(
    *details: str, status: str = "F", control: str = "SC", order_status: str = "", code: str = "CRYOABL^Cryoablation^L"
) -> Any:
    orc = f"ORC|{control}|PL1|CRY1||{order_status}"
    return hl7(msh("ORM^O01"), PID, "PV1|1|I", orc, ORDER.format(code=code, status=status, issued=""), *details)


def obx(code: str, value: str, lesion: str = "1", unit: str = "", kind: str = "ST") -> str:
    return f"OBX||{kind}|{code}^^99CRYO|{lesion}|{value}|{unit}|||||F"


@pytest.mark.parametrize("name", ["documented", "imaging-order", "as-result"])
def test_an_order_and_a_result_document_alike(name: str) -> None:
    assert statement(example("hl7v2-inbound", f"valid/cryoablation-{name}.hl7")) == DOCUMENTED


@pytest.mark.parametrize("name", ["r4", "r5"])
def test_a_resource_of_either_release_documents_the_same(name: str) -> None:
    expected = replace(DOCUMENTED, lesions=(LUNG,), order=None)
    assert expected == statement(example("fhir-inbound", f"valid/cryoablation-{name}.json"))


@pytest.mark.parametrize(
    ("status", "control", "order_status", "standing", "timed"),
    [
        ("F", "SC", "CM", Standing.FINAL, True), ("", "SC", "CM", Standing.FINAL, True),
        ("C", "SC", "", Standing.CORRECTED, True), ("P", "SC", "", Standing.PRELIMINARY, True),
        ("I", "SC", "IP", Standing.PRELIMINARY, True), ("S", "NW", "SC", Standing.PRELIMINARY, False),
        ("", "NW", "SC", Standing.PRELIMINARY, False), ("X", "SC", "", Standing.WITHDRAWN, True),
        ("", "CA", "", Standing.WITHDRAWN, True), ("F", "OC", "CA", Standing.WITHDRAWN, True),
        ("F", "DC", "", Standing.FINAL, True),
    ],
)  # fmt: skip
def test_documentation_stands_by_status_and_order_control(
    status: str, control: str, order_status: str, standing: Standing, timed: bool
) -> None:
    (fact,) = facts(orm(obx("ORGAN", "lung"), status=status, control=control, order_status=order_status))
    assert isinstance(fact.statement, ProcedureStatement)
    assert (standing, START if timed else None) == (fact.standing, fact.statement.start)


@pytest.mark.parametrize(
    ("value", "abandoned", "reason"),
    [
        ("Y^failed hydrodissection", True, "failed hydrodissection"), ("Y~no safe window", True, "no safe window"),
        ("Y: bleeding", True, "bleeding"), ("YES", True, None), ("no access", True, "no access"), ("N", False, None),
        ("", False, None),
    ],
)  # fmt: skip
def test_a_lesion_may_have_been_given_up(value: str, abandoned: bool, reason: str | None) -> None:
    (lesion,) = statement(orm(obx("ORGAN", "bone"), obx("ABANDONED", value, kind="CWE"))).lesions
    assert (abandoned, reason) == (lesion.abandoned, lesion.abandoned_reason)


@pytest.mark.parametrize(
    ("value", "unit", "size", "noted"),
    [
        ("18.5", "mm", 18.5, ()), ("18,5", "", 18.5, ()), ("2.3", "cm", 23.0, ()), ("23 mm", "", 23.0, ()),
        ("about 18", "mm", None, ("value_unreadable",)), ("1e9", "", None, ("value_unreadable",)),
        ("18", "in", None, ("value_unreadable",)), ("", "", None, ()),
    ],
)  # fmt: skip
def test_sizes_are_millimeters_or_left_out(value: str, unit: str, size: float | None, noted: tuple[str, ...]) -> None:
    outcome = orm(obx("ORGAN", "lung"), obx("SIZE_MM", value, unit=unit, kind="NM"))
    assert (size, noted) == (statement(outcome).lesions[0].size_mm, warnings(outcome))


@pytest.mark.parametrize(
    ("said", "organ", "side"),
    [("Soft tissue", "soft_tissue", "L"), ("BONE", "bone", "sinistra"), ("lung", "lung", "LEFT")],
)
def test_coded_words_are_spelled_one_way(said: str, organ: str, side: str) -> None:
    (lesion,) = statement(orm(obx("ORGAN", said), obx("SIDE", side), obx("LOCATION", "Pelvic bone"))).lesions
    assert (organ, "left", "pelvic_bone") == (lesion.organ, lesion.side, lesion.location)


def test_lesions_are_listed_by_number_whatever_their_order() -> None:
    outcome = orm(*(obx("ORGAN", "bone", lesion=n) for n in ("10", "2", "1")))
    assert [lesion.number for lesion in statement(outcome).lesions] == ["1", "2", "10"]


def test_a_cryoablation_is_told_by_its_name_too() -> None:
    assert (
        statement(orm(obx("GAUGE", "10G", lesion=""), code="X7^Percutaneous cryoablation, lung^L")).accession == "CRY1"
    )


@pytest.mark.parametrize("code", ["X^CT chest follow-up after cryoablation^L", "BX^CT-guided biopsy^L", "^^"])
def test_other_orders_are_set_aside(code: str) -> None:
    assert isinstance(orm(code=code), Ignored)


def test_a_documentation_without_lesions_or_times_is_taken_and_said() -> None:
    order = "OBR|1|PL1|CRY1|CRYOABL^Cryoablation^L|||||||||||||||||||||F"
    outcome = hl7(msh("ORM^O01"), PID, "ORC|SC||CRY1", order)
    assert warnings(outcome) == ("lesions_missing", "time_missing")


def test_a_start_that_is_a_day_stays_a_day() -> None:
    order = "OBR|1||CRY1|CRYOABL|||20210301|||||||||||||||||F"
    day = Moment(parse_iso("2021-02-28T23:00:00Z"), parse_iso("2021-03-01T22:59:59Z"))
    assert day == statement(hl7(msh("ORM^O01"), PID, order)).start


def test_several_procedures_in_one_message_are_several_facts() -> None:
    second = ORDER.format(code="CRYOABL", status="F", issued="").replace("CRY1", "CRY2")
    found = facts(orm(obx("ORGAN", "lung"), "ORC|SC|PL2|CRY2", second, obx("ORGAN", "bone")))
    assert [(f.statement.accession, f.statement.lesions[0].organ) for f in found] == [
        ("CRY1", "lung"),
        ("CRY2", "bone"),
    ]


def test_a_procedure_without_number_is_a_dead_letter() -> None:
    outcome = hl7(msh("ORM^O01"), PID, "OBR|1|||CRYOABL")
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("procedure_not_identified", "OBR-3")
