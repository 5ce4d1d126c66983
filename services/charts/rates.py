"""Rates from the contributions: dirty days summed again, windows summed from days; no scan of history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Integer, Subquery, cast, delete, func, insert, select, tuple_

from services.charts.tables import contributions, day_totals, dirty_days
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
    dirty = connection.execute(
        select(marks.site, marks.day).order_by(marks.site, marks.day).limit(limit).with_for_update(skip_locked=True)
    ).all()
    if not dirty:
        return 0
    these = rows_of(dirty_days, ("site", "day"))
    which = as_rows([{"site": site, "day": day} for site, day in dirty])
    connection.execute(delete(day_totals).where(tuple_(totals.site, totals.day).in_(these)), which)
    rows = each_count().c
    key = (rows.site, rows.day, rows.stratum, rows.measure)
    summed = select(*key, func.sum(rows.count)).where(tuple_(rows.site, rows.day).in_(these)).group_by(*key)
    connection.execute(insert(day_totals).from_select(["site", "day", "stratum", "measure", "count"], summed), which)
    connection.execute(delete(dirty_days).where(tuple_(marks.site, marks.day).in_(these)), which)
    return len(dirty)


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """The counts of one site over one window: what rates are made of."""

    site: str
    window: str
    counts: Counts


def site_counts(connection: Connection, as_of: datetime, windows: Iterable[str] = WINDOWS) -> list[SiteCounts]:
    """Counts by site and window, over day totals up to ``as_of``; all windows in one reading of the totals."""
    totals = day_totals.c
    firsts = {window: window_start(window, as_of) for window in windows}
    sums = [
        func.sum(totals.count) if f is None else func.sum(totals.count).filter(totals.day > f) for f in firsts.values()
    ]
    query = (
        select(totals.site, totals.stratum, totals.measure, *sums)
        .where(totals.day <= as_of.date())
        .group_by(totals.site, totals.stratum, totals.measure)
    )
    bounds = [first for first in firsts.values() if first]
    if bounds and len(bounds) == len(firsts):
        query = query.where(totals.day > min(bounds))
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
