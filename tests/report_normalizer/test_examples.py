"""Every example of schemas/examples has the outcome that is written here, its facts fit the published schema."""

import json

import pytest

from services.clinical.canonical import canonical
from services.clinical.facts import Fact, fact_from_json, fact_json
from services.contracts.codec import validator
from services.contracts.registry import SCHEMAS
from services.report_normalizer.reasons import EXPLANATIONS
from services.runtime.outcomes import Done, Ignored, Invalid
from tests.report_normalizer.messages import example

BODY, STATUS, ADDENDUM, CARE = "report-body", "report-status", "report-addendum", "care-event"
PROCEDURE, LINK = "procedure", "patient-link"


def both(standing: str) -> list[tuple[str, str]]:
    return [(BODY, standing), (STATUS, standing)]


HL7 = {
    "adt-admission": [(CARE, "final")],
    "adt-death": [(CARE, "final")],
    "adt-death-taken-back": [(CARE, "withdrawn")],
    "adt-discharge": [(CARE, "final")],
    "adt-discharge-cancelled": [(CARE, "withdrawn")] * 2,  # the discharge, and a death that it may have told of
    "adt-merge": [(LINK, "final")],
    "adt-merge-of-two-pairs": [(LINK, "final"), (LINK, "final")],
    "adt-outpatient-registration": "outpatient_visit",
    "adt-transfer-between-wards": "no_care_in_message",
    "adt-transfer-cancelled": [(CARE, "withdrawn")],
    "adt-transfer-to-intensive-care": [(CARE, "final")],
    "adt-unmerge": [(LINK, "withdrawn"), (LINK, "withdrawn")],
    "adt-update-without-care": "no_care_in_message",
    "batch-of-two-reports": [*both("preliminary"), *both("final")],
    "cryoablation-as-result": [(PROCEDURE, "final")],
    "cryoablation-documented": [(PROCEDURE, "final")],
    "cryoablation-imaging-order": [(PROCEDURE, "final")],
    "cryoablation-lesion-abandoned": [(PROCEDURE, "final")],
    "cryoablation-order-cancelled": [(PROCEDURE, "withdrawn")],
    "cryoablation-scheduled": [(PROCEDURE, "preliminary")],
    "cryoablation-unreadable-size": [(PROCEDURE, "final")],
    "ct-report-addendum-alone": [(ADDENDUM, "corrected"), (STATUS, "corrected")],
    "ct-report-addendum-on-top-of-body": both("corrected"),
    "ct-report-attached-pdf": both("final"),
    "ct-report-cancelled": [(STATUS, "withdrawn")],
    "ct-report-coded-finding": both("final"),
    "ct-report-continuation-lines": both("final"),
    "ct-report-corrected": both("corrected"),
    "ct-report-day-only": both("final"),
    "ct-report-deleted-lines": [(STATUS, "withdrawn")],
    "ct-report-final": both("final"),
    "ct-report-final-without-resending-text": [(STATUS, "final")],
    "ct-report-five-character-msh-2": both("final"),
    "ct-report-formatted-text": both("final"),
    "ct-report-hour-that-clocks-skip": both("final"),
    "ct-report-hour-that-happens-twice": both("final"),
    "ct-report-latin-1-by-sender": both("final"),
    "ct-report-latin-1-declared": both("final"),
    "ct-report-lines-out-of-order": both("final"),
    "ct-report-local-code": both("final"),
    "ct-report-names-its-procedure": both("final"),
    "ct-report-not-written-yet": "report_not_written_yet",
    "ct-report-other-delimiters": both("final"),
    "ct-report-placer-field-names-procedure": both("final"),
    "ct-report-preliminary": both("preliminary"),
    "ct-report-repetitions-as-lines": both("final"),
    "ct-report-section-codes": both("final"),
    "ct-report-status-empty": both("final"),
    "ct-report-status-only": [(STATUS, "final")],
    "ct-report-status-words": both("preliminary"),
    "ct-report-time-with-zone": both("final"),
    "ct-report-two-examinations-one-report": both("final"),
    "ct-report-two-reports-one-message": [*both("final"), *both("final")],
    "ct-report-utf-8-byte-order-mark": both("final"),
    "ct-report-wrong-patient": [(STATUS, "withdrawn")],
    "mdm-report-addendum": [(ADDENDUM, "final"), (STATUS, "final")],
    "mdm-report-cancelled": [(STATUS, "withdrawn")],
    "mdm-report-dictated": both("preliminary"),
    "mdm-report-edited": both("corrected"),
    "mdm-report-original": both("final"),
    "mdm-report-replaced": [*both("corrected"), (STATUS, "withdrawn")],
    "other-appointment": "message_type_not_used",
    "other-chest-radiograph": "not_a_ct_report",
    "other-discharge-letter": "not_a_ct_report",
    "other-laboratory-result": "not_a_ct_report",
    "other-order": "not_a_cryoablation",
}
BAD_HL7 = {
    "batch-with-one-bad-message": ("patient_not_identified", "message 2: PID-3"),
    "cut-off-in-header": ("message_type_missing", "MSH-9"),
    "delimiters-that-repeat": ("bad_delimiters", "MSH-2"),
    "document-without-txa": ("segment_missing", "TXA"),
    "identifier-too-long": ("identifier_too_long", "OBR-3"),
    "merge-without-retired-number": ("retired_patient_not_identified", "MRG-1"),
    "no-accession-number": ("procedure_not_identified", "OBR-3"),
    "no-message-type": ("message_type_missing", "MSH-9"),
    "no-patient-number": ("patient_not_identified", "PID-3"),
    "no-report-number": ("report_not_identified", "OBR-3"),
    "not-hl7": ("not_hl7", "MSH"),
}
FHIR = {
    "bundle-transaction": [(PROCEDURE, "final"), *both("final")],
    "care-anticoagulant-r4": [(CARE, "final")],
    "care-anticoagulant-r5": [(CARE, "final")],
    "care-chest-drain": [(CARE, "final")],
    "care-not-done": [(CARE, "withdrawn")],
    "cryoablation-r4": [(PROCEDURE, "final")],
    "cryoablation-r5": [(PROCEDURE, "final")],
    "cryoablation-stopped": [(PROCEDURE, "final")],
    "ct-report-appended": [(ADDENDUM, "corrected"), (STATUS, "corrected")],
    "ct-report-attached-pdf": both("final"),
    "ct-report-coded-conclusion": both("final"),
    "ct-report-conclusion-only": both("final"),
    "ct-report-corrected": both("corrected"),
    "ct-report-entered-in-error": [(STATUS, "withdrawn")],
    "ct-report-final": both("final"),
    "ct-report-names-its-procedure": both("final"),
    "ct-report-preliminary": both("preliminary"),
    "ct-report-registered": "report_not_written_yet",
    "ct-report-without-update-time": both("final"),
    "other-laboratory-observation": "resource_type_not_used",
    "other-radiograph": "not_a_ct_report",
    "patient-deceased": [(CARE, "final")],
    "patient-replaced": [(LINK, "final")],
    "stay-finished": [(CARE, "final"), (CARE, "final")],
    "stay-with-intensive-care-r5": [(CARE, "final"), (CARE, "final")],
}
BAD_FHIR = {
    "bundle-entry-without-resource": ("bundle_entry_without_resource", "Bundle.entry[0]"),
    "link-without-number": ("retired_patient_not_identified", "Patient.link.other"),
    "no-accession-number": ("procedure_not_identified", "Procedure.identifier"),
    "no-patient": ("patient_not_identified", "DiagnosticReport.subject"),
    "no-report-number": ("report_not_identified", "DiagnosticReport.identifier"),
    "no-resource-type": ("resource_type_missing", "resourceType"),
    "not-json": ("not_json", ""),
}
TABLES = {
    ("hl7v2-inbound", "valid", "hl7"): HL7,
    ("hl7v2-inbound", "invalid", "hl7"): BAD_HL7,
    ("fhir-inbound", "valid", "json"): FHIR,
    ("fhir-inbound", "invalid", "json"): BAD_FHIR,
}
CASES = [
    (topic, f"{kind}/{name}.{suffix}", expected)
    for (topic, kind, suffix), table in TABLES.items()
    for name, expected in table.items()
]


def said(outcome: Done[Fact] | Ignored | Invalid) -> object:
    if isinstance(outcome, Done):
        return [(fact.kind.value, fact.standing.value) for fact in outcome.results]
    return outcome.code if isinstance(outcome, Ignored) else (outcome.code, outcome.where)


@pytest.mark.parametrize(("topic", "name", "expected"), CASES, ids=[name for _, name, _ in CASES])
def test_an_example_says_what_it_should(topic: str, name: str, expected: object) -> None:
    assert expected == said(example(topic, name))


@pytest.mark.parametrize(("place", "table"), TABLES.items(), ids=["/".join(place[:2]) for place in TABLES])
def test_every_example_file_is_in_the_table(place: tuple[str, str, str], table: dict[str, object]) -> None:
    topic, kind, suffix = place
    folder = SCHEMAS / "examples" / topic / "1" / kind
    assert sorted(table) == sorted(path.name.removesuffix(f".{suffix}") for path in folder.iterdir())


@pytest.mark.parametrize(("topic", "name", "expected"), CASES, ids=[name for _, name, _ in CASES])
def test_the_facts_of_an_example_fit_the_schema_and_survive_the_topic(topic: str, name: str, expected: object) -> None:
    outcome = example(topic, name)
    for fact in outcome.results if isinstance(outcome, Done) else ():
        carried = json.loads(canonical(fact_json(fact)))
        assert validator("clinical-facts.v1")(carried) == []
        assert fact == fact_from_json(carried)


@pytest.mark.parametrize(("topic", "name", "expected"), CASES, ids=[name for _, name, _ in CASES])
def test_codes_are_plain_text_with_an_explanation(topic: str, name: str, expected: object) -> None:
    outcome = example(topic, name)
    codes = outcome.warnings if isinstance(outcome, Done) else (outcome.code,)
    for code in codes:
        assert type(code) is str
        assert EXPLANATIONS[code].endswith(".")


def test_the_same_example_twice_is_the_same_outcome() -> None:
    for topic, name, _ in CASES:
        assert example(topic, name) == example(topic, name)
