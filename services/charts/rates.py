"""Rates from the contributions: dirty days and their months summed again, windows summed from days and months.

What a reading costs grows with a year's days and with the months, not with the procedures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    Connection,
    Date,
    DateTime,
    Integer,
    Subquery,
    and_,
    cast,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from services.charts.tables import contributions, day_totals, dirty_days, month_totals
from services.clinical.rates.rate import WINDOWS, Counts
from services.runtime.batch_rows import as_rows, rows_of


def each_count() -> Subquery:
    """The contributions with a row for each count: owner, site, day, stratum, measure, count."""
    columns = contributions.c
    stratum = func.jsonb_each(columns.counts).table_valued("key", "value", joins_implicitly=True).lateral()
    measure = func.jsonb_each_text(stratum.c.value).table_valued("key", "value", joins_implicitly=True).lateral()
    count = cast(measure.c.value, Integer).label("count")
    named = (stratum.c.key.label("stratum"), measure.c.key.label("measure"), count)
    return select(columns.owner, columns.site, columns.day, *named).subquery()


def sum_dirty_days(connection: Connection, limit: int = 500) -> int:
    """Sum the contributions of dirty days again, in the caller's transaction; returns how many days there were."""
    marks, totals = dirty_days.c, day_totals.c
    query = select(marks.site, marks.day).order_by(marks.site, marks.day).limit(limit)
    dirty = list(connection.execute(query.with_for_update(skip_locked=True)).tuples())
    if not dirty:
        return 0
    months = sorted({(site, day.replace(day=1)) for site, day in dirty})
    _lock(connection, months)
    # Named one by one: joined with a list of days, PostgreSQL would read all of history.
    connection.execute(delete(day_totals).where(tuple_(totals.site, totals.day).in_(dirty)))
    rows = each_count().c
    key = (rows.site, rows.day, rows.stratum, rows.measure)
    summed = select(*key, func.sum(rows.count)).where(tuple_(rows.site, rows.day).in_(dirty)).group_by(*key)
    connection.execute(insert(day_totals).from_select(["site", "day", "stratum", "measure", "count"], summed))
    _sum_months(connection, months)
    connection.execute(delete(dirty_days).where(tuple_(marks.site, marks.day).in_(dirty)))
    return len(dirty)


def _lock(connection: Connection, months: Sequence[tuple[str, date]]) -> None:
    """Months one after the other, in order: whoever sums next sees the days that we have summed."""
    these = rows_of(month_totals, ("site", "month")).subquery().c
    name = func.hashtextextended(func.concat("month ", these.month, " ", these.site), 0)
    which = as_rows([{"site": site, "month": month} for site, month in months])
    connection.execute(select(func.pg_advisory_xact_lock(name)), which).all()


def _sum_months(connection: Connection, months: Sequence[tuple[str, date]]) -> None:
    totals, days = month_totals.c, day_totals.c
    connection.execute(delete(month_totals).where(tuple_(totals.site, totals.month).in_(months)))
    month = cast(func.date_trunc("month", cast(days.day, DateTime)), Date).label("month")
    theirs = or_(*(and_(days.site == site, days.day >= first, days.day < _next(first)) for site, first in months))
    key = (days.site, month, days.stratum, days.measure)
    summed = select(*key, func.sum(days.count)).where(theirs).group_by(*key)
    connection.execute(insert(month_totals).from_select(["site", "month", "stratum", "measure", "count"], summed))


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """The counts of one site over one window: what rates are made of."""

    site: str
    window: str
    counts: Counts


def site_counts(connection: Connection, as_of: datetime, windows: Iterable[str] = WINDOWS) -> list[SiteCounts]:
    """Counts by site and window up to ``as_of``, in one reading: days, and whole months of the time before."""
    firsts = {window: window_start(window, as_of) for window in windows}
    month = as_of.date().replace(day=1)
    since = min([first or month - timedelta(days=1) for first in firsts.values()])
    days, months = day_totals.c, month_totals.c
    recent = select(days.site, days.stratum, days.measure, days.day, false().label("whole"), days.count)
    before = select(months.site, months.stratum, months.measure, months.month, true(), months.count)
    totals = (
        union_all(
            recent.where(days.day > since, days.day <= as_of.date()),
            before.where(months.month < month) if None in firsts.values() else before.where(false()),
        )
        .subquery()
        .c
    )
    sums = [
        func.sum(totals.count).filter(
            (totals.whole | (totals.day >= month)) if first is None else (~totals.whole & (totals.day > first))
        )
        for first in firsts.values()
    ]
    key = (totals.site, totals.stratum, totals.measure)
    query = select(*key, *sums).group_by(*key)
    found: dict[str, dict[str, dict[tuple[str, str], int]]] = {window: {} for window in firsts}
    for site, stratum, measure, *counts in connection.execute(query):
        for window, count in zip(firsts, counts, strict=True):
            if count is not None:
                found[window].setdefault(site, {})[(stratum, measure)] = int(count)
    return [
        SiteCounts(site, window, Counts(counts))
        for window, by_site in found.items()
        for site, counts in sorted(by_site.items())
    ]


def window_start(window: str, as_of: datetime) -> date | None:
    """The day before a rolling window's first; None for all time. Windows run in event time, by days in UTC."""
    return None if window == "all" else as_of.date() - timedelta(days=int(window.removesuffix("d")))
