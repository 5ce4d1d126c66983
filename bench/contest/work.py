"""The stateful work of one batch, in one PostgreSQL transaction: for contenders that have no state store of their own.

It is CryoWatch's own handlers and its own SQL, without the message ledger and without the outbox: what is to be
published is handed back, to be produced after the commit.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, create_engine

from services.charts import publishing
from services.charts.outgoing_facts import outgoing
from services.charts.publishing import Publisher
from services.clinical.publish import Rules
from services.report_normalizer.handler import handle as normalize
from services.runtime.message import InboundMessage
from services.runtime.outbox import Outgoing
from services.runtime.outcomes import Done
from services.runtime.sites import Site, Sites
from services.telemetry_reducer.app import summaries
from services.telemetry_reducer.handler import handle as reduce_frame

AS_OF = datetime(2022, 1, 1, tzinfo=UTC)
KEY = b"a key for the benchmarks, 32 bytes"
Record = tuple[str, int, int, bytes]
"""Topic, partition, offset, value."""

Work = Callable[[Iterable[Record]], list[Outgoing]]


def work_of(kind: str, url: str) -> Work:
    """The work of that kind, ``telemetry`` or ``reports``, on that database."""
    engine = create_engine(url)
    return _telemetry(engine) if kind == "telemetry" else _reports(engine)


def _telemetry(engine: Engine) -> Work:
    sites = Sites({"IEO": Site("IEO")})

    def apply(records: Iterable[Record]) -> list[Outgoing]:
        outcomes = [reduce_frame(InboundMessage(*record), sites) for record in records]
        frames = [frame for o in outcomes if isinstance(o, Done) for frame in o.results]
        with engine.begin() as connection:
            facts = summaries(connection, frames) if frames else []
        return outgoing(facts, KEY)

    return apply


def _reports(engine: Engine) -> Work:
    sites, publisher = Sites({"IEO": Site("IEO")}), Publisher(Rules(event_key=KEY), KEY)
    collected: list[Outgoing] = []

    def collect(_: Connection, records: Iterable[Outgoing]) -> None:
        collected.extend(records)

    publishing.put = collect  # no outbox: this process publishes for itself

    def apply(records: Iterable[Record]) -> list[Outgoing]:
        collected.clear()
        outcomes = [normalize(InboundMessage(*record), sites) for record in records]
        facts = [fact for o in outcomes if isinstance(o, Done) for fact in o.results]
        with engine.begin() as connection:
            publisher.enter(connection, facts, AS_OF)
        return list(collected)

    return apply
