"""What one report means for the procedure of the day before: known, come with it, gone again, and how grave."""

from __future__ import annotations

import pytest

from services.command.read import events_alone

LEFT_LUNG = {"organ": "lung", "side": "left", "site": "lung"}


def _events(text: str, language: str = "en") -> list[tuple[str, str | None, int, int]]:
    made = events_alone(text, language, LEFT_LUNG)
    return [(e["event"], e["side"], e["grades"]["orsi-2024"], e["grades"]["sir-2017"]) for e in made]


@pytest.mark.parametrize(
    "text",
    [
        "Small left effusion, unchanged from the planning CT.",
        "COMPARISON: CT of 12 March 2024.\nFINDINGS: Small left effusion, stable.",
        "COMPARISON: CT of 12 March 2024.\nFINDINGS: The left effusion is smaller.",
        "Known left effusion.",
        "Small left effusion. This is stable from the preprocedural study.",
        "The left effusion of the pre-procedural CT has resolved.",
        "HISTORY: Left pneumothorax during the procedure of 2019.\nFINDINGS: No pneumothorax.",
    ],
)
def test_what_was_there_before_is_none(text: str) -> None:
    assert _events(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The left pneumothorax seen at the end of the procedure has resolved.",
        "COMPARISON: CT at the end of the procedure.\nFINDINGS: Left pneumothorax, unchanged.",
        "Left pneumothorax, smaller than on the immediate post-procedural CT of 12 March 2024.",
        "The left pneumothorax has decreased.",
        'PRIOR REPORT: "Left pneumothorax at the end of the ablation."\nFINDINGS: No left pneumothorax.',
    ],
)
def test_what_came_with_the_procedure_is_one(text: str) -> None:
    assert _events(text) == [("pneumothorax", "left", 1, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "Interval placement of a left pigtail catheter with resolution of the left pneumothorax.",
        "Left chest tube in place. Small left pneumothorax, unchanged.",
        "The left chest tube has been removed. Tiny left pneumothorax.",
    ],
)
def test_a_drained_pneumothorax_is_one(text: str) -> None:
    assert _events(text) == [("pneumothorax", "left", 2, 2)]


def test_each_side_by_itself() -> None:
    assert _events("Bilateral effusions, unchanged on the right, new on the left.") == [
        ("pleural_effusion", "left", 1, 1)
    ]


def test_what_names_no_side_lies_on_the_only_one() -> None:
    assert _events("The left pneumothorax has resolved. A small effusion persists.") == [
        ("pleural_effusion", "left", 1, 1)
    ]


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("Left hemothorax. Oxygen by nasal cannula was given.", (1, 1)),
        ("Left hemothorax. The stay was prolonged by 2 additional days in hospital.", (1, 3)),
        ("Left hemothorax with hemorrhagic shock.", (4, 4)),
        ("Left hemothorax, surgically evacuated.", (3, 3)),
        ("The patient died of the left hemothorax.", (5, 5)),
    ],
)
def test_the_grade_follows_what_was_done(text: str, grades: tuple[int, int]) -> None:
    assert _events(text) == [("hemorrhagic_pleural_effusion", "left", *grades)]


def test_intensive_care_is_for_what_its_sentence_names() -> None:
    text = "Left subcutaneous emphysema. Transferred to the ICU because of a left hemothorax."
    assert set(_events(text)) == {
        ("hemorrhagic_pleural_effusion", "left", 3, 3),
        ("subcutaneous_emphysema", "left", 1, 1),
    }
