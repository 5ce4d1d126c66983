"""What an adverse event becomes in R4 and in R5."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.clinical.events.adverse_event import Evidence, Phase, Timing
from services.clinical.events.compartments import compartments
from services.clinical.moments import Moment
from services.fhir_gateway.codes import codes
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from tests.fhir_gateway.events import (
    PUBLISHED,
    ROME,
    SENTENCE,
    SHOWN,
    codings,
    day,
    drained,
    event,
    extension,
    grade,
    written,
)

BOTH = pytest.mark.parametrize("release", list(Release))


@BOTH
@pytest.mark.parametrize("token", sorted(compartments().findings))
def test_every_kind_of_event_is_written_with_text_and_code(token: str, release: Release) -> None:
    compartment = compartments().findings[token][0]
    one = written(event(token, compartment=compartment, side=None), release)
    concept = one["event" if release is Release.R4 else "code"]
    assert codes().event(token).text == concept["text"]
    assert ("adverse-event", token) in codings(concept)


def test_the_codes_are_those_that_say_the_same_thing() -> None:
    def of(token: str) -> set[tuple[str, str]]:
        return codings(written(event(token), Release.R4)["event"]) - {("adverse-event", token)}

    assert {("sct", "36118008"), ("sct", "60046008"), ("icd-10-cm", "J94.8")} == of("hydropneumothorax")
    assert {("sct", "441536000"), ("sct", "36118008"), ("icd-10-cm", "J95.811")} == of("pneumothorax")
    assert {("sct", "59282003"), ("icd-10-cm", "I26.99")} == of("pulmonary_embolism")
    assert set() == of("skin_frostbite"), "no verified code: text and our own code alone"


@BOTH
def test_a_new_kind_of_event_is_said_in_its_own_words(release: Release) -> None:
    one = written(event("chyle_leak", compartment="duct:thoracic_duct", side=None), release)
    assert one["event" if release is Release.R4 else "code"] == {"text": "Chyle leak"}
    assert extension(one, "finding")[0]["bodySite"] == [{"text": "Thoracic duct"}]


def test_the_whole_of_a_drained_hydropneumothorax_in_r4() -> None:
    one = written(drained(), Release.R4, (SENTENCE,))
    assert one["resourceType"] == "AdverseEvent"
    assert one["id"] == "ae-0123456789abcdefghjkmnpqrs"
    assert one["meta"] == {"versionId": "17592186044432", "lastUpdated": "2024-03-02T10:00:00.123Z"}
    assert one["identifier"] == {
        "system": "https://cryowatch.org/fhir/identifier/adverse-event",
        "value": "ae-0123456789abcdefghjkmnpqrs",
    }
    assert one["actuality"] == "actual"
    assert one["event"]["text"] == "Left hydropneumothorax"
    assert one["subject"]["identifier"]["system"] == "urn:cryowatch:site:IEO:patient"
    assert one["subject"]["identifier"]["value"] == "P1"
    assert "reference" not in one["subject"]
    assert one["date"] == "2024-03-02T10:30:00+01:00"
    assert one["recordedDate"] == "2024-03-02T11:30:00+01:00"
    assert codings(one["severity"]) == {("adverse-event-severity", "moderate")}
    assert one["severity"]["text"] == "SIR 2017 grade 2 (orsi-2024)"
    assert codings(one["outcome"]) == {("adverse-event-outcome", "unknown")}
    assert one["seriousness"]["text"] == "Serious", "sir-2017 grades it 3"
    (suspect,) = one["suspectEntity"]
    assert suspect["instance"]["type"] == "Procedure"
    assert suspect["instance"]["identifier"]["value"] == "A1"
    assert suspect["causality"] == [{"assessment": {"text": "Unknown"}}]
    assert [d["identifier"]["value"] for d in one["referenceDocument"]] == ["R1"]
    assert one["contributor"][0]["type"] == "Device"
    assert "modifierExtension" not in one
    grades = {g["ruleSet"][0]: g for g in extension(one, "sir-grade")}
    assert {"orsi-2024": [2], "sir-2017": [3]} == {name: g["grade"] for name, g in grades.items()}
    assert grades["orsi-2024"]["words"] == ["Air or fluid in the pleura that was drained."]
    assert grades["orsi-2024"]["provisional"] == [True]
    (care,) = extension(one, "mitigation")
    assert codings(care["care"][0]) == {("sct", "264957007"), ("care", "chest_tube")}
    assert care["given"] == ["2024-03-02T12:30:00+01:00"]
    (proof,) = extension(one, "evidence")
    assert proof["source"][0]["value"] == "R1"
    assert (proof["start"], proof["end"], proof["sentence"]) == ([0], [len(SENTENCE)], [SENTENCE])
    assert extension(one, "timing") == [{"value": "within-24h"}]
    (finding,) = extension(one, "finding")
    assert finding["side"][0]["text"] == "left"
    assert (finding["amount"], finding["lesion"], finding["organ"]) == (["small"], ["1"], ["lung"])


def test_r5_has_its_own_names_and_lists() -> None:
    one = written(drained(), Release.R5, (SENTENCE,))
    assert [i["value"] for i in one["identifier"]] == ["ae-0123456789abcdefghjkmnpqrs"]
    assert one["status"] == "in-progress"
    assert one["code"]["text"] == "Left hydropneumothorax"
    assert one["occurrenceDateTime"] == "2024-03-02T10:30:00+01:00"
    assert codings(one["seriousness"]) == {("adverse-event-seriousness", "serious")}
    assert one["outcome"] == [{"text": "Unknown"}]
    assert one["participant"][0]["function"]["coding"][0]["code"] == "AUT"
    assert one["suspectEntity"][0]["instanceReference"]["identifier"]["value"] == "A1"
    assert one["suspectEntity"][0]["causality"] == {"entityRelatedness": {"text": "Unknown"}}
    assert [m["itemCodeableConcept"]["text"] for m in one["mitigatingAction"]] == ["Chest tube"]
    assert one["supportingInfo"][0]["itemReference"]["identifier"]["value"] == "R1"
    assert one["note"] == [{"text": SENTENCE}]
    assert extension(one, "mitigation") == []
    assert {"event", "date", "severity", "contributor", "referenceDocument"} & set(one) == set()


@pytest.mark.parametrize(
    ("number", "severity", "serious", "outcome"),
    [
        (1, "mild", "Non-serious", "unknown"),
        (2, "moderate", "Non-serious", "unknown"),
        (3, "severe", "Serious", "unknown"),
        (4, "severe", "Serious", "unknown"),
        (5, "severe", "Serious", "fatal"),
    ],
)
def test_severity_holds_one_coding_and_follows_the_grade(
    number: int, severity: str, serious: str, outcome: str
) -> None:
    one = written(event(grades=(grade(number),)), Release.R4)
    assert [c["code"] for c in one["severity"]["coding"]] == [severity]
    assert [c["code"] for c in one["outcome"]["coding"]] == [outcome]
    assert one["seriousness"]["text"] == serious


def test_a_fatal_outcome_is_coded_in_r5() -> None:
    one = written(event("death", compartment="patient", side=None, outcome="fatal", grades=(grade(5),)), Release.R5)
    assert codings(one["outcome"][0]) == {("sct", "399166001")}


def test_severity_is_that_of_the_rule_set_in_use() -> None:
    from services.fhir_gateway.adverse_event import resource
    from services.fhir_gateway.edition import Edition

    strict = Hospital(ruleset="sir-2017")
    one = resource(Edition(drained(), PUBLISHED), (), strict, Release.R4)
    assert one["severity"]["coding"][0]["code"] == "severe"
    unknown = resource(Edition(drained(), PUBLISHED), (), Hospital(ruleset="another"), Release.R4)
    assert "severity" not in unknown
    beyond = written(event(grades=(grade(0),)), Release.R4)
    assert "severity" not in beyond, "a person's grade that the scale doesn't have"


def test_a_provisional_grade_becomes_final_after_30_days() -> None:
    final = drained(phase=Phase.FINAL, grades=(grade(2, provisional=False),))
    assert written(final, Release.R5)["status"] == "completed"
    assert extension(written(final, Release.R4), "sir-grade")[0]["provisional"] == [False]
    assert "provisional" not in written(final, Release.R4)["text"]["div"]
    assert "provisional" in written(drained(), Release.R4)["text"]["div"]


def test_a_hemorrhagic_hydropneumothorax_says_so_in_text_and_extension() -> None:
    one = written(event(hemorrhagic=True), Release.R4)
    assert one["event"]["text"] == "Left hydropneumothorax (hemorrhagic)"
    assert extension(one, "finding")[0]["hemorrhagic"] == [True]
    plain = written(event("hemorrhagic_pleural_effusion", hemorrhagic=True), Release.R4)
    assert plain["event"]["text"] == "Left hemorrhagic pleural effusion"


@BOTH
def test_an_event_without_side_onset_and_evidence_lacks_just_those(release: Release) -> None:
    bare = event("hemoptysis", compartment="airway", side=None, onset=None, recorded=None, evidence=(), severity=None)
    one = written(bare, release)
    assert {"date", "occurrenceDateTime", "occurrencePeriod", "recordedDate"} & set(one) == set()
    assert {"referenceDocument", "supportingInfo"} & set(one) == set()
    assert "side" not in extension(one, "finding")[0]
    assert "at an unknown time" in one["text"]["div"]


def test_a_day_alone_stays_a_day_and_its_bounds_are_kept() -> None:
    r4, r5 = written(event(onset=day()), Release.R4), written(event(onset=day()), Release.R5)
    bounds = {"start": "2024-03-02T00:00:00+01:00", "end": "2024-03-02T23:59:59+01:00"}
    assert r4["date"] == "2024-03-02"
    assert extension(r4, "onset-interval") == [{"value": bounds}]
    assert r5["occurrencePeriod"] == bounds
    assert "occurrenceDateTime" not in r5


def test_an_interval_across_days_is_no_day() -> None:
    wide = Moment(datetime(2024, 3, 2, 12, tzinfo=UTC), datetime(2024, 3, 4, 12, tzinfo=UTC))
    assert written(event(onset=wide), Release.R4)["date"] == "2024-03"
    over = Moment(datetime(2023, 12, 31, 12, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))
    one = written(event(onset=over), Release.R4)
    assert "date" not in one
    assert len(extension(one, "onset-interval")) == 1


@pytest.mark.parametrize("timing", list(Timing))
def test_the_timing_is_always_said(timing: Timing) -> None:
    assert extension(written(event(timing=timing), Release.R4), "timing") == [{"value": timing.replace("_", "-")}]


@BOTH
def test_without_leave_no_sentence_appears_anywhere(release: Release) -> None:
    one = written(drained(), release)
    assert SENTENCE not in str(one)
    assert extension(one, "evidence")[0]["start"] == [0]


@BOTH
def test_text_from_reports_is_escaped_and_keeps_its_accents(release: Release) -> None:
    said = 'Più <b onclick="x()">versamento</b> & "aria" \x00\x0b— 5 °C'
    one = written(event(patient_id="Pé<1>&"), release, (said,))
    div = one["text"]["div"]
    assert "Più &lt;b onclick=" in div
    assert "<b onclick" not in div
    assert "&amp;" in div
    assert "— 5 °C" in div
    assert "\x00" not in str(one)
    assert one["subject"]["identifier"]["value"] == "Pé<1>&"
    if release is Release.R5:
        assert one["note"][0]["text"].startswith("Più \\<b onclick"), "markdown shows it as it is"


@BOTH
def test_two_reports_are_two_documents_and_a_console_is_none(release: Release) -> None:
    proofs = (
        Evidence("report:IEO:R1", "x:present", None, None, 0, 4),
        Evidence("report:IEO:R2", "x:present", None, None, 0, 4),
        Evidence("report:IEO:R1", "x:present", None, None, 9, 14),
        Evidence("console:IEO:IS3-07", "hypotension:freeze"),
    )
    one = written(event(evidence=proofs), release)
    documents = one.get("referenceDocument") or [i["itemReference"] for i in one["supportingInfo"]]
    assert [d["identifier"]["value"] for d in documents] == ["R1", "R2"]
    systems = [e["source"][0]["system"] for e in extension(one, "evidence")]
    assert systems[-1] == "urn:cryowatch:site:IEO:console"


def test_identifier_systems_follow_the_hospitals_templates() -> None:
    own = Hospital("https://ids.example/{site}/mrn", "urn:oid:1.2.3")
    assert own.patient_system("San Raffaele") == "https://ids.example/San%20Raffaele/mrn"
    assert own.patient_site("https://ids.example/San%20Raffaele/mrn") == "San Raffaele"
    assert own.patient_site("https://elsewhere/mrn") is None
    assert own.accession_system("IEO") == "urn:oid:1.2.3"
    assert own.accession_site("urn:oid:1.2.3") is None


def test_a_decided_causality_and_what_to_review_are_shown() -> None:
    one = written(event(causality="not_caused", review=("side_not_stated",)), Release.R4)
    assert one["suspectEntity"][0]["causality"] == [{"assessment": {"text": "Not caused"}}]
    assert extension(one, "assessment")[0]["review"] == ["side_not_stated"]


@BOTH
def test_the_same_event_gives_the_same_bytes_and_another_revision_differs_in_its_version(release: Release) -> None:
    def without_meta(one: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in one.items() if k != "meta"}

    first, again = written(drained(), release), written(drained(), release)
    later = written(replace(drained(), revision=17592186044448), release)
    assert str(first) == str(again)
    assert without_meta(first) == without_meta(later)
    assert later["meta"]["versionId"] == "17592186044448"


def test_times_are_read_in_the_hospitals_zone() -> None:
    assert str(ROME.zone("IEO")) == "Europe/Rome"
    assert str(ROME.zone("elsewhere")) == "UTC"
    assert str(ROME.search_zone) == "Europe/Rome"
    summer = written(event(onset=Moment(SHOWN + timedelta(days=120), SHOWN + timedelta(days=120))), Release.R4)
    assert summer["date"] == "2024-06-30T11:30:00+02:00"
