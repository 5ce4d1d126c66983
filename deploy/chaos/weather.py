"""The network between the services and a server: a TCP proxy that can be slow, stand still, hang up and be shut."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

from deploy.local.broker import free_ports

_CHUNK = 65536


class Weather:
    """A proxy on loopback, in a thread of its own. ``delay`` is added to every chunk in each direction, in seconds."""

    def __init__(self, upstream: int) -> None:
        (self.port,) = free_ports(1)
        self.upstream = upstream
        self.delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._flowing: asyncio.Event
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"weather-{upstream}", daemon=True)

    def __enter__(self) -> "Weather":
        self._thread.start()
        self._do(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def stall(self) -> None:
        """Nothing gets through, and nobody is told."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def flow(self) -> None:
        """Let everything through again, what was held back first."""
        self.delay = 0.0
        self._loop.call_soon_threadsafe(self._flowing.set)

    def cut(self) -> None:
        """Reset every connection; new ones are taken."""
        self._do(self._reset())

    def shut(self) -> None:
        """Take no connections any more and reset those that are open, as a server's own end would."""
        self._do(self._shut())

    def open(self) -> None:
        """Take connections, on the same port as ever."""
        self._do(self._listen())

    def _do(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(10)

    async def _begin(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        await self._listen()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._reset()

    async def _reset(self) -> None:
        for writer in list(self._writers):
            connection = writer.get_extra_info("socket")
            if connection is not None and connection.fileno() >= 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(far_writer)
        both = (self._pump(reader, far_writer), self._pump(far_reader, writer))
        await asyncio.wait([asyncio.ensure_future(one) for one in both])
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
