"""A service that works on the database by itself, without a topic: one step, again and again, until it is stopped."""

import signal
import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, Engine

from services.runtime.database import contended, unavailable
from services.runtime.logs import configure
from services.runtime.ops import Health, serve_ops
from services.runtime.settings import Settings


def run_loop(
    service: str,
    settings: Settings,
    engine: Engine,
    registry: CollectorRegistry,
    step: Callable[[Connection], int],
    *,
    pause: float,
) -> None:
    """Carry out ``step`` in a transaction of its own; pause when it found nothing to do. Blocks until SIGTERM.

    While the database doesn't answer it says so once, waits with growing pauses and carries on.
    """
    log = configure(service, settings.log_level)
    up = threading.Event()
    health = Health(ready=up.is_set)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    serve_ops(settings, registry, health)
    log.info("service_starts")
    delay, said = 0.2, False
    while not stopping.is_set():
        try:
            with engine.begin() as connection:
                done = step(connection)
            if not up.is_set():
                log.info("dependency_answers", dependency="database")
            up.set()
            delay, said = 0.2, False
            wait = 0.0 if done else pause
        except Exception as problem:
            if not unavailable(problem):
                frame = problem.__traceback__
                while frame and frame.tb_next:
                    frame = frame.tb_next
                where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
                log.critical("bug_stops_the_service", error=type(problem).__name__, where=where)
                raise SystemExit(70) from None
            if contended(problem):
                stopping.wait(0.05)
                continue
            up.clear()
            if not said:
                log.warning("dependency_unavailable", dependency="database")
            said, wait = True, delay
            delay = min(delay * 2, 5)
        health.beat()
        stopping.wait(wait)
    log.info("service_stopped")
