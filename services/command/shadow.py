"""``cryowatch shadow``: what other rules, or a newer reader, would publish from the stored facts. It only reads."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table
from sqlalchemy import Connection, func, select

from services.charts.refolding import count, stored
from services.charts.tables import adverse_events, contributions
from services.clinical.canonical import to_json
from services.clinical.grading.ruleset import RuleSet, parse_ruleset, shipped
from services.clinical.publish import Rules, publish
from services.clinical.rates.rate import UNITS, Counts
from services.clinical.rates.tally import Tally, add
from services.command.connection import reachable
from services.command.tables import percent, show
from services.runtime.clock import Clock
from services.runtime.settings import load_settings


@dataclass(frozen=True, slots=True)
class Change:
    """One event that would be another: as it is published now, and as it would be; a dash where it isn't."""

    kind: str
    id: str
    now: str
    then: str


@click.command()
@click.argument("rules", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def shadow(rules: Path | None) -> None:
    """Compare what is published with what the rule set in the file RULES would say of the same facts.

    Lists the events that would appear, vanish or change, and the rates before and after. Without RULES the rule set in
    force is tried again: what a newer version of CryoWatch, with another reader, would change.
    """
    settings = load_settings()
    now = next(r for r in shipped() if r.id == settings.ruleset)
    try:
        candidate = parse_ruleset(rules.read_text("utf-8")) if rules else now
    except ValueError as problem:
        raise click.UsageError(f"{rules}: {problem}") from None
    tried = Rules(settings.secret("event_id_key"), (candidate,), published=candidate.id)
    as_of = Clock(settings.clock_file).now()
    changes: list[Change] = []
    after: Tally = {}
    bar = Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True))
    with reachable(settings) as engine, bar, engine.connect() as live:
        connection = live.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        task = bar.add_task("charts", total=count(connection))
        for charts in stored(connection):
            before = _published(connection, list(charts))
            for group, facts in charts.items():
                would = publish(facts, tried, as_of)
                bodies = [to_json(event) for event in would.events]
                changes += _changes(before.get(group, []), bodies, now.id, candidate.id)
                for one in would.contributions:
                    add(after, one.counts)
            bar.advance(task, len(charts))
        counts = _counts(connection)
    show(_listed(changes, now, candidate))
    show(_rates(counts, Counts.of(after), now, candidate))


def _published(connection: Connection, groups: list[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    columns = adverse_events.c
    for group, body in connection.execute(select(columns.kin, columns.body).where(columns.kin.in_(groups))):
        found.setdefault(group, []).append(body)
    return found


def _counts(connection: Connection) -> Counts:
    kind, sums = contributions.c.counts, Tally()
    for counts, times in connection.execute(select(kind, func.count()).group_by(kind)):
        add(sums, counts, times)
    return Counts.of(sums)


def _changes(before: list[dict[str, Any]], after: list[dict[str, Any]], old: str, new: str) -> list[Change]:
    was = {body["id"]: _words(body, old) for body in before if body["status"] == "live"}
    will = {body["id"]: _words(body, new) for body in after if body["status"] == "live"}
    found = []
    for name in sorted({*was, *will}):
        now, then = was.get(name), will.get(name)
        if now == then:
            continue
        graded = now and then and now[:-1] == then[:-1]
        kind = "appears" if now is None else "vanishes" if then is None else "other grade" if graded else "changes"
        found.append(Change(kind, name, " ".join(now or "-"), " ".join(then or "-")))
    return found


def _words(body: dict[str, Any], ruleset: str) -> tuple[str, ...]:
    grades = [f"grade {g['grade']} ({g['rule']})" for g in body["grades"] if g["ruleset"] == ruleset]
    side = (body["side"],) if body.get("side") else ()
    return (body["event"], *side, body["certainty"], body["timing"], *(grades or ["not graded"]))


def _listed(changes: list[Change], now: RuleSet, candidate: RuleSet) -> Table:
    kinds = Counter(change.kind for change in changes)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in ("appears", "vanishes", "other grade", "changes"))
    table = Table(title=f"{len(changes)} events would be others: {counted}")
    for column in ("what", "id", f"published: {now.id} {now.version}", f"tried: {candidate.id} {candidate.version}"):
        table.add_column(column, no_wrap=column == "id")
    for change in sorted(changes, key=lambda c: (c.kind, c.id)):
        table.add_row(change.kind, change.id, change.now, change.then)
    return table


def _rates(before: Counts, after: Counts, now: RuleSet, candidate: RuleSet) -> Table:
    table = Table(title="Events of the first 24 hours by grade, and rates")
    for column in ("", f"{now.id} {now.version}", f"{candidate.id} {candidate.version}"):
        table.add_column(column)
    for grade in range(1, 6):
        measure = f"events.grade.{grade}"
        table.add_row(f"SIR {grade}", str(before.count(measure)), str(after.count(measure)))
    for unit in UNITS:
        old, new = before.rate(unit), after.rate(unit)
        spoken = [f"{r.numerator} / {r.denominator} = {percent(r)}" for r in (old, new)]
        table.add_row(unit.replace("_", " "), *spoken)
    return table
