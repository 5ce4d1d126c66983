"""``cryowatch shadow RULES``: a rule set over the stored facts, without publishing anything."""

from pathlib import Path

import click
from rich.table import Table

from services.charts.refolding import batches, facts_of
from services.clinical.grading.ruleset import RuleSet, parse_ruleset, shipped
from services.clinical.publish import Rules, publish
from services.clinical.rates.contributions import Contribution
from services.clinical.rates.rate import counts_of
from services.command.connection import reachable
from services.command.tables import show
from services.runtime.clock import Clock
from services.runtime.settings import load_settings


@click.command()
@click.argument("rules", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def shadow(rules: Path) -> None:
    """Compare the rule set in the file RULES with the published one: events by grade, and the rates."""
    settings = load_settings()
    try:
        candidate = parse_ruleset(rules.read_text("utf-8"))
    except ValueError as problem:
        raise click.UsageError(f"{rules}: {problem}") from None
    now = next(r for r in shipped() if r.id == settings.ruleset)
    key, as_of = settings.secret("event_id_key"), Clock(settings.clock_file).now()
    changes: list[tuple[str, str, str, str]] = []
    before: list[Contribution] = []
    after: list[Contribution] = []
    with reachable(settings) as engine:
        for connection, ids in batches(engine):
            for facts in facts_of(connection, ids).values():
                old = publish(facts, Rules(key, (now,), published=now.id), as_of)
                new = publish(facts, Rules(key, (candidate,), published=candidate.id), as_of)
                before += old.contributions
                after += new.contributions
                for was, will in zip(old.events, new.events, strict=True):
                    grades = was.grade(now.id), will.grade(candidate.id)
                    if grades[0].grade != grades[1].grade:
                        change = f"{grades[0].grade} ({grades[0].rule})", f"{grades[1].grade} ({grades[1].rule})"
                        changes.append((was.id, was.event, *change))
    show(_changes(changes, now, candidate))
    show(_grades(before, after, now, candidate))


def _changes(changes: list[tuple[str, str, str, str]], now: RuleSet, candidate: RuleSet) -> Table:
    table = Table(title=f"{len(changes)} events change their grade")
    for column in ("id", "event", f"{now.id} {now.version}", f"{candidate.id} {candidate.version}"):
        table.add_column(column)
    for change in sorted(changes):
        table.add_row(*change)
    return table


def _grades(before: list[Contribution], after: list[Contribution], now: RuleSet, candidate: RuleSet) -> Table:
    old, new = counts_of(before), counts_of(after)
    table = Table(title="Events of the first 24 hours by grade")
    for column in ("grade", f"{now.id} {now.version}", f"{candidate.id} {candidate.version}"):
        table.add_column(column)
    for grade in range(1, 6):
        measure = f"events.grade.{grade}"
        table.add_row(str(grade), str(old.count(measure)), str(new.count(measure)))
    return table
