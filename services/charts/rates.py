"""The counts that rates are made of: windows summed from the totals of days and months.

What a reading costs grows with the months and with the days at the windows' edges, not with the procedures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    DateTime,
    and_,
    cast,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from services.charts.tables import day_totals, dirty_days, month_totals
from services.clinical.rates.rate import WINDOWS, Counts
from services.clinical.rates.tally import Tally, add


@dataclass(frozen=True, slots=True)
class SiteCounts:
    """The counts of one site over one window: what rates are made of."""

    site: str
    window: str
    counts: Counts


def site_counts(connection: Connection, as_of: datetime, windows: Iterable[str] = WINDOWS) -> list[SiteCounts]:
    """Counts by site and window up to ``as_of``, in one reading."""
    firsts = {window: window_start(window, as_of) for window in windows}
    found: dict[str, dict[str, Tally]] = {window: {} for window in firsts}
    query = _totals(as_of.date(), list(firsts.values()))
    for site, at, whole, alone, counts in connection.execute(query, execution_options={"yield_per": 500}):
        for window, first in firsts.items():
            if _belongs(at, first, whole=whole, alone=alone):
                add(found[window].setdefault(site, {}), counts)
    return [
        SiteCounts(site, window, Counts.of(tally))
        for window, by_site in found.items()
        for site, tally in sorted(by_site.items())
    ]


def window_start(window: str, as_of: datetime) -> date | None:
    """The day before a rolling window's first; None for all time. Windows run in event time, by days in UTC."""
    return None if window == "all" else as_of.date() - timedelta(days=int(window.removesuffix("d")))


def _belongs(at: date, first: date | None, *, whole: bool, alone: bool) -> bool:
    """Whether a total is part of a window that begins after ``first``.

    A day counts by itself where it stands ``alone`` (its month isn't summed or not over) or where the window cuts
    its month; otherwise it is in its month's ``whole`` total.
    """
    if first is not None and at <= first:
        return False
    return whole or alone or (first is not None and at.replace(day=1) <= first)


def _totals(today: date, firsts: Sequence[date | None]) -> CompoundSelect[Any]:
    """Site, day or month, whether it is a whole month, whether the day stands alone, and the counts.

    Which months are summed is asked in the same statement: nobody reads a month that is behind its days.
    """
    month = today.replace(day=1)
    since = date.min if None in firsts else min(first for first in firsts if first is not None)
    days, months, marks = day_totals.c, month_totals.c, dirty_days.c
    unsummed = select(marks.site, _month_of(marks.day).label("month")).distinct().cte("unsummed")
    behind = tuple_(days.site, _month_of(days.day)).in_(select(unsummed))
    cut = [and_(days.day > first, days.day < _next_month(first)) for first in firsts if first is not None]
    near = select(
        days.site, days.day, false(), or_(days.day >= month, behind), days.counts
    ).where(or_(days.day >= month, *cut), days.day <= today)  # fmt: skip
    of = unsummed.c
    rest = select(days.site, days.day, false(), true(), days.counts).where(
        days.site == of.site, days.day >= of.month, days.day < of.month + 31, _month_of(days.day) == of.month,
        days.day > since, days.day < month, *(~one for one in cut),
    )  # fmt: skip
    whole = select(months.site, months.month, true(), false(), months.counts).where(
        months.month > since, months.month < month, tuple_(months.site, months.month).not_in(select(unsummed))
    )
    return union_all(near, rest, whole)


def _month_of(day: ColumnElement[date]) -> ColumnElement[date]:
    return cast(func.date_trunc("month", cast(day, DateTime)), Date)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
