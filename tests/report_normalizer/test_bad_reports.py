"""Reports that can't be used as they are, from the message to what is published: a coded outcome each, nothing lost."""

import base64

import pytest

from services.clinical.facts import Fact
from services.clinical.moments import at
from services.clinical.publish import Published, publish
from tests.builders import END, LONG_AFTER, RULES, procedure
from tests.report_normalizer.messages import facts, lines, obr, oru, warnings

PERFORMED = END.strftime("%Y%m") + f"{END.day + 1:02d}{END.hour:02d}00+0000"
ABOUT = {"f7": PERFORMED, "f22": PERFORMED}


def after(found: list[Fact]) -> Published:
    known = procedure(patient="EX0001")
    assert at(END) == known.statement.end  # type: ignore[union-attr]
    return publish([known, *found], RULES, LONG_AFTER)


def read(*observations: str) -> Published:
    return after(facts(oru(obr(**ABOUT), *observations)))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Niewielka odma oplucnowa lewa\\.br\\bez plynu w jamach oplucnowych", "unknown_language"),
        ("IMPRESSION: Small left pneumothorax. No left pneumothorax.", "contradictory"),
        ("FINDINGS: " + "The liver is normal. " * 60_000, "too_long"),
    ],
)
def test_a_text_that_is_hard_to_read_is_coded_and_shown(text: str, outcome: str) -> None:
    record = read(*lines(text)).records[0]
    assert [outcome] == [r.reading for r in record.reports]
    assert f"report_{outcome}" in record.review


def test_a_contradiction_is_possible_and_nothing_else_invents_an_event() -> None:
    assert ["possible"] == [e.certainty for e in read(*lines("Left pneumothorax. No left pneumothorax.")).events]
    assert not read(*lines("Niewielka odma oplucnowa po stronie lewej, bez plynu w jamach oplucnowych.")).events


def test_the_end_of_a_report_of_a_megabyte_is_not_silently_left_out() -> None:
    text = "FINDINGS: " + "The liver is normal. " * 50_000 + "Small left pneumothorax."
    assert len(text) > 1_000_000
    result = read(*lines(text))
    assert result.events or "report_too_long" in result.records[0].review
    body = facts(oru(obr(**ABOUT), *lines(text)))[0]
    assert "pneumothorax" in body.statement.text  # type: ignore[union-attr]


def test_a_final_report_without_any_text_is_its_status_alone() -> None:
    outcome = oru(obr(**ABOUT), "OBX|1|TX|24627-2^CT Chest^LN||||||||F")
    assert ("report_without_text",) == warnings(outcome)
    result = after(facts(outcome))
    assert ["overdue"] == [r.follow_up for r in result.records]
    assert () == result.events


def test_binary_in_obx_5_is_kept_out_and_said() -> None:
    attached = base64.b64encode(bytes(range(256)) * 40).decode()
    outcome = oru(obr(**ABOUT), f"OBX|1|ED|PDF^Report^L||^application^pdf^Base64^{attached}||||||F")
    assert {"attachment_not_read", "report_without_text"} == set(warnings(outcome))
    result = after(facts(outcome))
    assert ((), ["undecided"]) == (result.events, [r.follow_up for r in result.records])
    assert "report_empty" in result.records[0].review


def test_binary_as_text_is_no_text_and_no_event() -> None:
    noise = bytes(b for b in range(128, 256)).decode("latin-1") * 20
    result = after(facts(oru(obr(**ABOUT), *lines(f"{noise} pneumothorax"), charset="latin-1")))
    assert () == result.events
    assert [r.reading for r in result.records[0].reports] != ["read"]


def test_codes_are_used_when_the_text_cannot_be_read() -> None:
    coded = "OBX|2|CWE|59776-5^Findings^LN||36118008^Pneumothorax^SCT||||||F|||||||||7771000^Left^SCT"
    result = read(*lines("Stan po krioablacji guza pluca, odma oplucnowa lewostronna niewielka."), coded)
    assert [("pneumothorax", "left", "definite")] == [(e.event, e.side, e.certainty) for e in result.events]


@pytest.mark.parametrize(("value", "events"), [("Y^Yes^HL70136", 1), ("2667000^Absent^SCT", 0)])
def test_a_coded_question_with_a_coded_answer(value: str, events: int) -> None:
    coded = f"OBX|2|CWE|36118008^Pneumothorax^SCT||{value}||||||F|||||||||7771000^Left^SCT"
    assert events == len(read(*lines("Status post cryoablation of the lung."), coded).events)
