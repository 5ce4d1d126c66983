"""A running MLLP server with a recording store, and senders that write to it byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from prometheus_client import CollectorRegistry

from services.intake.metrics import IntakeMetrics
from services.intake.mllp import Limits, MllpServer
from services.intake.publisher import TooLarge
from services.runtime.outcomes import Unavailable

NOW = datetime(2021, 3, 2, 11, 0, 5, tzinfo=UTC)
PATIENCE = 10.0


@dataclass
class Store:
    """Records what it is given. ``down`` answers as an absent Kafka does, ``longest`` as a broker with a limit."""

    down: bool = False
    longest: int = 2**30
    hold: asyncio.Event | None = None
    records: list[tuple[str, bytes, bytes, Mapping[str, bytes]]] = field(default_factory=list)

    async def publish(self, topic: str, key: bytes, value: bytes, headers: Mapping[str, bytes]) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.down:
            raise Unavailable("kafka")
        if len(value) > self.longest:
            raise TooLarge
        self.records.append((topic, key, value, headers))

    @property
    def values(self) -> list[bytes]:
        return [value for _, _, value, _ in self.records]


@dataclass
class Sender:
    """A client's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> bytes:
        """The next framed answer, without its frame; IncompleteReadError when the server hangs up."""
        framed = await asyncio.wait_for(self.reader.readuntil(b"\x1c\r"), PATIENCE)
        assert framed[:1] == b"\x0b"
        return framed[1:-2]

    async def exchange(self, message: bytes) -> bytes:
        await self.write(b"\x0b" + message + b"\x1c\r")
        return await self.answer()

    async def hung_up(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), PATIENCE) == b""

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


@dataclass
class Door:
    """The server under test."""

    server: MllpServer
    store: Store
    metrics: IntakeMetrics
    port: int

    async def connect(self) -> Sender:
        return Sender(*await asyncio.open_connection("127.0.0.1", self.port))

    def counted(self, ack: str) -> float:
        return (
            self.metrics.registry.get_sample_value("cryo_intake_messages_total", {"protocol": "mllp", "ack": ack}) or 0
        )


@asynccontextmanager
async def door(limits: Limits | None = None, store: Store | None = None) -> AsyncIterator[Door]:
    store = store or Store()
    metrics = IntakeMetrics(CollectorRegistry())
    ids = count(1)
    server = MllpServer(store, metrics, limits, lambda: NOW, lambda: f"ACK{next(ids)}")
    port = await server.start("127.0.0.1", 0)
    try:
        yield Door(server, store, metrics, port)
    finally:
        await server.close()


def message(control_id: str = "M1", more: bytes = b"PID|1||EX0001\r", accept: str = "", application: str = "") -> bytes:
    header = f"MSH|^~\\&|RIS|IEO|CRYOWATCH|HOSP|20210302||ORU^R01^ORU_R01|{control_id}|P|2.5.1|||{accept}|{application}"
    return header.rstrip("|").encode() + b"\r" + more
