"""The desk as an HTTP application, the server around it, and the sender of what its acts have queued."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Engine, func, select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Lifespan

from services.audit.refusals import record_owed
from services.audit.restraint import Restraint
from services.audit.trail import TOPIC as AUDIT
from services.audit.trail import Trail
from services.casework.audited_act import Casework
from services.casework.decision import TOPIC as DECISIONS
from services.contracts.registry import topic as declared
from services.desk.doors import SERVICE, Doors
from services.runtime import outbox
from services.runtime.access import access_of
from services.runtime.database import make_engine, unavailable
from services.runtime.http_server import http_server, listen
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, Reached
from services.runtime.logs import configure
from services.runtime.metrics import PipelineMetrics
from services.runtime.ops import Health, serve_ops
from services.runtime.outbox_sender import OutboxSender
from services.runtime.rate_limit import RateLimit
from services.runtime.settings import PREFIX, Settings, WrongSetting
from services.runtime.tables import dead_letters
from services.runtime.tls import server_context
from services.runtime.topics import require_topics

REPLAYED = ("hl7v2-inbound", "fhir-inbound", "procedure-telemetry", "clinical-facts", DECISIONS)
SENT = (AUDIT, *REPLAYED)
"""Topics whose outbox rows the desk sends: replays, decisions, and the audit trail of every service."""

MOST_CONNECTIONS = 100


def build(
    casework: Casework,
    settings: Settings,
    *,
    registry: CollectorRegistry | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The application. WrongSetting when nobody would have to show a token and the settings don't allow that."""
    access = access_of(settings)
    if not access.secured and settings.desk_access != "open":
        raise WrongSetting(
            f"{PREFIX}DESK_ACCESS: the desk shows and changes patients' messages and needs a token: set "
            f"{PREFIX}GATEWAY_TOKEN_FILE (open, without one, is for demonstrations)"
        )
    doors = Doors(casework, access, settings, registry or CollectorRegistry())
    return Starlette(
        routes=[Route("/", doors.index), *doors.routes()],
        middleware=[Middleware(RateLimit, rate=settings.desk_rate, refuse=doors.too_often)],
        exception_handlers={HTTPException: doors.elsewhere},
        lifespan=lifespan,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    log = configure(SERVICE, settings.log_level)
    engine = make_engine(settings, pool=6, by_index=True)
    casework = Casework(engine, Trail(SERVICE), Restraint())
    metrics = PipelineMetrics(SERVICE, ())
    open_letters = Gauge(
        "cryo_dead_letters_open", "Dead letters that nobody has handled", ["topic"], registry=metrics.registry
    )
    answers = {"kafka": False, "database": False}
    health = Health(ready=lambda: all(answers.values()))

    def said(dependency: str, up: bool) -> None:
        if answers[dependency] != up:
            log.info("dependency_answers" if up else "dependency_unavailable", dependency=dependency)
        answers[dependency] = up
        metrics.dependency_up.labels(SERVICE, dependency).set(up)

    def broken(bug: BaseException) -> None:
        log.critical("bug_stops_the_service", error=type(bug).__name__, where="outbox_sender")
        os._exit(70)

    def refresh() -> None:
        try:
            _measure(engine, metrics, open_letters)
        except Exception as problem:
            if not unavailable(problem):
                raise

    async def watch() -> None:
        while True:
            health.beat()
            await run_in_threadpool(record_owed, engine, casework.trail, casework.restraint)
            await asyncio.sleep(5)

    def refused(found: Reached) -> None:
        log.error("kafka_refuses", dependency="kafka", reason=found.value)

    access = KafkaAccess(settings)
    probe = KafkaProbe(access, refused)
    sender = OutboxSender(engine, SENT, access, probe, said, broken, client="cryowatch-desk")

    def send() -> None:
        try:
            require_topics(access, [declared(name) for name in SENT], lambda up: said("kafka", up), probe)
        except SystemExit as missing:
            print(missing, file=sys.stderr)
            os._exit(1)
        sender.start()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch())
        threading.Thread(target=send, name="topics", daemon=True).start()
        yield
        watching.cancel()
        await run_in_threadpool(sender.stop)

    app = build(casework, settings, registry=metrics.registry, lifespan=lifespan)
    server = http_server(app, server_context(settings, "desk"), connections=MOST_CONNECTIONS)
    listening = listen(settings, "desk")
    serve_ops(settings, metrics.registry, health, refresh)
    log.info("service_starts", host=settings.desk_host, port=listening.getsockname()[1])
    server.run(sockets=[listening])
    engine.dispose()
    log.info("service_stopped")


def _measure(engine: Engine, metrics: PipelineMetrics, open_letters: Gauge) -> None:
    letters = dead_letters.c
    with engine.connect() as connection:
        metrics.outbox_rows.labels(SERVICE).set(outbox.waiting(connection, SENT))
        query = select(letters.topic, func.count()).where(letters.state == "open").group_by(letters.topic)
        counts = {name: number for name, number in connection.execute(query)}  # noqa: C416
    for name in REPLAYED:
        open_letters.labels(name).set(counts.get(name, 0))
