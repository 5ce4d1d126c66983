"""A broker and a database: those that the environment names, else fresh ones on this machine."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they answer, and the servers themselves where they are ours."""

    kafka: str
    database_url: str
    broker: LocalBroker | None = None
    database: LocalDatabase | None = None


@contextmanager
def broker_and_database() -> Iterator[Servers]:
    """CRYOWATCH_KAFKA and CRYOWATCH_DATABASE_URL where given; what isn't is started, and stopped at the end."""
    kafka = os.environ.get("CRYOWATCH_KAFKA")
    url = os.environ.get("CRYOWATCH_DATABASE_URL")
    with ExitStack() as opened:
        broker = None if kafka else LocalBroker()
        database = None if url else LocalDatabase()
        for server in (broker, database):
            if server:  # from this thread: the kernel ends children with the thread that started them
                opened.enter_context(server)
        yield Servers(
            kafka or (broker.bootstrap if broker else ""),
            url or (database.create_database("cryowatch") if database else ""),
            broker,
            database,
        )
