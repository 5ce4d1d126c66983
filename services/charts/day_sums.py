"""The contributions summed by day and month: days that changed are marked in the transaction that changed them.

Nobody waits for a sum. It holds no mark while it is made; a mark has a new number each time that it is set, and only
the mark that was there before the sum goes with it. A day that changes meanwhile stays marked.

Months have time: the mark of a day that is summed stays until its month is, and a month with marks is read from days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Select,
    Table,
    cast,
    delete,
    false,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.sql.selectable import LateralFromClause

from services.charts.tables import contributions, day_totals, dirty_days, month_totals
from services.clinical.rates.tally import Tally, add, moved
from services.runtime.batch_rows import as_rows, insertion, one_of, rows_of

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('day sums of ' || current_schema(), 0))")
"""Two sums beside each other would each miss the days of a month that the other has summed."""

Totals = dict[tuple[str, date], Tally]
"""Counts by site and by day, or by a month's first day."""


class Change(NamedTuple):
    """How much a count of a site and day has grown (or, below zero, shrunk) since the day was last summed."""

    site: str
    day: date
    stratum: str
    measure: str
    by: int


@dataclass(frozen=True, slots=True)
class DaySums:
    """How many marked days were summed again, and every count that came out differently."""

    days: int = 0
    changes: tuple[Change, ...] = ()


def mark(connection: Connection, days: Iterable[tuple[str, date]]) -> None:
    """Mark days (site, day) to be summed again; in one order, for they are rows that groups share."""
    rows = [{"site": site, "day": day} for site, day in sorted(days)]
    if rows:
        connection.execute(_marking(), as_rows(rows))


@cache
def _marking() -> Insert:
    statement = insertion(dirty_days, ("site", "day"))
    again = {"mark": statement.excluded.mark, "summed": false()}
    return statement.on_conflict_do_update(index_elements=["site", "day"], set_=again)


def sum_dirty_days(connection: Connection, limit: int = 500) -> DaySums:
    """Sum marked days again, the longest marked first, in the caller's transaction."""
    marked = _marked(connection, limit, summed=False)
    if not marked:
        return DaySums()
    named = as_rows([{"site": site, "day": day} for site, day, _ in marked])
    sums: Totals = {}
    before: Totals = {}
    for site, day, counts, times in connection.execute(_kinds_and_totals_of_days(), named):
        if times:
            add(sums.setdefault((site, day), {}), counts, times)
        else:
            before[site, day] = counts
    changes = tuple(
        Change(site, day, stratum, measure, by)
        for site, day in {**before, **sums}
        for stratum, measure, by in moved(before.get((site, day), {}), sums.get((site, day), {}))
    )
    _write(connection, day_totals, before, sums)
    connection.execute(update(dirty_days).where(_unchanged(marked)).values(summed=true()))
    return DaySums(len(marked), changes)


def sum_dirty_months(connection: Connection, limit: int = 500) -> int:
    """Sum the months of marked days that are summed, and let the marks go; returns how many marks there were."""
    marked = _marked(connection, limit, summed=True)
    if marked:
        months = sorted({(site, day.replace(day=1)) for site, day, _ in marked})
        named = as_rows([{"site": site, "month": month} for site, month in months])
        sums: Totals = {}
        for site, month, counts in connection.execute(_days_of_months(), named):
            add(sums.setdefault((site, month), {}), counts)
        before = {(site, month): counts for site, month, counts in connection.execute(_totals_of_months(), named)}
        _write(connection, month_totals, before, sums)
        connection.execute(delete(dirty_days).where(_unchanged(marked)))
    return len(marked)


def sum_some(connection: Connection) -> int:
    """Sum some of the marked days or, when none is left, of their months; returns how many, 0 when nothing waits."""
    return sum_dirty_days(connection).days or sum_dirty_months(connection)


def _marked(connection: Connection, limit: int, *, summed: bool) -> list[tuple[str, date, int]]:
    connection.execute(_ONE_AT_A_TIME)
    marks = dirty_days.c
    query = select(marks.site, marks.day, marks.mark).where(marks.summed.is_(summed)).order_by(marks.mark).limit(limit)
    return list(connection.execute(query).tuples())


def _unchanged(marked: Sequence[tuple[str, date, int]]) -> ColumnElement[bool]:
    """These very marks. Where somebody sets one just now, the old one is skipped: it is about to be replaced."""
    these = select(dirty_days.c.mark).where(one_of(dirty_days.c.mark, [mark for _, _, mark in marked]))
    return dirty_days.c.mark.in_(select(these.with_for_update(skip_locked=True).cte("mine").c.mark))


@cache
def _kinds_and_totals_of_days() -> CompoundSelect[Any]:
    """What the named days' contributions add, and how often; their totals until now as what is added zero times.

    Most procedures of a day add the same: it is read once.
    """
    named = rows_of(day_totals, ("site", "day")).subquery()
    theirs = _of_each(contributions, contributions.c.site == named.c.site, contributions.c.day == named.c.day)
    key = (theirs.c.site, theirs.c.day, theirs.c.shape)
    times = func.count().over(partition_by=key).label("times")
    kinds = select(*key, theirs.c.counts, times).select_from(named.join(theirs, true())).distinct(*key).subquery()
    held = _of_each(day_totals, day_totals.c.site == named.c.site, day_totals.c.day == named.c.day)
    return union_all(
        select(kinds.c.site, kinds.c.day, kinds.c.counts, kinds.c.times),
        select(held.c.site, held.c.day, held.c.counts, literal(0)).select_from(named.join(held, true())),
    )


@cache
def _days_of_months() -> Select[Any]:
    named = rows_of(month_totals, ("site", "month")).subquery()
    first, end = named.c.month, cast(named.c.month + text("interval '1 month'"), Date)
    days = _of_each(day_totals, day_totals.c.site == named.c.site, day_totals.c.day >= first, day_totals.c.day < end)
    return select(days.c.site, first, days.c.counts).select_from(named.join(days, true()))


@cache
def _totals_of_months() -> Select[Any]:
    named = rows_of(month_totals, ("site", "month")).subquery()
    held = _of_each(month_totals, month_totals.c.site == named.c.site, month_totals.c.month == named.c.month)
    return select(held.c.site, held.c.month, held.c.counts).select_from(named.join(held, true()))


def _of_each(table: Table, *theirs: ColumnElement[bool]) -> LateralFromClause:
    """The rows of ``table`` that belong to a named day or month, looked up for one after the other.

    OFFSET 0 keeps PostgreSQL from joining them in another way: it can't know how many are named, and a plan that it
    keeps might read all of history.
    """
    return select(table).where(*theirs).offset(0).lateral()


def _write(connection: Connection, table: Table, before: Totals, sums: Totals) -> None:
    """Make totals what was summed; only what differs is written."""
    names = tuple(column.name for column in table.columns)
    rows = [
        dict(zip(names, (*place, counts), strict=True)) for place, counts in sums.items() if counts != before.get(place)
    ]
    if rows:
        connection.execute(_writing(table, names), as_rows(rows))
    gone = [place for place in before if place not in sums]
    if gone:
        connection.execute(delete(table).where(tuple_(*table.primary_key).in_(gone)))


@cache
def _writing(table: Table, names: tuple[str, ...]) -> Insert:
    statement = insertion(table, names)
    key = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_={"counts": statement.excluded.counts})
