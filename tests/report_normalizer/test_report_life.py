"""Preliminary, final, corrected, added to, cancelled, another patient's: every way in which HL7 says it."""

import pytest

from services.clinical.canonical import digest
from services.clinical.facts import Standing
from services.clinical.moments import iso
from services.clinical.statements import ReportAddendum, ReportBody, ReportStatus
from services.runtime.outcomes import Ignored, Invalid
from services.runtime.sites import Sender, Sites
from tests.report_normalizer.messages import PID, SITES, facts, hl7, lines, msh, obr, oru, statement, warnings

P, F, C, W = Standing.PRELIMINARY, Standing.FINAL, Standing.CORRECTED, Standing.WITHDRAWN


@pytest.mark.parametrize(
    ("result", "line", "standing", "noted"),
    [
        ("P", "P", P, ()), ("R", "R", P, ()), ("F", "F", F, ()), ("F", "P", F, ()), ("F", "C", C, ()),
        ("C", "C", C, ()), ("A", "F", C, ()), ("M", "F", C, ()), ("Final", "", F, ()), ("FINAL", "", F, ()),
        ("Prelim", "", P, ()), ("Wet Read", "", P, ()), ("Addendum", "", C, ()), ("Definitivo", "", F, ()),
        ("", "F", F, ()), ("", "P", P, ()), ("", "C", C, ()), ("", "U", F, ()), ("P", "U", F, ()),
        ("", "", F, ("status_missing",)), ("Reviewed?", "", P, ("status_unknown",)),
        ("Reviewed?", "F", F, ("status_unknown",)), ("I", "", P, ()), ("S", "F", F, ()),
    ],
)  # fmt: skip
def test_status_and_lines_say_how_a_report_stands(
    result: str, line: str, standing: Standing, noted: tuple[str, ...]
) -> None:
    outcome = oru(obr(result), *lines("Effusion.", status=line))
    assert ([standing, standing], noted) == ([f.standing for f in facts(outcome)], warnings(outcome))


@pytest.mark.parametrize(
    ("result", "line", "reason"),
    [
        ("X", "X", "cancelled"), ("X", "F", "cancelled"), ("Cancelled", "", "cancelled"), ("F", "D", "cancelled"),
        ("C", "W", "wrong_patient"), ("F", "W", "wrong_patient"), ("X", "W", "wrong_patient"), ("", "X", "cancelled"),
    ],
)  # fmt: skip
def test_a_report_is_taken_back_with_its_reason_and_without_its_text(result: str, line: str, reason: str) -> None:
    (fact,) = facts(oru(obr(result), *lines("Effusion.", status=line)))
    assert (W, ReportStatus("IEO", "CT0001", "EX0001", reason)) == (fact.standing, fact.statement)


def test_a_cancellation_without_any_code_is_taken() -> None:
    (fact,) = facts(oru(obr("X", f4="", f24="")))
    assert W is fact.standing


@pytest.mark.parametrize("status", ["O", "I", "S", "N"])
def test_a_report_that_is_not_written_yet_is_set_aside(status: str) -> None:
    outcome = oru(obr(status))
    assert isinstance(outcome, Ignored)
    assert outcome.code == "report_not_written_yet"


def test_a_status_alone_erases_nothing() -> None:
    (fact,) = facts(oru(obr("F")))
    assert (F, ReportStatus("IEO", "CT0001", "EX0001")) == (fact.standing, fact.statement)


def test_body_and_status_carry_when_the_version_was_issued_and_sent() -> None:
    for fact in facts(oru(obr("F"), *lines("Effusion."))):
        assert (iso(fact.issued), iso(fact.sent)) == ("2021-03-02T10:30:00Z", "2021-03-02T10:45:00Z")


def test_an_issue_time_that_is_a_day_or_unreadable_is_none() -> None:
    for written, noted in (("20210302", "issued_not_exact"), ("today", "time_unreadable"), ("", None)):
        outcome = oru(obr("F", f22=written), *lines("Effusion."))
        assert facts(outcome)[0].issued is None
        assert ((noted,) if noted else ()) == warnings(outcome)


def test_the_status_names_the_text_that_came_with_it() -> None:
    body, status = facts(oru(obr("F"), *lines("Effusion.")))
    assert digest("Effusion.\n") == status.statement.text
    assert isinstance(body.statement, ReportBody)


def test_an_addendum_alone_is_kept_beside_the_body() -> None:
    addendum, status = facts(oru(obr("C"), *lines("ADDENDUM:", "Effusion.", status="C")))
    assert ReportAddendum("IEO", "CT0001", "EX0001", "ADDENDUM:\nEffusion.\n") == addendum.statement
    assert (C, digest("ADDENDUM:\nEffusion.\n")) == (status.standing, status.statement.text)


def test_a_sender_whose_addenda_repeat_the_body_sends_bodies() -> None:
    sites = Sites(SITES.sites, {"PACSREP|IEO": Sender("PACSREP|IEO", "IEO", addenda_alone=False)})
    body, _ = facts(oru(obr("C"), *lines("ADDENDUM:", "Effusion."), sites=sites))
    assert isinstance(body.statement, ReportBody)


def test_a_report_says_what_was_examined_and_when() -> None:
    body = statement(oru(obr("F", f4="72254-6^CT CAP^LN"), *lines("x.")))
    assert (body.regions, body.contrast, body.language) == (("chest", "abdomen", "pelvis"), True, "en")
    assert iso(body.performed.earliest) == "2021-03-02T09:15:00Z"


@pytest.mark.parametrize(
    ("code", "modality", "regions", "contrast"),
    [
        ("TCTOR^TC torace con mdc^L", "RAD", ("chest",), True),
        ("TCTOR^TC torace senza mdc^L", "", ("chest",), False),
        ("X1^CT ABDOMEN AND PELVIS W CONTRAST^L", "", ("abdomen", "pelvis"), True),
        ("X1^Special examination^L", "CT", (), None),
        ("X1^Local^L^29252-4^CT Chest WO contrast^LN", "", ("chest",), False),
        ("24627-2^^LN", "RAD", ("chest",), None),
    ],
)
def test_a_ct_is_told_by_modality_code_or_name(
    code: str, modality: str, regions: tuple[str, ...], contrast: bool | None
) -> None:
    body = statement(oru(obr("F", f4=code, f24=modality), *lines("x.")))
    assert (regions, contrast) == (body.regions, body.contrast)


@pytest.mark.parametrize(
    ("code", "modality"),
    [
        ("36643-5^XR Chest 2 Views^LN", "RAD"), ("24590-2^MR Brain^LN", "MR"), ("58410-2^CBC panel^LN", "HM"),
        ("BX^CT-guided biopsy^L", "RAD"), ("PT^PET/CT whole body^L", ""), ("X^Doctor's direct contact^L", ""),
        ("X^CT chest^L", "MR"), ("^^", "LAB"),
    ],
)  # fmt: skip
def test_other_examinations_are_set_aside(code: str, modality: str) -> None:
    outcome = oru(obr("F", f4=code, f24=modality), *lines("Pneumothorax."))
    assert isinstance(outcome, Ignored)
    assert outcome.code == "not_a_ct_report"


def test_other_examinations_need_no_patient() -> None:
    assert isinstance(hl7(msh("ORU^R01"), obr("F", f24="MR", f4="X^MR^L"), *lines("x.")), Ignored)


def test_of_several_examinations_the_cts_are_taken() -> None:
    outcome = oru(obr("F", f24="MR", f3="MR1", f4="X^MR^L"), *lines("a."), obr("F"), *lines("b."))
    assert [f.statement.report for f in facts(outcome)] == ["CT0001"] * 2


def test_two_examinations_with_one_number_are_one_report() -> None:
    outcome = oru(obr("F"), *lines("a."), obr("F", f4="36813-4^CT AP^LN"), *lines("b."))
    body, _ = facts(outcome)
    assert (body.statement.text, body.statement.regions) == ("a.\nb.\n", ("chest", "abdomen", "pelvis"))


def test_the_number_of_a_report_may_stand_in_orc() -> None:
    assert statement(oru("ORC|RE|P1|CT9", obr("F", f3=""), *lines("x."))).report == "CT9"


@pytest.mark.parametrize(
    "segments",
    [
        ("ORC|RE|P1|CT1", obr("F", f18="CRY1"), *lines("x.")),
        ("ORC|RE|P1|CT1", obr("F", f29="P^CRY1"), *lines("x.")),
        ("ORC|RE|P1|CT1|||||P^CRY1", obr("F"), *lines("x.")),
        (obr("F", f18="OTHER"), *lines("x."), "OBX|2|ST|PROCEDURE_ACCESSION^^99CRYO||CRY1||||||F"),
    ],
)
def test_a_report_may_name_its_procedure(segments: tuple[str, ...]) -> None:
    assert statement(oru(*segments)).accession == "CRY1"


def test_a_procedure_number_that_is_too_long_is_left_out() -> None:
    outcome = oru(obr("F", f18="9" * 300), *lines("x."))
    assert (statement(outcome).accession, warnings(outcome)) == (None, ("identifier_dropped",))


def test_a_ct_without_a_time_is_taken_and_said() -> None:
    outcome = oru(obr("F", f7=""), *lines("x."))
    assert (statement(outcome).performed, warnings(outcome)) == (None, ("time_missing",))


def mdm(trigger: str, txa: str, *more: str, order: str = obr("F", f3="CT3")) -> list[object]:
    return list(facts(hl7(msh(f"MDM^{trigger}"), f"EVN|{trigger}|20210302", PID, order, txa, *more)))


def txa(own: str = "CT3", parent: str = "", completion: str = "AU", availability: str = "AV") -> str:
    return f"TXA|1|RAD|TX|20210302101500||20210302110000||||||{own}|{parent}||||{completion}||{availability}"


@pytest.mark.parametrize(
    ("trigger", "completion", "availability", "standing"),
    [
        ("T02", "AU", "AV", F), ("T02", "LA", "", F), ("T02", "DI", "UN", P), ("T02", "PA", "", P),
        ("T04", "AU", "", F), ("T08", "AU", "", C), ("T08", "DI", "", P), ("T10", "AU", "", C),
        ("T02", "", "", F), ("T02", "??", "", P),
    ],
)  # fmt: skip
def test_a_document_stands_by_its_completion_and_trigger(
    trigger: str, completion: str, availability: str, standing: Standing
) -> None:
    found = mdm(trigger, txa(completion=completion, availability=availability), *lines("x."))
    assert [standing, standing] == [f.standing for f in found]


@pytest.mark.parametrize(
    ("trigger", "availability", "line", "reason"),
    [
        ("T11", "", "X", "cancelled"), ("T02", "CA", "F", "cancelled"), ("T11", "CA", "W", "wrong_patient"),
        ("T08", "AV", "D", "cancelled"),
    ],
)  # fmt: skip
def test_a_document_is_taken_back(trigger: str, availability: str, line: str, reason: str) -> None:
    (fact,) = mdm(trigger, txa(availability=availability), *lines("x.", status=line))
    assert (W, reason) == (fact.standing, fact.statement.reason)


def test_a_cancelled_document_needs_no_code_and_no_text() -> None:
    (fact,) = facts(hl7(msh("MDM^T11"), PID, txa(availability="CA")))
    assert fact.statement.report == "CT3"


def test_a_status_of_another_kind_of_document_is_set_aside() -> None:
    outcome = hl7(msh("MDM^T11"), PID, "TXA|1|DS|||||||||||DL1|||||AU")
    assert outcome.code == "not_a_ct_report"


def test_a_document_addendum_belongs_to_its_parent() -> None:
    addendum, status = mdm("T06", txa("CT3A", "CT3"), *lines("Effusion."))
    assert (addendum.statement.report, addendum.statement.text) == ("CT3", "ADDENDUM:\nEffusion.\n")
    assert status.statement.report == "CT3"


def test_a_replaced_document_is_taken_back() -> None:
    _, _, replaced = mdm("T10", txa("CT4", "CT3"), *lines("Effusion."))
    assert (replaced.standing, replaced.statement.report) == (W, "CT3")


def test_a_document_is_issued_when_its_order_or_signature_says() -> None:
    by_order = mdm("T02", txa(), *lines("x."))[0]
    assert iso(by_order.issued) == "2021-03-02T10:30:00Z"
    signed = txa() + "|||" + "^" * 14 + "20210302120000"
    by_signature = mdm("T02", signed, *lines("x."), order=obr("F", f22=""))[0]
    assert iso(by_signature.issued) == "2021-03-02T11:00:00Z"


def test_a_document_without_number_is_a_dead_letter() -> None:
    outcome = hl7(msh("MDM^T02"), PID, obr(), txa(own=""), *lines("x."))
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("report_not_identified", "TXA-12")


@pytest.mark.parametrize("text", ["See attached document.", "Please see the attached report", "Vedi allegato."])
def test_a_text_that_only_points_to_a_file_is_none(text: str) -> None:
    attached = "OBX|2|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F"
    body, _ = facts(oru(obr("F"), *lines(text), attached))
    assert body.statement.text == ""
    assert "See the pneumothorax" in facts(oru(obr("F"), *lines("See the pneumothorax.")))[0].statement.text
