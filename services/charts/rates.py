"""The counts that rates are made of: windows summed from the totals of days and months.

What a reading costs grows with a year's days and with the months, not with the procedures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, false, func, select, true, union_all

from services.charts.tables import day_totals, month_totals
from services.clinical.rates.rate import WINDOWS, Counts


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
