"""The timer's loop. What it queues in the outbox leaves through the joiner's workers, like all records and events."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Connection, func, select

from services.charts.due import publish_due, publish_outdated
from services.charts.publishing import Publisher
from services.charts.tables import kin
from services.clinical.publish import Rules
from services.runtime.clock import Clock
from services.runtime.database import make_engine
from services.runtime.loop import run_loop
from services.runtime.settings import Settings
from services.window_timer.handler import tidy

SERVICE = "window_timer"
TIDY_SECONDS = 10.0
"""How long to leave old data alone after a step that found none."""


def run(settings: Settings) -> None:
    """Run until stopped."""
    rules = Rules(event_key=settings.secret("event_id_key"), published=settings.ruleset)
    publisher = Publisher(rules, settings.secret("routing_key"))
    clock = Clock(settings.clock_file)
    registry = CollectorRegistry()
    published = Counter("cryo_due_groups_published_total", "Kin groups published again by time", registry=registry)
    due = Gauge("cryo_due_groups", "Kin groups that are due and not yet published again", registry=registry)
    expired = Counter("cryo_facts_expired_total", "Facts removed for want of a procedure", registry=registry)
    pruned = Counter("cryo_archive_bodies_pruned_total", "Message bodies that the archive let go of", registry=registry)
    tidied = 0.0

    def step(connection: Connection) -> int:
        nonlocal tidied
        now = clock.now()
        done = publish_due(connection, publisher, now) or publish_outdated(connection, publisher, now)
        published.inc(done)
        due.set(connection.execute(select(func.count()).where(kin.c.next_due <= now)).scalar_one())
        if time.monotonic() - tidied > TIDY_SECONDS:
            step_done = tidy(connection, settings)
            expired.inc(step_done.expired.facts)
            pruned.inc(step_done.pruned)
            if not step_done.found:
                tidied = time.monotonic()
        return done

    run_loop(SERVICE, settings, make_engine(settings, by_index=True), registry, step, pause=0.2)
