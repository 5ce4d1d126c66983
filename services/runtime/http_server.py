"""The HTTP server around an application: its address, TLS, and who listens to signals."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from services.runtime.settings import PREFIX, Settings, WrongSetting

_BACKLOG = 256


class HttpServer(uvicorn.Server):
    """uvicorn, which ends on SIGTERM and SIGINT; without ``signals`` it leaves them to the service."""

    def __init__(self, config: uvicorn.Config, *, signals: bool) -> None:
        super().__init__(config)
        self._signals = signals

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to signals while it serves."""
        if not self._signals:
            yield
            return
        with super().capture_signals():
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, and well: uvicorn would raise the signal again that ended it."""
        self.should_exit = True


def http_server(
    app: Starlette, tls: ssl.SSLContext | None, *, connections: int | None = None, signals: bool = True
) -> HttpServer:
    """A server that logs no addresses of requests: they hold patients' numbers. Beyond ``connections`` it says 503."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=connections,
        timeout_graceful_shutdown=10,
        ssl_context_factory=(lambda *_: tls) if tls else None,
    )
    return HttpServer(config, signals=signals)


def listen(settings: Settings, door: str) -> socket.socket:
    """The socket of a door (one of ``tls.DOORS``). WrongSetting when its address can't be had."""
    at: dict[str, Any] = {name: getattr(settings, f"{door}_{name}") for name in ("host", "port")}
    family = socket.AF_INET6 if ":" in at["host"] else socket.AF_INET
    try:
        listening = socket.create_server((at["host"], at["port"]), family=family, backlog=_BACKLOG)
    except OSError as problem:
        name = f"{PREFIX}{door.upper()}"
        where = f"{at['host']}:{at['port']}"
        raise WrongSetting(f"{name}_HOST, {name}_PORT: can't listen on {where} ({problem.strerror})") from None
    # asyncio sets it only where a socket names its protocol; without it a kept-alive answer waits some 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
