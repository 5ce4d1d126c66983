"""A limit to how often one address may ask over HTTP: a bucket of tokens for each, in a table that can't grow."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

BURST_SECONDS = 10.0
MOST_ADDRESSES = 4096


class Buckets:
    """``rate`` tokens a second for each address, at most ``BURST_SECONDS`` seconds' worth at once.

    The table holds the addresses seen last. One that is dropped from a full table begins with a full bucket.
    """

    def __init__(self, rate: float, most: int = MOST_ADDRESSES, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._now = rate, most, now
        self._full = max(1.0, rate * BURST_SECONDS)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def take(self, address: str) -> float:
        """Take one token: 0 when there was one, else the seconds until there is."""
        now = self._now()
        left, then = self._held.pop(address, (self._full, now))
        left = min(self._full, left + (now - then) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._held[address] = (left - 1 if wait == 0 else left, now)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return wait


class RateLimit:
    """ASGI middleware. ``refuse`` makes the answer, with the headers that it has to carry; ``rate`` 0 is no limit."""

    def __init__(self, app: ASGIApp, rate: float, refuse: Callable[[Request, Mapping[str, str]], Response]) -> None:
        self._app, self._refuse = app, refuse
        self._buckets = Buckets(rate) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it with 429."""
        if self._buckets is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wait = self._buckets.take(_address(scope))
        if wait == 0:
            await self._app(scope, receive, send)
            return
        answer = self._refuse(Request(scope), {"Retry-After": str(math.ceil(wait))})
        await answer(scope, receive, send)


def _address(scope: Scope) -> str:
    """The client's address; of IPv6 the network of 64 bits, all of which one client may hold."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64)))
    return host
