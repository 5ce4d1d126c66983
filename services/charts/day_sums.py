"""The contributions summed by day and month: days that changed are marked in the transaction that changed them.

Nobody waits for a sum. It holds no mark while it is made; a mark has a new number each time that it is set, and only
the mark that was there before the sum goes with it. A day that changes meanwhile stays marked.

Months have time: the mark of a day that is summed stays until its month is, and a month with marks is read from days.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    DateTime,
    FromClause,
    Integer,
    Select,
    Subquery,
    Table,
    and_,
    cast,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from services.charts.tables import contributions, day_totals, dirty_days, month_totals
from services.runtime.batch_rows import as_rows, insertion

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('day sums of ' || current_schema(), 0))")
"""Two sums beside each other would each miss the days of a month that the other has summed."""


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


def each_count(source: FromClause = contributions) -> Subquery:
    """The columns of ``source`` with a row for each of its ``counts``: stratum, measure, count."""
    columns = source.c
    stratum = func.jsonb_each(columns.counts).table_valued("key", "value", joins_implicitly=True).lateral()
    measure = func.jsonb_each_text(stratum.c.value).table_valued("key", "value", joins_implicitly=True).lateral()
    count = cast(measure.c.value, Integer).label("count")
    others = [column for column in columns if column.name != "counts"]
    return select(*others, stratum.c.key.label("stratum"), measure.c.key.label("measure"), count).subquery()


def sum_dirty_days(connection: Connection, limit: int = 500) -> list[tuple[str, date]]:
    """Sum marked days again, the longest marked first, in the caller's transaction; returns them (site, day)."""
    marked = _marked(connection, limit, summed=False)
    days = [(site, day) for site, day, _ in marked]
    if days:
        _sum_days(connection, days)
        mine = _unchanged(marked)
        connection.execute(update(dirty_days).where(*mine).values(summed=true()))
    return days


def sum_dirty_months(connection: Connection, limit: int = 500) -> int:
    """Sum the months of marked days that are summed, and let the marks go; returns how many marks there were."""
    marked = _marked(connection, limit, summed=True)
    if marked:
        _sum_months(connection, sorted({(site, day.replace(day=1)) for site, day, _ in marked}))
        connection.execute(delete(dirty_days).where(*_unchanged(marked)))
    return len(marked)


def sum_some(connection: Connection) -> int:
    """Sum some of the marked days or, when none is left, of their months; returns how many, 0 when nothing waits."""
    return len(sum_dirty_days(connection)) or sum_dirty_months(connection)


def month_of(day: ColumnElement[date]) -> ColumnElement[date]:
    """The first day of its month."""
    return cast(func.date_trunc("month", cast(day, DateTime)), Date)


def _marked(connection: Connection, limit: int, *, summed: bool) -> list[tuple[str, date, int]]:
    connection.execute(_ONE_AT_A_TIME)
    marks = dirty_days.c
    query = select(marks.site, marks.day, marks.mark).where(marks.summed.is_(summed)).order_by(marks.mark).limit(limit)
    return list(connection.execute(query).tuples())


def _sum_days(connection: Connection, days: Sequence[tuple[str, date]]) -> None:
    """The days are named one by one: joined with a list of them, PostgreSQL would read all of history."""
    columns = contributions.c
    key = (columns.site, columns.day, columns.shape)
    times = func.count().over(partition_by=key).label("times")
    # Most procedures of a day add the same: taken apart once for all of them, not once for each.
    alike = select(*key, columns.counts, times).where(tuple_(columns.site, columns.day).in_(days)).distinct(*key)
    rows = each_count(alike.subquery()).c
    counted = select(rows.site, rows.day, rows.stratum, rows.measure, rows.count * rows.times)
    _replace(connection, day_totals, tuple_(day_totals.c.site, day_totals.c.day).in_(days), counted)


def _sum_months(connection: Connection, months: Sequence[tuple[str, date]]) -> None:
    days = day_totals.c
    month = month_of(days.day)
    theirs = or_(*(and_(days.site == site, days.day >= first, days.day < _next(first)) for site, first in months))
    counted = select(days.site, month, days.stratum, days.measure, days.count).where(theirs)
    _replace(connection, month_totals, tuple_(month_totals.c.site, month_totals.c.month).in_(months), counted)


def _replace(connection: Connection, totals: Table, theirs: ColumnElement[bool], counted: Select[Any]) -> None:
    """Make the totals that are ``theirs`` the sums of what was counted, a key and a count a row; write what differs.

    Old and new are told apart by sums, not by a join: PostgreSQL has no idea how many rows a sum will have.
    """
    names = [column.name for column in totals.primary_key]
    new = counted.add_columns(literal(0))
    old = select(*totals.primary_key, literal(0), totals.c.count).where(theirs)
    *key, counts, held = union_all(new, old).subquery().c
    total = func.sum(counts)
    differing = select(*key, cast(total, Integer)).group_by(*key).having(total != func.sum(held))
    written = upsert(totals).from_select([*names, "count"], differing)
    count = {"count": written.excluded.count}
    connection.execute(written.on_conflict_do_update(index_elements=names, set_=count))
    connection.execute(delete(totals).where(theirs, totals.c.count == 0))


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _unchanged(marked: Sequence[tuple[str, date, int]]) -> tuple[ColumnElement[bool], ...]:
    """These very marks. Where somebody sets one just now, the old one is skipped: it is about to be replaced."""
    marks = dirty_days.c
    these = select(marks.mark).where(tuple_(marks.site, marks.day, marks.mark).in_(marked))
    mine = these.with_for_update(skip_locked=True).cte("mine")
    place = tuple_(marks.site, marks.day)
    of_these = place.in_([(site, day) for site, day, _ in marked])
    return of_these, marks.mark.in_(select(mine.c.mark))
