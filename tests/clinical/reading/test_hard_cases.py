"""Wordings that readers of reports get wrong, by name."""

from __future__ import annotations

import pytest

from services.clinical.reading import Assertion, read
from tests.clinical.reading.expectation import difference

SENTENCES = {
    "a denial ends at with": "No cardiomegaly with bilateral small effusions. "
    "=> pleural_effusion present bilateral small",
    "no change is no denial": "No significant change in pneumothorax. => pneumothorax present unchanged",
    "no change in either": "No change in the right pneumothorax or left effusion. "
    "=> pneumothorax present right unchanged; pleural_effusion present left",
    "not excluded is possible": "Cannot exclude small effusion. => pleural_effusion possible small",
    "possible behind the term": "A small effusion cannot be excluded. => pleural_effusion possible small",
    "resolved": "The effusion has resolved. => pleural_effusion resolved",
    "not resolved": "The effusion has not resolved. => pleural_effusion present",
    "nearly resolved": "The effusion has nearly resolved. => pleural_effusion present decreased",
    "gone since the prior": "Previously seen pneumothorax no longer visualized. => pneumothorax resolved",
    "what only looks like it": "Skin fold mimicking a left pneumothorax. => pneumothorax absent left",
    "a minus sign": "Pneumothorax (-), pleural effusion (+). => pneumothorax absent; pleural_effusion present",
    "a minus sign before": "(-) pneumothorax. => pneumothorax absent",
    "asked for": "Rule out pneumothorax. => pneumothorax hypothetical",
    "ruled out": "Pneumothorax was ruled out. => pneumothorax absent",
    "pericardial is not pleural": "Small pericardial effusion. => nothing",
    "denied list with a size inside": "No focal consolidation, large pleural effusion, or pneumothorax. "
    "=> pleural_effusion absent; pneumothorax absent",
    "a described thing after a denial": "No pneumothorax, small left pleural effusion. "
    "=> pneumothorax absent; pleural_effusion present left small",
    "the hedge is about the cause": "Small left effusion, likely related to ablation. "
    "=> pleural_effusion present left small",
    "a sign read as two things": "Right base opacity, atelectasis versus effusion. => pleural_effusion possible right",
    "rather than": "Atelectasis rather than effusion. => pleural_effusion absent",
    "blunted angle": "Blunting of the left costophrenic angle. => pleural_effusion possible left",
    "scarred angle": "Blunting of the left costophrenic angle, likely scarring. => nothing",
    "sharp angle": "The costophrenic angles are clear. => pleural_effusion absent",
    "not there before": "Small left effusion, not seen on the prior CT. => pleural_effusion present left small new",
    "growth from and to": "Pneumothorax increased from 5 to 8 mm. => pneumothorax present increased 8mm",
    "size now and before": "Pneumothorax now 8 mm, previously 12 mm. => pneumothorax present 8mm",
    "the nodule keeps its size": "3 cm nodule in the left lower lobe, small pneumothorax. "
    "=> pneumothorax present small",
    "none on the other side": "Small left effusion, none on the right. "
    "=> pleural_effusion present left small; pleural_effusion absent right",
    "two sides, one noun": "Mild right and small left pleural effusions. => pleural_effusion present bilateral",
    "drain not needed": "Pneumothorax not requiring chest tube. => pneumothorax present; chest_tube absent",
    "planned anesthetic": "General anesthesia with endotracheal intubation. => nothing",
    "bile is not pleura": "Biliary pigtail catheter in place. => nothing",
    "the month of May": "Compared with 3 May 2024, the left effusion is larger. "
    "=> pleural_effusion present left increased",
    "denied blood": "Small non-hemorrhagic effusion. => pleural_effusion present small",
    "pronoun hedge": "No pneumothorax, although a tiny one cannot be excluded. => pneumothorax possible",
    "de-identified words": "No XXXX focal consolidation, pleural effusion or XXXX. => pleural_effusion absent",
    "a relative": "The patient's brother had pneumothorax. => pneumothorax other_subject",
}

REPORTS = {
    "an addendum overrides the body": (
        "FINDINGS: No pneumothorax.\nADDENDUM: There is a tiny left pneumothorax.",
        "pneumothorax present left trace",
    ),
    "an addendum withdraws": (
        "FINDINGS: Small left pneumothorax.\nADDENDUM: The line described as pneumothorax represents a skin fold.",
        "pneumothorax absent",
    ),
    "the impression outweighs": (
        "FINDINGS: There is a small left effusion.\nIMPRESSION: No effusion.",
        "pleural_effusion absent left",
    ),
    "a narrow denial does not": (
        "FINDINGS: Small left pneumothorax.\nIMPRESSION: No tension pneumothorax.",
        "pneumothorax present left small",
    ),
    "a quoted prior is historical": (
        "PRIOR REPORT: Large right effusion.\nFINDINGS: No pneumothorax.",
        "pleural_effusion historical right large; pneumothorax absent",
    ),
    "final over preliminary": (
        "PRELIMINARY REPORT: Small right pneumothorax.\nFINAL REPORT: No pneumothorax.",
        "pneumothorax absent",
    ),
    "a preliminary report stands alone": (
        "PRELIMINARY REPORT\nFINDINGS: Small effusion.",
        "pleural_effusion present small",
    ),
    "sides as headings": (
        "LEFT: Small pneumothorax.\nRIGHT: No pneumothorax.",
        "pneumothorax present left small; pneumothorax absent right",
    ),
    "HL7 line breaks": (
        "FINDINGS:\\.br\\Small left effusion\\.br\\No pneumothorax",
        "pleural_effusion present left small; pneumothorax absent",
    ),
    "tildes": (
        "FINDINGS:~Small left effusion, ~8 mm.~No pneumothorax",
        "pleural_effusion present left small 8mm; pneumothorax absent",
    ),
    "carriage returns": (
        "No pneumothorax\r\nSmall left effusion",
        "pneumothorax absent; pleural_effusion present left small",
    ),
    "a dictation slip": (
        "no pneumothorax\nsmall left effusion",
        "pneumothorax absent; pleural_effusion present left small",
    ),
    "wrapped lines": (
        "FINDINGS: There is no evidence of pneumothorax, pleural\neffusion or consolidation on this examination today.",
        "pneumothorax absent; pleural_effusion absent",
    ),
    "wrapped capitals": (
        "THERE IS NO EVIDENCE OF CONSOLIDATION, PLEURAL EFFUSION, EDEMA OR\nPNEUMOTHORAX ON THIS EXAMINATION.",
        "pleural_effusion absent; pneumothorax absent",
    ),
    "a numbered impression": (
        "IMPRESSION:\n1. No pneumothorax.\n2. Small left effusion.",
        "pneumothorax absent; pleural_effusion present left small",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_sentence(case: str) -> None:
    """A sentence by itself."""
    sentence, _, wanted = SENTENCES[case].partition(" => ")
    assert difference(wanted, read(sentence, language="en").findings) is None


ITALIAN_DENIALS = (
    "Non si rileva la presenza di pneumotorace.",
    "Non si documenta presenza di pneumotorace.",
    "Non si apprezza alcuna presenza di pneumotorace.",
    "Non vi e' presenza di pneumotorace.",
    "Non è evidente la presenza di pneumotorace.",
    "Non risulta presente pneumotorace.",
    "Non risulta evidente pneumotorace.",
    "Non è comparso pneumotorace.",
    "Non si segnala la comparsa di pneumotorace.",
    "Non persiste pneumotorace.",
    "Non permane pneumotorace.",
    "Non coesiste pneumotorace.",
    "Mancata evidenza di pneumotorace.",
    "Si esclude la presenza di pneumotorace.",
    "È stato escluso pneumotorace.",
    "Pneumotorace (-).",
)


@pytest.mark.parametrize("sentence", ITALIAN_DENIALS)
def test_a_presence_that_is_denied_is_an_absence(sentence: str) -> None:
    assert difference("pneumothorax absent", read(sentence, language="it").findings) is None


@pytest.mark.parametrize(
    "said", ["Non può essere esclusa la presenza di", "Non è escluso", "Non si esclude la presenza di"]
)
def test_a_presence_that_is_not_excluded_is_possible(said: str) -> None:
    assert difference("pneumothorax possible", read(f"{said} pneumotorace.", language="it").findings) is None


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("Presenza di pneumotorace.", "pneumothorax present"),
        ("Non cardiomegalia, presenza di pneumotorace.", "pneumothorax present"),
        ("Non lesioni focali, si rileva la presenza di pneumotorace.", "pneumothorax present"),
        ("Non addensamenti; è comparso pneumotorace.", "pneumothorax present"),
    ],
)
def test_a_presence_behind_another_denial_is_one(sentence: str, wanted: str) -> None:
    assert difference(wanted, read(sentence, language="it").findings) is None


@pytest.mark.parametrize("case", REPORTS)
def test_report(case: str) -> None:
    """A whole report's final position."""
    text, wanted = REPORTS[case]
    assert difference(wanted, read(text, language="en").findings) is None


def test_contradiction_is_coded_and_possible() -> None:
    """Denied and stated in one section: neither is believed."""
    reading = read("There is no pneumothorax. There is a moderate left pneumothorax.")
    assert reading.outcome == "contradictory"
    assert [f.assertion for f in reading.findings] == [Assertion.POSSIBLE]


def test_section_of_the_whole_text() -> None:
    """A text known to be the indication asks."""
    reading = read("Left pneumothorax.", language="en", section="indication")
    assert [(f.assertion, f.section) for f in reading.findings] == [(Assertion.HYPOTHETICAL, "indication")]


def test_comparison_and_its_date() -> None:
    """What the report compares with, as said, with a date where one is stated."""
    reading = read("COMPARISON: CT of 12 May 2024.\nFINDINGS: Compared to the prior study, no effusion.")
    assert [(c.text, c.date) for c in reading.comparisons] == [
        ("COMPARISON: CT of 12 May 2024", "2024-05-12"),
        ("FINDINGS: Compared to the prior study, no effusion", None),
    ]


def test_offsets_delimit_the_sentence() -> None:
    """The sentence is the slice between its offsets, in the text as given where breaks are plain."""
    text = "FINDINGS: Heart normal. Small left effusion.\nNo pneumothorax."
    for finding in read(text).mentions:
        assert finding.sentence == text[finding.start : finding.end]
