"""How long after a report's arrival the event is there: ``python -m bench.latency``.

Procedures are entered first; then their follow-up CT reports are sent at a steady rate, each with one adverse event to
find. Arrival is the broker's acknowledgment. Readable is when the event's row is committed (a trigger of the
benchmark's own notifies another connection), which is what the FHIR gateway reads. The gauge is
``complication_metrics``'s own, scraped ten times a second: the n-th report's is the first scrape that counts n events.
Answers are checked. Broker, database, services and this program share the machine.
"""

import argparse
import asyncio
import os
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

from bench.contest import reports
from bench.contest.measure import cpu, cpu_of_tree
from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.settled import wait_settled
from deploy.local.stack import Stack, running
from simulators.play import write_clock

SERVICES = ("report_normalizer", "procedure_joiner", "complication_metrics")
AS_OF = datetime(2022, 1, 1, tzinfo=UTC)
TARGET_S = 1.0
SCRAPE_S, WAIT_S = 0.1, 60.0
TELL = """
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_notify('readable', NEW.body->>'accession'); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON adverse_events FOR EACH ROW EXECUTE FUNCTION tell();
"""
GAUGE = 'cryo_adverse_events{certainty="definite",organ="all",'
WITH_EVENT = [n for n in range(len(reports.FINDINGS)) if reports.FINDINGS[n][1]]


class Watch:
    """Notes when each event can be read, and when the gauge counts how many."""

    def __init__(self, database: str, metrics: int) -> None:
        self.readable: dict[str, float] = {}
        self.counted: list[tuple[float, int]] = []
        self._database, self._metrics = database.replace("+psycopg", ""), metrics
        self._over, self._listening = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._read, self._scrape)]
        for thread in self._threads:
            thread.start()
        self._listening.wait(10)

    def _read(self) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            connection.execute("LISTEN readable")
            self._listening.set()
            while not self._over.is_set():
                for notice in connection.notifies(timeout=0.2):
                    self.readable.setdefault(notice.payload, time.monotonic())

    def _scrape(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._metrics, timeout=10)  # kept open, as Prometheus does
        while not self._over.wait(SCRAPE_S):
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
            now = time.monotonic()
            events = sum(
                float(line.rsplit(" ", 1)[1])
                for line in lines
                if line.startswith(GAUGE) and 'site="all"' in line and 'window="all"' in line
            )
            self.counted.append((now, int(events)))
        connection.close()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()


def _patient(n: int) -> list[bytes]:
    """A patient whose follow-up shows an event."""
    return reports.patient(n * len(reports.FINDINGS) + WITH_EVENT[n % len(WITH_EVENT)])


def _accession(n: int) -> str:
    return f"A{n * len(reports.FINDINGS) + WITH_EVENT[n % len(WITH_EVENT)]:06d}"


def _send(kafka: str, values: list[bytes], rate: float) -> list[float]:
    """Send at that rate; when the broker had each of them."""
    return asyncio.run(_sent(kafka, values, rate))


async def _sent(kafka: str, values: list[bytes], rate: float) -> list[float]:
    arrived = [0.0] * len(values)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0 if rate else 50) as producer:
        started = time.monotonic()
        for number, value in enumerate(values):
            if rate:
                await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            sent = await producer.send("hl7v2-inbound", value, b"PACSREP|IEO%d" % (number % 16))
            sent.add_done_callback(lambda _, n=number: arrived.__setitem__(n, time.monotonic()))
        await producer.flush()
        assert all(arrived), "the broker refused a message"
    return arrived


def _wait(watch: Watch, wanted: int) -> bool:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if len(watch.readable) >= wanted and watch.counted and watch.counted[-1][1] >= wanted:
            return True
        time.sleep(0.1)
    return False


def _latencies(watch: Watch, arrived: list[float], first: int) -> tuple[list[float], list[float]]:
    """Seconds to readable and to the gauge, of the reports from ``first`` on."""
    never = time.monotonic()
    readable = [watch.readable.get(_accession(n), never) - at for n, at in enumerate(arrived)]
    order, gauge = sorted(arrived), []
    scrapes = iter(watch.counted)
    at, counted = next(scrapes, (never, 0))
    for number, came in enumerate(order, 1):
        while counted < number:
            at, counted = next(scrapes, (never, len(order)))
        gauge.append(at - came)
    return readable[first:], gauge[first:]


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    cuts = statistics.quantiles(seconds, n=100)
    return (name, *(f"{1000 * cut:,.0f}" for cut in (cuts[49], cuts[94], cuts[98], max(seconds))))


def measure(
    rate: float, seconds: float, warm_up: float, joiners: int
) -> tuple[list[float], list[float], dict[str, float], bool]:
    """Latencies to readable and to the gauge, processor share by process, and whether all events were found."""
    number, first = int(rate * (seconds + warm_up)), int(rate * warm_up)
    patients = [_patient(n) for n in range(number)]
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        (folder / "sites.toml").write_text("[sites.IEO]\n", "utf-8")
        broker = opened.enter_context(LocalBroker())
        database = opened.enter_context(LocalDatabase())
        stack = Stack(broker.bootstrap, database.create_database("latency"), folder)
        write_clock(stack.clock_file, AS_OF)
        opened.enter_context(running(stack, SERVICES))
        more = [f"procedure_joiner-{n}" for n in range(2, joiners + 1)]
        for name in more:
            stack.start("procedure_joiner", name)
        stack.wait_ready(more)
        engine = create_engine(stack.database_url, isolation_level="AUTOCOMMIT")
        opened.callback(engine.dispose)
        _send(stack.kafka, [order for order, _, _ in patients], 0)
        wait_settled(stack.kafka, engine, number, AS_OF.isoformat(), patience=300)
        with engine.connect() as connection:
            connection.execute(text(TELL))
        watch = Watch(stack.database_url, stack.services["complication_metrics"].ops_port)
        pids = {name: stack.services[name].process.pid for name in (*SERVICES, *more)} | {"kafka": broker.pid}

        def spent() -> dict[str, float]:
            return {name: cpu(pid) for name, pid in pids.items()} | {"postgresql": cpu_of_tree(database.pid)}

        before, started = spent(), time.monotonic()
        arrived = _send(stack.kafka, [follow_up for _, _, follow_up in patients], rate)
        after, took = spent(), time.monotonic() - started
        complete = _wait(watch, number)
        watch.stop()
        shares = {name: (after[name] - before[name]) / took for name in before}
        readable, gauge = _latencies(watch, arrived, first)
        right = complete and set(watch.readable) == {_accession(n) for n in range(number)}
        return readable, gauge, shares, right and watch.counted[-1][1] == number


def main() -> int:
    """Measure and print; 1 when an event is missing or the 99th percentile is above the target."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=100.0, help="reports a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=20.0, help="seconds sent before, not counted")
    parser.add_argument("--joiners", type=int, default=1, help="workers of the joiner")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    good = True
    for number in range(given.rounds):
        readable, gauge, shares, right = measure(given.rate, given.seconds, given.warm_up, given.joiners)
        table = Table(title=f"{given.rate:.0f} reports/s for {given.seconds:.0f} s, {os.cpu_count()} cores, ms")
        for name in (f"round {number + 1}", "p50", "p95", "p99", "most"):
            table.add_column(name, justify="right")
        table.add_row(*_row("arrival to AdverseEvent readable", readable))
        table.add_row(*_row("arrival to gauge changed", gauge))
        Console(width=110).print(table)
        sys.stdout.write(
            "Processor share: " + ", ".join(f"{n} {100 * s:.0f} %" for n, s in shares.items()) + "\n"
            f"Answers {'right' if right else 'WRONG: an event is missing or too many'}\n"
        )
        good = good and right and max(statistics.quantiles(x, n=100)[98] for x in (readable, gauge)) < TARGET_S
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
