"""The services' own processors over a real PostgreSQL, in this process: the outbox stands in for Kafka."""

import secrets
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, delete, select

from services.charts.day_sums import sum_some
from services.charts.due import publish_due
from services.charts.publishing import Publisher
from services.clinical.moments import parse_iso
from services.clinical.publish import Rules
from services.procedure_joiner import app as joiner
from services.report_normalizer import app as normalizer
from services.runtime.message import InboundMessage
from services.runtime.settings import Settings
from services.runtime.tables import outbox
from services.telemetry_reducer import app as reducer
from simulators.message import Message

ROOT = Path(__file__).parents[2]


class Pipeline:
    """Messages in, tables out. ``sent`` keeps what left for the compacted topics, newest last."""

    def __init__(self, engine: Engine, folder: Path, as_of: str) -> None:
        for name in ("event_id_key", "routing_key"):
            if not (folder / name).exists():
                (folder / name).write_text(secrets.token_hex(32))
        (folder / "clock").write_text(as_of)
        self.engine, self.as_of = engine, parse_iso(as_of)
        self.settings = Settings(
            database_url=engine.url.render_as_string(hide_password=False),
            secrets_dir=folder,
            sites_file=ROOT / "deploy" / "sites.example.toml",
            clock_file=folder / "clock",
        )
        self.processors = [one.build(self.settings) for one in (normalizer, reducer)]
        self.joiner = joiner.build(self.settings)
        rules = Rules(self.settings.secret("event_id_key"), published=self.settings.ruleset)
        self.publisher = Publisher(rules, self.settings.secret("routing_key"))
        self.offsets: dict[str, int] = {}
        self.sent: list[tuple[str, str, bytes | None]] = []

    def environment(self) -> dict[str, str]:
        """The same settings for the command."""
        names = ("database_url", "secrets_dir", "sites_file", "clock_file")
        return {f"CRYOWATCH_{name.upper()}": str(getattr(self.settings, name)) for name in names}

    def place(self, message: Message) -> InboundMessage:
        offset = self.offsets[message.topic] = self.offsets.get(message.topic, -1) + 1
        return InboundMessage(message.topic, 0, offset, message.value, message.key, dict(message.headers))

    def play(self, messages: Iterable[Message], batch: int = 50) -> list[InboundMessage]:
        """Through ledger, join, timer and sums; returns the messages as they lie in Kafka, to be delivered again."""
        placed = [self.place(message) for message in messages]
        for start in range(0, len(placed), batch):
            self.deliver(placed[start : start + batch])
        self.settle()
        return placed

    def deliver(self, messages: list[InboundMessage]) -> None:
        for processor in self.processors:
            mine = [message for message in messages if message.topic in processor.sources]
            if mine:
                processor.apply(self.engine, mine)
        self.join()

    def join(self) -> None:
        """What waits in the outbox goes out; facts come to the joiner, in one batch."""
        while True:
            with self.engine.begin() as connection:
                rows = connection.execute(select(outbox).order_by(outbox.c.id)).all()
                connection.execute(delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))
            if not rows:
                return
            self.sent += [(r.topic, r.slot, r.value) for r in rows]
            facts = [InboundMessage(r.topic, 0, r.id, r.value) for r in rows if r.topic == joiner.TOPIC]
            if facts:
                self.joiner.apply(self.engine, facts)

    def settle(self) -> None:
        """The timer's and the metrics service's work, until there is none."""
        with self.engine.begin() as connection:
            while publish_due(connection, self.publisher, self.as_of):
                pass
            while sum_some(connection):
                pass
        self.join()
