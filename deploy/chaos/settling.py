"""Whether the pipeline has caught up: everything produced is in the ledger and nothing waits anywhere."""

import time
from collections.abc import Callable
from datetime import datetime

from kafka.errors import KafkaError
from psycopg import Error as DatabaseError
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from deploy.chaos.ground import Ground
from deploy.chaos.load import Load
from deploy.local.settled import INBOUND, due, lag, ledger_rows, pending, produced
from services.clinical.moments import iso

_SAY_SECONDS = 3.0


def caught_up(
    ground: Ground,
    load: Load,
    instant: datetime | None,
    patience: float,
    tick: Callable[[int], None],
    say: Callable[[str], None] = lambda _: None,
) -> float:
    """Supervise until the pipeline has caught up as of ``instant`` (None: the load's), and every service is ready.

    Returns the seconds that it took. TimeoutError says what still waits.
    """
    started = time.monotonic()
    engine = create_engine(ground.direct_database_url, pool_pre_ping=True)
    state, said = "nothing was seen", started
    try:
        while time.monotonic() - started < patience:
            ground.supervise()
            try:
                state = _waits(ground, load, instant, tick, engine)
            except (DBAPIError, DatabaseError, KafkaError, OSError) as problem:
                state = f"a server doesn't answer ({type(problem).__name__})"
            if not state:
                return time.monotonic() - started
            if time.monotonic() - said > _SAY_SECONDS:
                said = time.monotonic()
                say(f"waits: {state}")
            time.sleep(0.15)
    finally:
        engine.dispose()
    raise TimeoutError(state)


def _waits(ground: Ground, load: Load, instant: datetime | None, tick: Callable[[int], None], engine: Engine) -> str:
    rows = sum(n for (topic, _), n in ledger_rows(engine).items() if topic in INBOUND)
    tick(rows)
    if load.busy:
        return f"senders wait; {load.sent} messages are sent"
    topics = produced(ground.broker.bootstrap)
    if rows < sum(topics.values()):
        return f"{rows} of {sum(topics.values())} messages are in the ledger"
    waiting = {
        "records of lag": lag(ground.broker.bootstrap),
        "rows in the outbox or days to sum": pending(engine),
        "groups due": due(engine, iso(instant or load.now)),
    }
    if any(waiting.values()):
        return ", ".join(f"{number} {what}" for what, number in waiting.items() if number)
    if unready := ground.unready():
        return f"not ready: {', '.join(unready)}"
    return "" if not pending(engine) else "the last sum is under way"
