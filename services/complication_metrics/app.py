"""The metrics loop: sum the days that changed, then read the windows again. One replica exposes rates."""

import time

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection, text

from services.charts.day_sums import sum_dirty_days
from services.charts.rates import site_counts
from services.complication_metrics.collector import RatesCollector
from services.runtime.clock import Clock
from services.runtime.database import make_engine
from services.runtime.loop import run_loop
from services.runtime.settings import Settings

SERVICE = "complication_metrics"
ONE_REPLICA = 0x437279_6F
"""The advisory lock under which a replica exposes rates; the others serve none and wait to take over."""

SUMMED_AT_ONCE = 500
"""Days; when so many were dirty there may be more."""

REFRESH_SECONDS = 5.0
"""Rates also move with time alone (rolling windows), so they are read again at least this often."""


def run(settings: Settings) -> None:
    """Run until stopped."""
    clock = Clock(settings.clock_file)
    registry = CollectorRegistry()
    rates = RatesCollector()
    registry.register(rates)
    leads = Gauge("cryo_rates_leader", "Whether this replica exposes the rates", registry=registry)
    engine = make_engine(settings)
    held: Connection | None = None
    refreshed = 0.0

    def leader() -> bool:
        """Whether the advisory lock is ours, on a connection that is held for nothing else.

        Asked at every step: when PostgreSQL ends that connection, the lock is another replica's to take.
        """
        nonlocal held
        try:
            held = held or engine.connect()
            mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
            got = bool(held.execute(text(mine)).scalar_one()) or bool(
                held.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": ONE_REPLICA}).scalar_one()
            )
            held.commit()
        except Exception:
            if held is not None:
                held.invalidate()
                held.close()
            held = None
            rates.update([], clock.now())
            raise
        return got

    def step(connection: Connection) -> int:
        nonlocal refreshed
        mine = leader()
        leads.set(mine)
        if not mine:
            rates.update([], clock.now())
            return 0
        with engine.begin() as summing:  # ended before the windows are read: a joiner waits at a mark that just goes
            summed = sum_dirty_days(summing, SUMMED_AT_ONCE)
        if summed or time.monotonic() - refreshed > REFRESH_SECONDS:
            as_of = clock.now()
            rates.update(site_counts(connection, as_of), as_of)
            refreshed = time.monotonic()
        return int(summed == SUMMED_AT_ONCE)

    run_loop(SERVICE, settings, engine, registry, step, pause=0.1)
