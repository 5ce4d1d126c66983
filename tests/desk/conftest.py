"""A real PostgreSQL with the migrated tables, letters buried by the normalizer's own batch, and clients of the desk."""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from httpx import Client
from sqlalchemy import Engine, text

from deploy.local.database import LocalDatabase
from services.audit.act import Agent
from services.audit.restraint import Restraint
from services.audit.trail import Trail
from services.casework.audited_act import Casework
from services.casework.dead_letter_desk import LetterDesk
from services.charts.publishing import Publisher
from services.clinical.facts import Fact
from services.command.migrate import alembic_config
from services.contracts.codec import validator
from services.desk.app import build
from services.report_normalizer.handler import handle
from services.runtime import ledger
from services.runtime.database import make_engine, metadata
from services.runtime.message import InboundMessage
from services.runtime.settings import Settings
from services.runtime.sites import Site, Sites
from tests.builders import LONG_AFTER, RULES
from tests.fhir_gateway.serving import serving

TOKEN = "a-token-for-the-desk-1"
BY = Agent("ris", "10.0.0.9", "M. Rossi")
SITES = Sites({"IEO": Site("IEO"), "HSR": Site("HSR")})


@dataclass
class Office:
    """A database, the acts on it, and what comes in."""

    engine: Engine
    settings: Settings
    opened: ExitStack
    offset: Iterator[int] = field(default_factory=itertools.count)

    @property
    def work(self) -> Casework:
        return Casework(self.engine, Trail("desk"), Restraint())

    @property
    def desk(self) -> LetterDesk:
        return LetterDesk(self.work)

    def arrives(self, value: bytes, headers: dict[str, bytes] | None = None, key: bytes = b"RIS|IEO") -> str:
        """A message through the normalizer's handler and the ledger; its place."""
        message = InboundMessage("hl7v2-inbound", 0, next(self.offset), value, key, headers or {"cw-source": b"mllp"})
        with self.engine.begin() as connection:
            outcome = handle(message, SITES)
            ledger.enter(connection, "report_normalizer", [(message, outcome)], lambda *_: None)
        return message.place

    def enter(self, *facts: Fact | list[Fact]) -> None:
        """Facts through the join's own transaction."""
        flat = [f for one in facts for f in (one if isinstance(one, list) else [one])]
        with self.engine.begin() as connection:
            Publisher(RULES, b"a routing key for tests, 32 bytes").enter(connection, flat, LONG_AFTER)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def outbox(self, topic: str) -> list[Any]:
        """Rows that wait for Kafka."""
        with self.engine.connect() as connection:
            query = text("SELECT slot, key, value, headers FROM outbox WHERE topic = :t ORDER BY id")
            return list(connection.execute(query, {"t": topic}))

    def audited(self) -> list[dict[str, Any]]:
        """The audit trail so far, every record fitting its schema."""
        found = [json.loads(bytes(row.value)) for row in self.outbox("audit-events")]
        for one in found:
            assert validator("audit-events.v1")(one) == [], one
        return found

    def acts(self) -> list[tuple[str, str, str]]:
        """Act, outcome and client of every record."""
        return [act(one) for one in self.audited()]

    def client(self, **changed: Any) -> Client:
        settings = self.settings.model_copy(update=changed)
        address = self.opened.enter_context(serving(build(self.work, settings)))
        return self.opened.enter_context(Client(base_url=address, timeout=30))


def act(record: dict[str, Any]) -> tuple[str, str, str]:
    requestor = next(a for a in record["agent"] if a["requestor"])
    return record["subtype"][1]["code"], record["outcome"], requestor["who"]["display"]


@pytest.fixture(scope="session")
def database() -> Iterator[LocalDatabase]:
    with LocalDatabase() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(database: LocalDatabase) -> Iterator[Engine]:
    engine = make_engine(Settings(database_url=database.create_database("desk")), pool=8)
    command.upgrade(alembic_config(engine), "head")
    yield engine
    engine.dispose()


@pytest.fixture
def office(migrated: Engine, tmp_path: Path) -> Iterator[Office]:
    """Empty tables, and nobody in them but the test."""
    with migrated.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    token = tmp_path / "token"
    token.write_text(TOKEN)
    url = migrated.url.render_as_string(hide_password=False)
    with ExitStack() as opened:
        yield Office(migrated, Settings(database_url=url, gateway_token_file=token), opened)


@pytest.fixture
def client(office: Office) -> Client:
    """A client that shows the token and says for whom it acts."""
    made = office.client()
    made.headers.update({"Authorization": f"Bearer {TOKEN}", "X-Operator": "M. Rossi"})
    return made


def hl7(*segments: str) -> bytes:
    return ("\r".join(segments) + "\r").encode()


def without_patient(number: str = "R1") -> bytes:
    """A report whose PID-3 is empty: a dead letter, and no one knows whose."""
    return hl7(
        f"MSH|^~\\&|PACSREP|IEO|CW|IEO|20260303110000+0000||ORU^R01|{number}|P|2.5.1",
        "PID|1||",
        f"OBR|1||{number}|24627-2^CT Chest^LN|||20260303100000+0000|||||||||||||||20260303110000+0000||CT|F",
        "OBX|1|TX|GDT^Findings^99IEO||Small left pleural effusion.||||||F",
    )


def corrected(value: bytes) -> bytes:
    return value.replace(b"PID|1||", b"PID|1||P1^^^IEO^MR")
