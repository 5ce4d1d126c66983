"""An event that no longer holds: nobody may take it for a live one, and nobody's sums may count it."""

import pytest

from services.clinical.events.adverse_event import AdverseEvent, Certainty, EventStatus
from services.fhir_gateway.r4 import STATUS_EXTENSION
from services.fhir_gateway.release import Release
from services.fhir_gateway.search import Shape
from services.fhir_gateway.summary import shaped
from tests.fhir_gateway.events import drained, extension, written

BOTH = pytest.mark.parametrize("release", list(Release))
TAKEN_BACK = drained(status=EventStatus.WITHDRAWN)
CASES = [
    (TAKEN_BACK, "not-shown"),
    (drained(status=EventStatus.WITHDRAWN, review=("rejected",)), "rejected"),
    (drained(certainty=Certainty.POSSIBLE), "only-possible"),
]
SUMMED = {"severity", "outcome", "seriousness", "referenceDocument", "supportingInfo", "mitigatingAction", "note"}


def test_r4_says_it_where_no_reader_may_overlook_it() -> None:
    one = written(TAKEN_BACK, Release.R4)
    assert one["modifierExtension"] == [{"url": STATUS_EXTENSION, "valueCode": "entered-in-error"}]
    assert one["actuality"] == "actual", "potential would be a near miss, and counted as one"


def test_r5_says_it_by_status() -> None:
    one = written(TAKEN_BACK, Release.R5)
    assert one["status"] == "entered-in-error"
    assert "modifierExtension" not in one


@BOTH
@pytest.mark.parametrize(("gone", "reason"), CASES)
def test_the_reason_is_given_and_nothing_is_left_to_add_up(gone: AdverseEvent, reason: str, release: Release) -> None:
    one = written(gone, release)
    assert extension(one, "withdrawal-reason") == [{"value": reason}]
    assert len(one["extension"]) == 1
    assert SUMMED & set(one) == set()
    assert one["meta"]["tag"][0]["code"] == "withdrawn"
    assert one["text"]["div"].startswith('<div xmlns="http://www.w3.org/1999/xhtml"><p><b>Withdrawn.</b>')


@BOTH
def test_it_keeps_its_id_identifier_subject_and_procedure(release: Release) -> None:
    live, gone = written(drained(), release), written(TAKEN_BACK, release)
    suspect = "instance" if release is Release.R4 else "instanceReference"
    for name in ("id", "identifier", "subject", "actuality"):
        assert live[name] == gone[name]
    assert live["suspectEntity"][0][suspect] == gone["suspectEntity"][0][suspect]


@BOTH
def test_reinstated_it_is_a_live_event_without_a_trace_of_the_mark(release: Release) -> None:
    again = written(drained(), release)
    assert "tag" not in again["meta"]
    assert "modifierExtension" not in again
    assert "Withdrawn" not in again["text"]["div"]


@BOTH
@pytest.mark.parametrize("shape", [Shape("true"), Shape("text"), Shape("data"), Shape(elements=frozenset(("event",)))])
def test_no_part_of_it_loses_the_mark(shape: Shape, release: Release) -> None:
    part = shaped(written(TAKEN_BACK, release), shape, release)
    assert part.get("status") == "entered-in-error" or part["modifierExtension"][0]["valueCode"] == "entered-in-error"
    assert {"withdrawn", "SUBSETTED"} == {tag["code"] for tag in part["meta"]["tag"]}
