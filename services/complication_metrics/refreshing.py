"""One turn of the metrics loop: sum the days that changed, read their sites again; months when there is time."""

import time
from datetime import date

from sqlalchemy import Connection, Engine

from services.charts.day_sums import sum_dirty_days, sum_dirty_months
from services.charts.rates import site_counts
from services.complication_metrics.collector import RatesCollector
from services.runtime.clock import Clock

SUMMED_AT_ONCE = 500
"""Days; when so many were marked there may be more."""

MONTHS_SECONDS = 5.0
"""Months are summed when no day waits, and at least this often."""

REFRESH_SECONDS, REFRESH_SHARE = 5.0, 20
"""All sites are read again this often, and no more than one part in so many of the time goes into it.

A rebuilt schema takes the place of another without a mark, and windows roll on with the date.
"""


class Refresher:
    """Keeps ``rates`` what the record says; one for each process that exposes them."""

    def __init__(self, engine: Engine, clock: Clock, rates: RatesCollector) -> None:
        self._engine, self._clock, self._rates = engine, clock, rates
        self._stale: set[str] = set()
        self._date: date | None = None
        self._whole_due = self._months_due = 0.0
        self._months_wait = True

    def rest(self) -> None:
        """Expose nothing; the next turn reads everything."""
        self._date = None
        self._rates.update([], self._clock.now())

    def turn(self, connection: Connection) -> bool:
        """One turn; whether there may be more to sum."""
        with self._engine.begin() as summing:  # ended before anything is read: what is read is committed
            days = sum_dirty_days(summing, SUMMED_AT_ONCE)
        self._stale.update(site for site, _ in days)
        self._months_wait |= bool(days)
        self._read(connection)
        months = 0
        if (self._months_wait and not days) or time.monotonic() >= self._months_due:
            with self._engine.begin() as summing:
                months = sum_dirty_months(summing, SUMMED_AT_ONCE)
            self._months_wait = months == SUMMED_AT_ONCE
            if not self._months_wait:
                self._months_due = time.monotonic() + MONTHS_SECONDS
        return SUMMED_AT_ONCE in (len(days), months)

    def _read(self, connection: Connection) -> None:
        as_of, started = self._clock.now(), time.monotonic()
        if as_of.date() != self._date or started >= self._whole_due:
            self._rates.update(site_counts(connection, as_of), as_of)
            self._date = as_of.date()
            self._whole_due = started + max(REFRESH_SECONDS, REFRESH_SHARE * (time.monotonic() - started))
        elif self._stale:
            self._rates.replace(self._stale, site_counts(connection, as_of, sites=self._stale), as_of)
        self._stale.clear()
