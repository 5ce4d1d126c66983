"""The ops endpoints of a service: /metrics for Prometheus, /livez and /readyz for whoever supervises it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.runtime.settings import Settings


@dataclass
class Health:
    """A heartbeat from the service's own loop, and whether it can do its work."""

    stale_after: float = 60.0
    ready: Callable[[], bool] = lambda: False
    _beat: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The loop is alive."""
        self._beat = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether the loop has beaten lately."""
        return time.monotonic() - self._beat < self.stale_after


def ops_app(registry: CollectorRegistry, health: Health, before: Callable[[], None] = lambda: None) -> Starlette:
    """The application; ``before`` runs ahead of each scrape, to refresh gauges that are read, not kept."""

    def metrics(_: Request) -> Response:
        before()
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def live(_: Request) -> Response:
        return PlainTextResponse("live\n" if health.live else "stalled\n", 200 if health.live else 503)

    def ready(_: Request) -> Response:
        good = health.live and health.ready()
        return PlainTextResponse("ready\n" if good else "not ready\n", 200 if good else 503)

    return Starlette(routes=[Route("/metrics", metrics), Route("/livez", live), Route("/readyz", ready)])


def serve_ops(
    settings: Settings, registry: CollectorRegistry, health: Health, before: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Serve the ops endpoints from a thread of their own, so that a busy loop can't hide that it is stuck."""
    config = uvicorn.Config(
        ops_app(registry, health, before),
        host=settings.ops_host,
        port=settings.ops_port,
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, name="ops", daemon=True).start()
    return server
