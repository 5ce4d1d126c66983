"""The counts that rates are made of: windows summed from the totals of days and months.

What a reading costs grows with a year's days and with the months, not with the procedures.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Select,
    cast,
    func,
    null,
    select,
    true,
    tuple_,
    union_all,
)

from services.charts.day_sums import month_of
from services.charts.tables import day_totals, dirty_days, month_totals
from services.clinical.rates.rate import WINDOWS, Counts
from services.runtime.batch_rows import one_of


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """The counts of one site over one window: what rates are made of."""

    site: str
    window: str
    counts: Counts


def site_counts(
    connection: Connection, as_of: datetime, windows: Iterable[str] = WINDOWS, sites: Collection[str] | None = None
) -> list[SiteCounts]:
    """Counts by site and window up to ``as_of``, of all sites or of some, in one reading."""
    firsts = {window: window_start(window, as_of) for window in windows}
    totals = _totals(as_of.date(), firsts.values(), sites).subquery().c
    sums = [
        func.sum(totals.count).filter(totals.always if first is None else totals.day > first)
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


def _totals(
    today: date, firsts: Collection[date | None], sites: Collection[str] | None
) -> Select[Any] | CompoundSelect[Any]:
    """Totals with their day, and whether they belong to all time: a day is in its month's total, or stands alone.

    Alone stand the days of this month and of months that aren't summed.
    """
    month = today.replace(day=1)
    since = min([first or month - timedelta(days=1) for first in firsts])
    days, months, marks = day_totals.c, month_totals.c, dirty_days.c

    def theirs(site: ColumnElement[str]) -> ColumnElement[bool]:
        return true() if sites is None else one_of(site, sites)

    unsummed = select(marks.site, month_of(marks.day).label("month")).where(theirs(marks.site)).distinct()
    alone = (days.day >= month) | tuple_(days.site, month_of(days.day)).in_(unsummed)
    counted = (days.site, days.stratum, days.measure, days.day)
    recent = select(*counted, alone.label("always"), days.count).where(
        theirs(days.site), days.day > since, days.day <= today
    )
    if None not in firsts:
        return recent
    of = unsummed.subquery().c
    older = select(*counted, true(), days.count).where(
        days.site == of.site, days.day >= of.month, days.day < of.month + 31, month_of(days.day) == of.month,
        days.day <= since,
    )  # fmt: skip
    whole = select(months.site, months.stratum, months.measure, cast(null(), Date), true(), months.count).where(
        theirs(months.site), months.month < month, tuple_(months.site, months.month).not_in(unsummed)
    )
    return union_all(recent, older, whole)


def window_start(window: str, as_of: datetime) -> date | None:
    """The day before a rolling window's first; None for all time. Windows run in event time, by days in UTC."""
    return None if window == "all" else as_of.date() - timedelta(days=int(window.removesuffix("d")))
