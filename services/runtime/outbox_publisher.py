"""Sends what the outbox holds, in every worker, so that a dead one's rows get out too.

Rows stay locked from the read until the broker has acknowledged them, and only what it has acknowledged is deleted.
There is no time-out of our own: a record that was given up might still be sent, behind a newer one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine
from structlog.stdlib import BoundLogger

from services.runtime import outbox
from services.runtime.database import unavailable
from services.runtime.outcomes import Unavailable

_IDLE, _AWAY = 0.25, 1.0
"""How often it looks without being told (what a dead worker or a command has queued), and how long it then waits."""
_FULL = 500


class OutboxPublisher:
    """Publishes to ``topics`` (Faust's, by name); ``answered`` is told which dependency answers and which doesn't."""

    def __init__(
        self, engine: Engine, topics: Mapping[str, Any], answered: Callable[[str, bool], None], log: BoundLogger
    ) -> None:
        self._engine, self._topics, self._answered, self._log = engine, topics, answered, log

    async def run(self, stopping: asyncio.Event, queued: asyncio.Event, beat: Callable[[], None]) -> None:
        """Publish until told to stop, at once when ``queued`` says that there is something; ``beat`` after a round."""
        while not stopping.is_set():
            queued.clear()
            try:
                sent = await self.drain()
                self._answered("kafka", True)
                beat()
                if sent < _FULL:
                    await _at_most(_IDLE, queued)
            except asyncio.CancelledError:
                return
            except Exception as problem:
                self._answered("database" if unavailable(problem) else "kafka", False)
                await asyncio.sleep(_AWAY)

    async def drain(self) -> int:
        """Send one batch of rows and delete those that the broker has acknowledged; Unavailable when some weren't."""
        connection, rows = await asyncio.to_thread(outbox.take, self._engine, tuple(self._topics), _FULL)
        sent: list[int] = []
        try:
            results = await asyncio.gather(*[await self._send(row) for row in rows], return_exceptions=True)
            sent = [row.id for row, result in zip(rows, results, strict=True) if not isinstance(result, BaseException)]
        finally:
            await asyncio.shield(asyncio.to_thread(outbox.settle, connection, sent))
        if len(sent) < len(rows):
            raise Unavailable("kafka")
        return len(rows)

    async def _send(self, row: Any) -> Awaitable[Any]:
        """Hand one row to the producer; what it refuses at once fails alone and doesn't hold up the others."""
        try:
            acknowledged: Awaitable[Any] = await self._topics[row.topic].send(
                key=row.key.encode() if row.key else None,
                value=None if row.value is None else bytes(row.value),
                headers=outbox.kafka_headers(row.headers),
            )
        except Exception as refusal:
            acknowledged = asyncio.get_running_loop().create_future()
            acknowledged.set_exception(refusal)
            self._log.error("record_refused", topic=row.topic, error=type(refusal).__name__)
        return acknowledged


async def _at_most(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
