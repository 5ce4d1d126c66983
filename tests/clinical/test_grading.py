"""Every rule of every rule set applies to something, and the scales differ where they should."""

from pathlib import Path

import pytest

from services.clinical.events.compartments import compartments
from services.clinical.grading.ruleset import Rule, RuleSet, parse_ruleset, shipped
from services.command.grading import page

RULES = [(rules, rule) for rules in shipped() for rule in rules.rules]


@pytest.mark.parametrize(("rules", "rule"), RULES, ids=[f"{s.id}:{r.id}" for s, r in RULES])
def test_a_rule_gives_its_grade_to_the_least_case_that_it_names(rules: RuleSet, rule: Rule) -> None:
    event = "hematoma" if "*" in rule.events else min(rule.events)
    care, said = sorted(rule.any_of)[:1], sorted(rule.qualifiers)[:1]
    assert rule.reasons(event, frozenset(care), frozenset(said))
    assert rules.grade(event, care, said, provisional=False).grade >= rule.grade


@pytest.mark.parametrize("rules", shipped(), ids=lambda r: r.id)
def test_every_finding_has_a_grade_with_a_reason(rules: RuleSet) -> None:
    for finding in compartments().findings:
        grade = rules.grade(finding, (), (), provisional=True)
        assert 1 <= grade.grade <= 5
        assert f"finding:{finding}" in grade.reasons


@pytest.mark.parametrize(
    ("event", "care", "orsi", "strict"),
    [
        ("pleural_effusion", [], 1, 1),
        ("hydropneumothorax", ["chest_tube"], 2, 2),
        ("hydropneumothorax", ["chest_tube", "extended_stay"], 2, 3),
        ("pulmonary_embolism", ["anticoagulation"], 2, 2),
        ("pulmonary_embolism", [], 1, 1),
        ("hematoma", ["compression"], 2, 1),
        ("pneumothorax", ["chest_tube", "icu"], 3, 3),
        ("hemorrhage", ["transfusion"], 2, 2),
        ("hemorrhage", ["surgery"], 3, 3),
        ("cardiac_arrest", ["resuscitation"], 4, 4),
        ("pneumothorax", ["death"], 5, 5),
        ("nerve_injury", [], 2, 2),
    ],
)
def test_the_decided_cases(event: str, care: list[str], orsi: int, strict: int) -> None:
    grades = {r.id: r.grade(event, care, (), provisional=False).grade for r in shipped()}
    assert {"orsi-2024": orsi, "sir-2017": strict} == grades


def test_a_permanent_palsy_is_disabling() -> None:
    assert [4, 4] == [r.grade("nerve_injury", (), ("permanent",), provisional=False).grade for r in shipped()]


@pytest.mark.parametrize(
    "text",
    ['id = "x"', 'id="x"\nversion="1"\nscale="s"\ntitle="t"\n[[rule]]\nid="r"\ngrade=9\nevents=["*"]\nwords="w"'],
)
def test_what_is_no_rule_set_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="rule set"):
        parse_ruleset(text)


def test_the_page_is_made_from_the_rules() -> None:
    committed = (Path(__file__).parents[2] / "docs" / "sir-grading.md").read_text("utf-8")
    assert page() == committed, "run: cryowatch grading > docs/sir-grading.md"
