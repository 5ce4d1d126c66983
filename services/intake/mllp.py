"""The MLLP server: one frame after another on each connection, each answered when it is durable and not before."""

import asyncio
import socket
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.intake.acknowledgment import (
    BUSY,
    NOT_FRAMED,
    NOT_HL7,
    TOO_LONG,
    TRUNCATED,
    UNAVAILABLE,
    Acknowledgment,
    Problem,
    Verdict,
    acknowledge,
    batch_of,
)
from services.intake.framing import Frame, Framer, Whole
from services.intake.header import Header, read_header, split_batch
from services.intake.metrics import IntakeMetrics
from services.intake.publisher import Publisher, TooLarge
from services.runtime.outcomes import Unavailable

TOPIC = "hl7v2-inbound"
_MEDIA_TYPE = b"x-application/hl7-v2+er7"
_CHUNK = 65536
_HANDSHAKE_SECONDS = 10.0
_INCOMPLETE = {
    Whole.TOO_LONG: (Verdict.REFUSED, TOO_LONG),
    Whole.NO_ROOM: (Verdict.RETRY, BUSY),
    Whole.CUT_OFF: (Verdict.RETRY, TRUNCATED),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may do. Bytes and seconds; ``buffered`` is for all connections together."""

    longest_message: int = 16 * 2**20
    buffered: int = 256 * 2**20
    connections: int = 256
    idle: float = 3600.0
    stalled: float = 60.0
    closing: float = 10.0


def _new_id() -> str:
    return uuid.uuid4().hex[:20].upper()


class MllpServer:
    """Takes MLLP connections, inside TLS where ``tls`` is given.

    ``now`` and ``next_id`` are for the answers' MSH-7 and MSH-10.
    """

    def __init__(
        self,
        publisher: Publisher,
        metrics: IntakeMetrics,
        limits: Limits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        next_id: Callable[[], str] = _new_id,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._publisher = publisher
        self._metrics = metrics
        self._limits = limits or Limits()
        self._now = now
        self._next_id = next_id
        self._buffered = 0
        self._open: set[asyncio.Task[None]] = set()
        self.waiting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.stopping = False

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, also where 0 asked for any. OSError when the address can't be had."""
        patience = None if self._tls is None else _HANDSHAKE_SECONDS
        self._server = await asyncio.start_server(
            self._connected, host, port, limit=2 * _CHUNK, backlog=128, ssl=self._tls, ssl_handshake_timeout=patience
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more, finish what was received in whole, hang up."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for task in self.waiting:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=self._limits.closing)
        if self._server is not None:
            await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self._metrics.connections.inc()
        try:
            await _Connection(self, task, reader, writer).run(crowded=len(self._open) > self._limits.connections)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            self._metrics.connections.dec()
            writer.close()

    def room(self, size: int) -> bool:
        """Reserve bytes for buffers (negative: give back); False when all connections hold too many already."""
        if size > 0 and self._buffered + size > self._limits.buffered:
            return False
        self._buffered += size
        self._metrics.buffered.set(self._buffered)
        return True

    async def answer(self, frame: Frame, crowded: bool = False) -> list[bytes]:
        """Store what a frame holds and say what to send back, each without its frame."""
        if frame.whole is not Whole.COMPLETE:
            verdict, problem = _INCOMPLETE[frame.whole]
            return self._say(read_header(frame.content), verdict, problem)
        batch, messages = split_batch(frame.content)
        if not messages and batch is None:
            return self._say(None, Verdict.REFUSED, NOT_HL7)
        answers: list[Acknowledgment] = []
        for message in messages:
            header = read_header(message)
            if header is None:
                answers += self._acknowledge(batch, Verdict.REFUSED, NOT_HL7)
            elif crowded:
                answers += self._acknowledge(header, Verdict.RETRY, BUSY)
            else:
                answers += self._acknowledge(header, *await self._store(header, message))
        if batch is not None:
            return [batch_of(batch, answers, self._now(), self._next_id())]
        return [answer.content for answer in answers]

    def refuse_stray(self) -> list[bytes]:
        """The answer to bytes that came without a frame."""
        return self._say(None, Verdict.REFUSED, NOT_FRAMED)

    async def _store(self, header: Header, message: bytes) -> tuple[Verdict, Problem | None]:
        sender = header.sender
        headers = {"cw-source": b"mllp", "cw-sender": sender.encode(), "content-type": _MEDIA_TYPE}
        try:
            await self._publisher.publish(TOPIC, sender.encode(), message, headers)
        except Unavailable:
            return Verdict.RETRY, UNAVAILABLE
        except TooLarge:
            return Verdict.REFUSED, TOO_LONG
        self._metrics.last_stored.labels("mllp").set(self._now().timestamp())
        return Verdict.STORED, None

    def _acknowledge(self, header: Header | None, verdict: Verdict, problem: Problem | None) -> list[Acknowledgment]:
        answers = acknowledge(header, verdict, problem, self._now(), self._next_id)
        for code in [answer.code for answer in answers] or ["none"]:
            self._metrics.messages.labels("mllp", code).inc()
        return answers

    def _say(self, header: Header | None, verdict: Verdict, problem: Problem) -> list[bytes]:
        return [answer.content for answer in self._acknowledge(header, verdict, problem)]

    @property
    def limits(self) -> Limits:
        """The limits that hold for each connection."""
        return self._limits

    @property
    def metrics(self) -> IntakeMetrics:
        """Where this server counts."""
        return self._metrics


class _Connection:
    """One connection, from its first byte to the last answer."""

    def __init__(
        self,
        server: MllpServer,
        task: asyncio.Task[None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server = server
        self._task = task
        self._reader = reader
        self._writer = writer
        self._framer = Framer(server.limits.longest_message, server.room)
        self._counted = 0

    async def run(self, crowded: bool) -> None:
        """Read, store, answer, until the sender hangs up or is silent for too long. A crowded one gets one answer."""
        _keep_alive(self._writer)
        try:
            while data := await self._next():
                for frame in self._framer.feed(data):
                    await self._send(await self._server.answer(frame, crowded))
                    if crowded:
                        self._server.metrics.turned_away.inc()
                        return
                self._count_stray()
                if self._server.stopping:
                    return
            await self._leave()
        finally:
            self._framer.rest()

    async def _next(self) -> bytes:
        """The next bytes; none at the end of the stream, or when the sender is silent for too long."""
        self._server.waiting.add(self._task)
        try:
            return await asyncio.wait_for(self._reader.read(_CHUNK), self._patience(self._server.limits))
        except TimeoutError:
            return b""
        finally:
            self._server.waiting.discard(self._task)

    def _patience(self, limits: Limits) -> float:
        return limits.stalled if self._framer.inside or self._framer.stray else limits.idle

    async def _leave(self) -> None:
        """Before hanging up: say what is wrong with what was sent and not answered."""
        stray = self._framer.stray
        cut_off = self._framer.rest()
        if cut_off is not None:
            await self._send(await self._server.answer(cut_off))
        elif stray:
            await self._send(self._server.refuse_stray())

    async def _send(self, answers: list[bytes]) -> None:
        for answer in answers:
            self._writer.write(b"\x0b" + answer + b"\x1c\r")
        await asyncio.wait_for(self._writer.drain(), self._server.limits.stalled)

    def _count_stray(self) -> None:
        self._server.metrics.stray_bytes.inc(self._framer.stray_in_all - self._counted)
        self._counted = self._framer.stray_in_all


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Probe a silent peer after three minutes, so that neither a dead one nor a forgetful firewall stays unnoticed."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 180), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
