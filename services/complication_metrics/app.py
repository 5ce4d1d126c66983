"""The metrics service: of all replicas one sums and exposes the rates."""

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Connection, text

from services.complication_metrics.collector import RatesCollector
from services.complication_metrics.refreshing import Refresher
from services.runtime.clock import Clock
from services.runtime.database import make_engine
from services.runtime.loop import run_loop
from services.runtime.settings import Settings

SERVICE = "complication_metrics"
ONE_REPLICA = 0x437279_6F
"""The advisory lock under which a replica exposes rates; the others serve none and wait to take over."""


def run(settings: Settings) -> None:
    """Run until stopped."""
    clock = Clock(settings.clock_file)
    registry = CollectorRegistry()
    rates = RatesCollector()
    registry.register(rates)
    leads = Gauge("cryo_rates_leader", "Whether this replica exposes the rates", registry=registry)
    engine = make_engine(settings)
    held: Connection | None = None
    refresher = Refresher(engine, clock, rates)

    def leader() -> bool:
        """Whether the advisory lock is ours, on a connection that is held for nothing else.

        Asked at every step: when PostgreSQL ends that connection, the lock is another replica's to take.
        """
        nonlocal held
        try:
            held = held or engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            mine = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
            got = bool(held.execute(text(mine)).scalar_one()) or bool(
                held.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": ONE_REPLICA}).scalar_one()
            )
        except Exception:
            if held is not None:
                held.invalidate()
                held.close()
            held = None
            refresher.rest()
            raise
        return got

    def step(connection: Connection) -> int:
        mine = leader()
        leads.set(mine)
        if not mine:
            refresher.rest()
            return 0
        return int(refresher.turn(connection))

    run_loop(SERVICE, settings, engine, registry, step, pause=0.1)
