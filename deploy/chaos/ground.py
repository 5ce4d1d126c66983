"""The ground of a chaos run: broker and database on small disks behind proxies, all services, and their supervisor."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from deploy.chaos.small_disk import SmallDisk
from deploy.chaos.weather import Weather
from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.stack import Stack

BROKER_MEGABYTES = 160
DATABASE_MEGABYTES = 400
BATCH = "40"
"""Small transactions: more of them for a fault to fall between."""

STOP_GRACE = 30.0
_RESTART_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Exit:
    """A service that ended without being told to."""

    replica: str
    code: int


@dataclass
class Ground:
    """Everything that a fault can strike. Replicas are named after their service, further ones with a number."""

    broker: LocalBroker
    database: LocalDatabase
    broker_weather: Weather
    database_weather: Weather
    broker_disk: SmallDisk
    database_disk: SmallDisk
    stack: Stack
    skew: timedelta = timedelta(0)
    """By how much console clocks are wrong at present."""
    bugs_expected: bool = False
    """Whether a fault is on that services answer by stopping loudly."""
    exits: list[Exit] = field(default_factory=list)
    disks_met: int = 0
    """How many full disks the server behind them has run into."""
    _wanted: dict[str, str] = field(default_factory=dict)
    _again_at: dict[str, float] = field(default_factory=dict)
    _leaving: dict[str, float] = field(default_factory=dict)

    @property
    def replicas(self) -> dict[str, str]:
        """The replicas that should be up, with their service."""
        return dict(self._wanted)

    @property
    def direct_database_url(self) -> str:
        """The database as the referee reaches it, past the weather."""
        return self.stack.database_url.replace(str(self.database_weather.port), str(self.database.port))

    def start(self, service: str, replica: str = "") -> None:
        """Start a replica, after its forerunner has left; from now on the supervisor keeps it up."""
        name = replica or service
        self._wanted[name] = service
        if name not in self._leaving:
            self.stack.start(service, name)

    def kill(self, replica: str) -> None:
        """Kill -9; it stays down until it is started again."""
        self._wanted.pop(replica, None)
        self._again_at.pop(replica, None)
        self.stack.kill(replica)

    def end(self, replica: str) -> None:
        """SIGTERM, and SIGKILL for one that doesn't end within the usual patience; without waiting for it."""
        self._wanted.pop(replica, None)
        self.signal(replica, signal.SIGTERM)
        self._leaving[replica] = time.monotonic() + STOP_GRACE

    def signal(self, replica: str, number: signal.Signals) -> None:
        """A signal to a replica that lives."""
        process = self.stack.services[replica].process
        if process.poll() is None:
            os.kill(process.pid, number)

    def supervise(self) -> None:
        """See those out who leave, and start again who has ended by itself, as ``restart: unless-stopped`` does."""
        for replica, deadline in list(self._leaving.items()):
            process = self.stack.services[replica].process
            if process.poll() is None and time.monotonic() > deadline:
                process.kill()
                process.wait(10)
            if process.poll() is not None:
                del self._leaving[replica]
                if replica in self._wanted:
                    self.stack.start(self._wanted[replica], replica)
        for replica, service in self._wanted.items():
            code = self.stack.services[replica].process.poll()
            if code is None or replica in self._leaving:
                continue
            if replica not in self._again_at:
                if not (self.bugs_expected and code == 70):
                    self.exits.append(Exit(replica, code))
                self._again_at[replica] = time.monotonic() + _RESTART_PAUSE
            elif time.monotonic() >= self._again_at[replica]:
                del self._again_at[replica]
                self.stack.start(service, replica)

    def unready(self) -> list[str]:
        """The replicas that should be ready and aren't, and those that haven't left yet."""
        return [*self._leaving, *(name for name in self._wanted if not self.stack.services[name].ready)]

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """The referee's own connection to the database."""
        return psycopg.connect(self.direct_database_url.replace("+psycopg", ""), autocommit=True, connect_timeout=5)


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Servers up, tables and topics made, services not yet started; nothing is left behind."""
    with ExitStack() as opened:
        broker = LocalBroker()
        database = LocalDatabase(settings=("max_wal_size=64MB", "min_wal_size=32MB", "checkpoint_timeout=30s"))
        opened.callback(_remove, broker, database, folder / "logs")
        broker_weather = opened.enter_context(Weather(broker.proxied_port))
        broker.advertised = broker_weather.port
        database_weather = opened.enter_context(Weather(database.port))
        broker_disk = SmallDisk(
            broker.directory / "data", BROKER_MEGABYTES, lambda: broker.pid, broker.directory / "broker.log"
        )
        database_disk = SmallDisk(
            database.directory / "data", DATABASE_MEGABYTES, lambda: database.pid, database.directory / "server.log"
        )
        for part in (broker_disk, database_disk, broker, database):
            opened.enter_context(part)
        url = database.create_database("cryowatch").replace(str(database.port), str(database_weather.port))
        settings = {"CRYOWATCH_BATCH": BATCH}
        stack = Stack(f"127.0.0.1:{broker_weather.port}", url, folder, settings)
        stack.broker = broker
        opened.callback(stack.stop)
        stack.prepare()
        yield Ground(broker, database, broker_weather, database_weather, broker_disk, database_disk, stack)


def _remove(broker: LocalBroker, database: LocalDatabase, logs: Path) -> None:
    """Keep the servers' logs beside those of the services; all else goes."""
    for log in (broker.directory / "broker.log", database.directory / "server.log"):
        if log.exists():
            logs.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, logs / log.name)
    for server in (broker, database):
        shutil.rmtree(server.directory, ignore_errors=True)
