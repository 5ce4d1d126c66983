"""``cryowatch grading``: the rule sets as a page for people (docs/sir-grading.md)."""

import click

from services.clinical.grading.ruleset import Rule, RuleSet, shipped

PAPER = (
    ("hydropneumothorax, drained, two more days of stay", 2, "hydropneumothorax", ("chest_tube", "extended_stay")),
    ("asymptomatic segmental pulmonary embolism, anticoagulated", 2, "pulmonary_embolism", ("anticoagulation",)),
    ("rectus abdominis bleeding, compression bandage", 1, "hematoma", ("compression",)),
    ("hydropneumothorax, not drained", 2, "hydropneumothorax", ()),
    ("hemorrhagic pleural effusion, not drained", 7, "hemorrhagic_pleural_effusion", ()),
    ("pleural effusion, not drained", 11, "pleural_effusion", ()),
)


@click.command()
def grading() -> None:
    """Print the rule sets, and the paper's 25 events graded by each, as Markdown."""
    click.echo(page(), nl=False)


def page() -> str:
    """The whole page."""
    sets = shipped()
    lines = [
        "# Grading",
        "",
        "Made by `cryowatch grading` from `services/clinical/grading/*.toml`; don't edit it here.",
        "",
    ]
    lines += [
        "An event's grade is the worst among the rules that apply to it. Each grade carries the rule and its reasons.",
        "",
    ]
    for rules in sets:
        lines += [f"## {rules.id}, version {rules.version}", "", f"{rules.title}. Scale: {rules.scale}.", ""]
        lines += ["| grade | rule | event | when | words |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(rule) for rule in sorted(rules.rules, key=lambda r: (r.grade, r.id))]
        lines.append("")
    lines += ["## The paper's 25 events", "", f"| event | times | {' | '.join(s.id for s in sets)} |"]
    lines.append(f"| --- | --- |{' --- |' * len(sets)}")
    lines += [_paper_row(name, times, event, care, sets) for name, times, event, care in PAPER]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    events = "any" if "*" in rule.events else ", ".join(sorted(rule.events))
    when = "; ".join(
        text
        for text, there in (
            (f"given: {', '.join(sorted(rule.any_of))}", rule.any_of),
            (f"said: {', '.join(sorted(rule.qualifiers))}", rule.qualifiers),
        )
        if there
    )
    return f"| {rule.grade} | {rule.id} | {events} | {when or 'always'} | {rule.words} |"


def _paper_row(name: str, times: int, event: str, care: tuple[str, ...], sets: tuple[RuleSet, ...]) -> str:
    grades = [str(s.grade(event, care, (), provisional=False).grade) for s in sets]
    return f"| {name} | {times} | {' | '.join(grades)} |"
