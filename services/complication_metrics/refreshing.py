"""One turn of the metrics loop: sum the days that changed and move what is served by the differences.

Months are summed when there is time.
"""

import time
from datetime import date

from sqlalchemy import Connection, Engine

from services.charts.day_sums import sum_dirty_days, sum_dirty_months
from services.charts.rates import site_counts
from services.complication_metrics.collector import RatesCollector
from services.runtime.clock import Clock

SUMMED_AT_ONCE = 500
"""Days; when so many were marked there may be more."""

QUIET_SECONDS, MONTHS_SECONDS = 0.5, 5.0
"""Months are summed when no day has been for so long, and at least this often."""

REFRESH_SECONDS, REFRESH_SHARE = 5.0, 20
"""All sites are read again this often, and no more than one part in so many of the time goes into it.

A rebuilt schema takes the place of another without a mark, and windows roll on with the date.
"""


class Refresher:
    """Keeps ``rates`` what the record says; one for each process that exposes them."""

    def __init__(self, engine: Engine, clock: Clock, rates: RatesCollector) -> None:
        self._engine, self._clock, self._rates = engine, clock, rates
        self._date: date | None = None
        self._whole_due = self._months_due = self._quiet_since = 0.0
        self._months_wait = True

    def rest(self) -> None:
        """Expose nothing; the next turn reads everything."""
        self._date = None
        self._rates.update([], self._clock.now())

    def turn(self, connection: Connection) -> bool:
        """One turn; whether there may be more to sum."""
        known, self._date = self._date, None  # whatever fails from here on: the next turn reads everything
        self._months_wait |= known is None  # and looks for what was left behind
        with self._engine.begin() as summing:  # ended before anything is served: what is served is committed
            summed = sum_dirty_days(summing, SUMMED_AT_ONCE)
        as_of, now = self._clock.now(), time.monotonic()
        if as_of.date() != known or now >= self._whole_due:
            self._rates.update(site_counts(connection, as_of), as_of)
            self._whole_due = now + max(REFRESH_SECONDS, REFRESH_SHARE * (time.monotonic() - now))
        elif summed.changes:
            self._rates.move(summed.changes, as_of)
        self._date = as_of.date()
        if summed.days:
            self._months_wait, self._quiet_since = True, now
        return self._sum_months(now) or summed.days == SUMMED_AT_ONCE

    def _sum_months(self, now: float) -> bool:
        """Whether there may be more."""
        if not self._months_wait or now < min(self._months_due, self._quiet_since + QUIET_SECONDS):
            return False
        with self._engine.begin() as summing:
            months = sum_dirty_months(summing, SUMMED_AT_ONCE)
        self._months_wait = months == SUMMED_AT_ONCE
        if not self._months_wait:
            self._months_due = now + MONTHS_SECONDS
        return self._months_wait
