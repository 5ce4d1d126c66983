"""FHIR resources of both releases, alone and in Bundles, by whatever reference they name their patient."""

import base64
import copy
import json
from typing import Any

import pytest

from services.clinical.facts import Standing
from services.clinical.moments import at, iso, parse_iso
from services.clinical.statements import CareEvent, PatientLink
from services.contracts.registry import SCHEMAS
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sender, Site, Sites
from tests.report_normalizer.messages import SITES, example, facts, raw, statement, warnings

Element = dict[str, Any]
NUMBER = {"identifier": {"type": {"coding": [{"code": "MR"}]}, "value": "EX0001"}}


def fhir(resource: object, sites: Sites = SITES) -> Any:
    return raw(json.dumps(resource).encode(), "fhir-inbound", sites)


def like(name: str, **changes: Any) -> Element:
    """An example with elements replaced, or removed where the value is None."""
    path = SCHEMAS / "examples/fhir-inbound/1/valid" / f"{name}.json"
    resource: Element = json.loads(path.read_text("utf-8")) | changes
    return {key: value for key, value in resource.items() if value is not None}


def form(text: str, kind: str = "text/plain", codec: str = "utf-8") -> list[Element]:
    return [{"contentType": kind, "data": base64.b64encode(text.encode(codec)).decode()}]


def test_hl7_and_fhir_tell_of_one_report_in_the_same_fact() -> None:
    ours = statement(example("hl7v2-inbound", "valid/ct-report-final.hl7"))
    theirs = statement(fhir(like("ct-report-final", presentedForm=form(ours.text))))
    assert ours == theirs


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("partial", Standing.PRELIMINARY), ("preliminary", Standing.PRELIMINARY), ("final", Standing.FINAL),
        ("amended", Standing.CORRECTED), ("corrected", Standing.CORRECTED), ("appended", Standing.CORRECTED),
        ("modified", Standing.PRELIMINARY), ("unknown", Standing.PRELIMINARY), (None, Standing.FINAL),
    ],
)  # fmt: skip
def test_a_report_stands_by_its_status(status: str | None, standing: Standing) -> None:
    assert [standing] * 2 == [f.standing for f in facts(fhir(like("ct-report-final", status=status)))]


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_report_is_taken_back(status: str) -> None:
    (fact,) = facts(fhir(like("ct-report-final", status=status)))
    assert (fact.standing, fact.statement.reason) == (Standing.WITHDRAWN, "cancelled")


def test_a_version_is_ordered_by_issued_and_last_updated() -> None:
    fact = facts(fhir(like("ct-report-final")))[0]
    assert (iso(fact.issued), iso(fact.sent)) == ("2021-03-02T10:30:00Z", "2021-03-02T10:31:00Z")
    assert facts(fhir(like("ct-report-final", meta=None)))[0].sent is None


@pytest.mark.parametrize(
    ("kind", "codec"), [("text/plain", "utf-8"), ("text/plain; charset=iso-8859-1", "latin-1"), ("TEXT/PLAIN", "utf-8")]
)
def test_an_attached_text_is_read_in_its_character_set(kind: str, codec: str) -> None:
    outcome = fhir(like("ct-report-final", presentedForm=form("Più versamento.\r\n", kind, codec)))
    assert statement(outcome).text == "Più versamento.\n"


@pytest.mark.parametrize(
    "attachment",
    [
        {"contentType": "application/pdf", "data": "JVBERi0="}, {"contentType": "text/plain", "data": "%%%"},
        {"contentType": "text/plain; charset=martian", "data": "eA=="}, {"contentType": "text/plain", "data": "/w=="},
        {"contentType": "text/plain", "url": "http://elsewhere/report"}, {"contentType": "text/rtf", "data": "eA=="},
    ],
)  # fmt: skip
def test_an_attachment_that_cant_be_read_leaves_the_conclusion(attachment: Element) -> None:
    outcome = fhir(like("ct-report-final", presentedForm=[attachment], conclusion="Effusion."))
    assert statement(outcome).text == "IMPRESSION:\nEffusion.\n"
    assert warnings(outcome) == ("attachment_not_read",)


def test_coded_conclusions_and_results_come_with_the_report() -> None:
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "36118008", "display": "Pneumothorax"}]}
    resource = like(
        "ct-report-coded-conclusion",
        contained=[
            {"resourceType": "Observation", "id": "o", "status": "final", "valueCodeableConcept": coded},
            {"resourceType": "Observation", "id": "p", "status": "entered-in-error", "valueCodeableConcept": coded},
        ],
        result=[{"reference": "#p"}, {"reference": "#o"}],
    )
    assert [c.code for c in statement(fhir(resource)).coded] == ["60046008", "36118008"]


@pytest.mark.parametrize(
    "subject",
    [
        NUMBER,
        NUMBER | {"reference": "Patient/elsewhere"},
        {"reference": "#p"},
    ],
)
def test_a_subject_is_named_by_identifier_or_contained_resource(subject: Element) -> None:
    contained = [{"resourceType": "Patient", "id": "p", "identifier": [NUMBER["identifier"]]}]
    assert statement(fhir(like("ct-report-final", subject=subject, contained=contained))).patient_id == "EX0001"


@pytest.mark.parametrize(
    ("url", "reference"),
    [
        ("urn:uuid:1", "urn:uuid:1"), ("https://ehr/fhir/Patient/p1", "https://ehr/fhir/Patient/p1"),
        ("https://ehr/fhir/Patient/p1", "Patient/p1"), (None, "Patient/p1"), (None, "Patient/p1/_history/3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["transaction", "batch", "message", "collection", "searchset"])
def test_references_inside_a_bundle_are_followed(kind: str, url: str | None, reference: str) -> None:
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [NUMBER["identifier"]]}
    entries = [{"resource": like("ct-report-final", subject={"reference": reference})}, {"resource": patient}]
    entries[1] |= {"fullUrl": url} if url else {}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    assert statement(fhir(bundle)).patient_id == "EX0001"


@pytest.mark.parametrize("subject", [{"reference": "Patient/unknown"}, {"display": "Example"}, {}, None, [], "x"])
def test_nobody_is_guessed(subject: object) -> None:
    outcome = fhir(like("ct-report-final", subject=subject))
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("patient_not_identified", "DiagnosticReport.subject")


def test_a_bad_entry_refuses_its_bundle_and_is_named() -> None:
    entries = [{"resource": like("ct-report-final")}, {"resource": like("cryoablation-r4", identifier=[])}]
    outcome = fhir({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert isinstance(outcome, Invalid)
    assert (outcome.code, outcome.where) == ("procedure_not_identified", "Bundle.entry[1].Procedure.identifier")


def test_a_bundle_of_what_is_not_ours_is_set_aside() -> None:
    entries = [{"resource": like("other-laboratory-observation")}, {"resource": like("other-radiograph")}]
    assert fhir({"resourceType": "Bundle", "type": "batch", "entry": entries}).code == "not_a_ct_report"
    assert fhir({"resourceType": "Bundle", "type": "batch"}).code == "empty_batch"


def test_a_deletion_by_url_is_noted_and_the_rest_taken() -> None:
    entries = [{"request": {"method": "DELETE", "url": "Procedure/1"}}, {"resource": like("ct-report-final")}]
    outcome = fhir({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert (len(facts(outcome)), warnings(outcome)) == (2, ("deletion_not_used",))


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("completed", Standing.FINAL), ("stopped", Standing.FINAL), ("in-progress", Standing.PRELIMINARY),
        ("preparation", Standing.PRELIMINARY), ("not-done", Standing.WITHDRAWN),
        ("entered-in-error", Standing.WITHDRAWN),
    ],
)  # fmt: skip
def test_a_cryoablation_stands_by_its_status(status: str, standing: Standing) -> None:
    (fact,) = facts(fhir(like("cryoablation-r4", status=status)))
    assert (standing, status == "preparation") == (fact.standing, fact.statement.start is None)


def test_a_cryoablation_given_up_before_it_began_is_documented_and_not_withdrawn() -> None:
    (fact,) = facts(fhir(like("cryoablation-stopped", status="not-done")))
    assert Standing.FINAL is fact.standing


@pytest.mark.parametrize("value", ["18", True, -1, 10**9, {"value": 18, "unit": "in"}, []])
def test_a_size_that_cant_be_read_is_left_out(value: object) -> None:
    resource = like("cryoablation-r4")
    resource["extension"][0]["extension"][4] = {"url": "sizeMm", "valueDecimal": value}
    assert statement(fhir(resource)).lesions[0].size_mm is None


def test_a_size_may_be_a_quantity() -> None:
    resource = like("cryoablation-r4")
    resource["extension"][0]["extension"][4] = {"url": "sizeMm", "valueQuantity": {"value": 1.85, "code": "cm"}}
    assert statement(fhir(resource)).lesions[0].size_mm == 18.5


def test_care_has_its_side_reason_procedure_and_visit() -> None:
    resource = like(
        "care-chest-drain",
        identifier=[{"value": "DR7"}],
        partOf=[{"identifier": {"type": {"coding": [{"code": "ACSN"}]}, "value": "CRY0001"}}],
        encounter={"identifier": {"value": "V0001"}},
    )
    given = at(parse_iso("2021-03-01T17:00:00Z"))
    expected = CareEvent(
        "IEO", "Procedure:DR7", "EX0001", "chest_tube", given, None, "right", "CRY0001", "V0001", "Hydropneumothorax"
    )
    assert expected == statement(fhir(resource))


@pytest.mark.parametrize(
    ("system", "code", "care"),
    [
        ("http://snomed.info/sct", "91602002", "thoracentesis"), ("http://snomed.info/sct", "413899004", "compression"),
        ("http://snomed.info/sct", "71493000", "transfusion"), ("http://snomed.info/sct", "397945004", "icu"),
        ("https://cryowatch.org/fhir/CodeSystem/care", "embolization", "embolization"),
        ("99CRYO", "surgery", "surgery"),
    ],
)  # fmt: skip
def test_coded_procedures_are_care(system: str, code: str, care: str) -> None:
    concept = {"coding": [{"system": "http://elsewhere", "code": "x"}, {"system": system, "code": code}]}
    assert care == statement(fhir(like("care-chest-drain", code=concept))).care


@pytest.mark.parametrize(("code", "care"), [("B01AF02", "anticoagulation"), ("B05AX01", "transfusion")])
def test_coded_medications_are_care(code: str, care: str) -> None:
    concept = {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
    assert care == statement(fhir(like("care-anticoagulant-r4", medicationCodeableConcept=concept))).care


@pytest.mark.parametrize("code", ["B01AC06", "A02BC01", "", "B01"])
def test_other_medications_are_set_aside(code: str) -> None:
    concept = {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
    assert fhir(like("care-anticoagulant-r4", medicationCodeableConcept=concept)).code == "not_care"


def test_a_medication_may_be_referred_to() -> None:
    heparin = {"coding": [{"system": "http://www.whocc.no/atc", "code": "B01AB01"}]}
    resource = like(
        "care-anticoagulant-r4",
        medicationCodeableConcept=None,
        medicationReference={"reference": "#m"},
        contained=[{"resourceType": "Medication", "id": "m", "code": heparin}],
    )
    assert statement(fhir(resource)).care == "anticoagulation"


def test_planned_care_is_set_aside() -> None:
    assert fhir(like("care-chest-drain", status="preparation")).code == "care_not_given_yet"
    assert fhir(like("stay-finished", status="planned")).code == "care_not_given_yet"


def test_a_stay_tells_admission_discharge_and_its_reason() -> None:
    admission, discharge = facts(fhir(like("stay-finished")))
    assert (
        admission.statement.care, admission.statement.reason, admission.statement.encounter,
    ) == ("admission", "Cryoablation", "V0001")  # fmt: skip
    assert iso(discharge.statement.given.earliest) == "2021-03-03T10:45:00Z"


def test_a_stay_with_intensive_care_tells_when_it_began_and_ended() -> None:
    care = next(f for f in facts(fhir(like("stay-with-intensive-care-r5"))) if f.statement.care == "icu")
    assert (
        care.statement.care, iso(care.statement.given.earliest), iso(care.statement.ended.earliest),
    ) == ("icu", "2021-03-01T17:00:00Z", "2021-03-02T07:00:00Z")  # fmt: skip


def test_a_stay_that_ends_in_death_tells_it() -> None:
    stay = {"dischargeDisposition": {"coding": [{"code": "exp"}]}}
    for element in ("hospitalization", "admission"):
        assert facts(fhir(like("stay-finished", **{element: stay})))[-1].statement.care == "death"


def test_a_cancelled_stay_is_taken_back() -> None:
    found = facts(fhir(like("stay-finished", status="entered-in-error")))
    assert [(f.statement.care, f.standing) for f in found] == [
        (care, Standing.WITHDRAWN) for care in ("admission", "discharge", "icu", "death")
    ]


EXPIRED = {"dischargeDisposition": {"coding": [{"code": "exp"}]}}
HOME = {"dischargeDisposition": {"coding": [{"code": "home"}]}}


def stay(**changed: Any) -> dict[str, Standing]:
    return {f.statement.care: f.standing for f in facts(fhir(like("stay-finished", **changed)))}


def test_what_a_stay_plainly_says_otherwise_is_taken_back_and_its_silence_takes_nothing() -> None:
    final, withdrawn = Standing.FINAL, Standing.WITHDRAWN
    both = {"admission": final, "discharge": final}
    assert stay() == both
    assert stay(hospitalization=EXPIRED) == both | {"death": final}
    assert stay(hospitalization=HOME) == both | {"death": withdrawn}
    assert stay(status="in-progress", period={"start": "2021-02-28T13:00:00Z"}) == {
        "admission": final,
        "death": withdrawn,
    }
    assert stay(location=[{"location": {"display": "Oncology, bed 7"}}]) == both, "it may list the last place only"


def test_without_an_update_time_nothing_could_order_what_a_stay_takes_back() -> None:
    assert "death" not in stay(hospitalization=HOME, meta=None)


def test_a_death_at_discharge_is_not_taken_back_by_another_standards_word_of_the_visit() -> None:
    (told,) = [f for f in facts(fhir(like("stay-finished", hospitalization=EXPIRED))) if f.statement.care == "death"]
    assert told.id == "care-event/care:IEO:V0001:death:encounter"


def test_a_procedure_in_error_without_a_code_is_for_a_person() -> None:
    for name in ("cryoablation-r4", "care-chest-drain"):
        kept = ("resourceType", "id", "identifier", "subject")
        bare = {key: value for key, value in like(name).items() if key in kept}
        outcome = fhir(bare | {"status": "entered-in-error"})
        assert (outcome.code, outcome.where) == ("in_error_without_code", "Procedure.code")


def test_an_outpatient_encounter_is_set_aside() -> None:
    assert fhir(like("stay-finished", **{"class": {"code": "AMB"}})).code == "outpatient_visit"


@pytest.mark.parametrize(("kind", "retired", "surviving"), [("replaced-by", "A", "B"), ("replaces", "B", "A")])
def test_a_patient_link_has_a_direction(kind: str, retired: str, surviving: str) -> None:
    link = [{"type": kind, "other": {"identifier": {"value": "B"}}}]
    resource = {"resourceType": "Patient", "identifier": [{"value": "A"}], "link": link}
    assert PatientLink("IEO", retired, surviving) == statement(fhir(resource))


@pytest.mark.parametrize(
    ("changes", "standing"),
    [({"deceasedBoolean": True}, Standing.FINAL), ({"deceasedBoolean": False}, Standing.WITHDRAWN)],
)
def test_a_death_is_told_and_taken_back(changes: Element, standing: Standing) -> None:
    (fact,) = facts(fhir({"resourceType": "Patient", "identifier": [NUMBER["identifier"]]} | changes))
    assert (standing, "care-event/care:IEO:death:EX0001") == (fact.standing, fact.id)


def test_a_patient_without_news_is_set_aside() -> None:
    assert isinstance(fhir({"resourceType": "Patient"}), Ignored)


def test_an_identifiers_system_or_assigner_names_the_site() -> None:
    sites = Sites({"IEO": Site("IEO", "Europe/Rome"), "OSR": Site("OSR", "Europe/Rome")}, {"EHR": Sender("EHR", "IEO")})
    for named in ({"system": "urn:cryowatch:site:OSR:patient"}, {"assigner": {"display": "OSR"}}):
        subject = {"identifier": {"value": "7"} | named}
        assert statement(fhir(like("ct-report-final", subject=subject), sites)).site == "OSR"


def test_a_resource_of_an_unknown_site_is_a_dead_letter() -> None:
    outcome = fhir(like("ct-report-final", subject={"identifier": {"value": "7"}}), Sites())
    assert isinstance(outcome, Invalid)
    assert outcome.code == "site_unknown"


def test_identity_is_type_id_and_version() -> None:
    report = like("ct-report-final")
    for meta, version in (
        ({"versionId": "3", "lastUpdated": "2021"}, "3"),
        ({"lastUpdated": "2021-03-02T10:31:00Z"}, "2021-03-02T10:31:00Z"),
    ):
        identity = fhir(report | {"meta": meta}).identity
        assert ("EHR", f"DiagnosticReport/ct0001/{version}", "DiagnosticReport") == (
            identity.sender, identity.control_id, identity.type,
        )  # fmt: skip
    bare = fhir(report | {"meta": {}}).identity
    assert bare.control_id.endswith(bare.content)


def test_another_topic_is_read_by_its_content() -> None:
    value = json.dumps(like("ct-report-final")).encode()
    assert isinstance(raw(b"\xef\xbb\xbf" + value, "elsewhere"), Done)
    assert raw(b"hello", "elsewhere").code == "not_hl7"


@pytest.mark.parametrize(
    "value",
    [
        b"", b"[]", b"1", b'"x"', b"null", b"{", b'{"resourceType": NaN}', b"\xff{}", b"[" * 100_000,
        b'{"resourceType":"Patient","x":' + b"[" * 80 + b"]" * 80 + b"}",
        b'{"resourceType":"Patient","n":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_resource_is_a_dead_letter(value: bytes) -> None:
    outcome = raw(value, "fhir-inbound")
    assert isinstance(outcome, Invalid)
    assert outcome.code == "not_json"


def test_characters_that_no_database_takes_are_taken_out() -> None:
    resource = like("ct-report-final", presentedForm=None, conclusion="Effu\x00sion \ud800now.")
    resource["subject"] = copy.deepcopy(NUMBER)
    resource["subject"]["identifier"]["value"] = "EX\x000001"
    body = statement(raw(json.dumps(resource).encode(), "fhir-inbound"))
    assert (body.patient_id, body.text) == ("EX0001", "IMPRESSION:\nEffusion now.\n")
