"""The gateway as an HTTP application, and the server around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Lifespan

from services.fhir_gateway.audited import AuditedReads
from services.fhir_gateway.capability import Secured
from services.fhir_gateway.doors import SERVICE, Doors
from services.fhir_gateway.handler import Gateway
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.fhir_gateway.repository import Repository
from services.fhir_gateway.smart import smart_routes
from services.runtime.access import access_of
from services.runtime.database import make_engine, unavailable
from services.runtime.http_server import http_server, listen
from services.runtime.logs import configure
from services.runtime.ops import Health, serve_ops
from services.runtime.rate_limit import RateLimit
from services.runtime.settings import Settings, WrongSetting
from services.runtime.tls import server_context

MOST_CONNECTIONS = 200
HEALTH_SECONDS = 5.0


def build(
    engine: Engine,
    settings: Settings,
    *,
    registry: CollectorRegistry | None = None,
    lifespan: Lifespan[Starlette] | None = None,
    audited: AuditedReads | None = None,
) -> Starlette:
    """The application. WrongSetting when a file of tokens or keys can't be used."""
    access = access_of(settings)
    hospital = Hospital(
        settings.patient_system_template, settings.accession_system_template, settings.sites(), settings.ruleset
    )
    jwt = settings.jwt_jwks_file is not None
    secured = Secured.JWT if jwt else Secured.TOKEN if access.secured else Secured.OPEN
    gateway = Gateway(Repository(engine), hospital, secured=secured)
    audited = audited or AuditedReads(engine, settings)
    doors = Doors(gateway, settings, access, registry or CollectorRegistry(), audited)
    routes = [route for release in Release for route in doors.routes(release)]
    smart = smart_routes(settings) if jwt else []
    return Starlette(
        routes=[Route("/", doors.index), *smart, *routes],
        middleware=[Middleware(RateLimit, rate=settings.gateway_rate, refuse=doors.too_often)],
        exception_handlers={HTTPException: doors.elsewhere},
        lifespan=lifespan,
    )


def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    log = configure(SERVICE, settings.log_level)
    engine = make_engine(settings, pool=8, by_index=True)
    repository = Repository(engine)
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
    _must_be_guarded(settings)
    server = http_server(app, server_context(settings, "gateway"), connections=MOST_CONNECTIONS)
    listening = listen(settings, "gateway")
    serve_ops(settings, registry, health)
    log.info("service_starts", host=settings.gateway_host, port=listening.getsockname()[1])
    server.run(sockets=[listening])
    engine.dispose()
    log.info("service_stopped")


def _must_be_guarded(settings: Settings) -> None:
    """Beyond this machine nobody reads without showing something."""
    if access_of(settings).secured or settings.gateway_host in ("127.0.0.1", "::1", "localhost"):
        return
    raise WrongSetting(
        f"CRYOWATCH_GATEWAY_HOST: {settings.gateway_host} is reached from other machines, so readers must show a "
        "token: set CRYOWATCH_GATEWAY_TOKEN_FILE or CRYOWATCH_JWT_JWKS_FILE"
    )
