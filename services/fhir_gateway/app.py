"""The gateway as an HTTP application, and the server around it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Lifespan

from services.fhir_gateway.access import read_tokens
from services.fhir_gateway.audited import AuditedReads
from services.fhir_gateway.doors import SERVICE, Doors
from services.fhir_gateway.handler import Gateway
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.fhir_gateway.repository import Repository
from services.runtime.database import make_engine, unavailable
from services.runtime.logs import configure
from services.runtime.ops import Health, serve_ops
from services.runtime.settings import Settings

MOST_CONNECTIONS = 200
HEALTH_SECONDS = 5.0


class _Server(uvicorn.Server):
    """uvicorn ends by raising the signal again that ended it; a service that was told to end has ended well."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def build(
    engine: Engine,
    settings: Settings,
    *,
    registry: CollectorRegistry | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    audited: AuditedReads | None = None,
) -> Starlette:
    """The application. SystemExit in words when the token file can't be used."""
    tokens = read_tokens(settings.gateway_token_file) if settings.gateway_token_file else ()
    hospital = Hospital(
        settings.patient_system_template, settings.accession_system_template, settings.sites(), settings.ruleset
    )
    # With a token set, whoever gets an answer has shown it.
    repository = Repository(engine, evidence=bool(tokens) or settings.gateway_evidence == "open")
    gateway = Gateway(repository, hospital, secured=bool(tokens))
    audited = audited or AuditedReads(engine, settings)
    doors = Doors(gateway, settings, tokens, registry or CollectorRegistry(), audited)
    routes = [route for release in Release for route in doors.routes(release)]
    return Starlette(
        routes=[Route("/", doors.index), *routes],
        exception_handlers={HTTPException: doors.elsewhere},
        lifespan=lifespan,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    log = configure(SERVICE, settings.log_level)
    engine = make_engine(settings, pool=8)
    repository = Repository(engine, evidence=False)
    ready, said = False, ""
    health = Health(ready=lambda: ready)
    registry = CollectorRegistry()
    audited = AuditedReads(engine, settings)

    async def watch() -> None:
        nonlocal ready, said
        while True:
            health.beat()
            try:
                ready = await run_in_threadpool(repository.answers)
                state = "dependency_answers"
                await run_in_threadpool(audited.owed)
            except Exception as problem:
                ready = False
                # A database without our tables answers, and is of no use: cryowatch migrate makes them.
                state = "dependency_unavailable" if unavailable(problem) else "dependency_unusable"
            if state != said:
                (log.info if ready else log.warning)(state, dependency="database")
            said = state
            await asyncio.sleep(HEALTH_SECONDS if ready else 0.5)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch())
        yield
        watching.cancel()

    app = build(engine, settings, registry=registry, lifespan=lifespan, audited=audited)
    listening = _listen(settings)
    serve_ops(settings, registry, health)
    log.info("service_starts", host=settings.gateway_host, port=listening.getsockname()[1])
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses hold patients' numbers
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )
    _Server(config).run(sockets=[listening])
    engine.dispose()
    log.info("service_stopped")


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.gateway_host else socket.AF_INET
    try:
        return socket.create_server((settings.gateway_host, settings.gateway_port), family=family, backlog=256)
    except OSError as problem:
        where = f"{settings.gateway_host}:{settings.gateway_port}"
        raise SystemExit(f"CRYOWATCH_GATEWAY_PORT: can't listen on {where} ({problem.strerror})") from None
