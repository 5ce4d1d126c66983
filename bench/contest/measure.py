"""One contender on servers of its own: how fast, for how much processor time, and with which answers."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Engine, create_engine, text

from bench.contest.contender import Contender
from bench.contest.progress import Task
from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.parent import die_with_parent
from deploy.local.stack import ROOT, Stack
from simulators.play import write_clock

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 90
AS_OF = datetime(2022, 1, 1, tzinfo=UTC)
"""Long after every procedure of the load."""

Records = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Messages a second, and microseconds of processor time a message: the contender's own, and PostgreSQL's."""

    rate: float
    own_us: float
    database_us: float
    right: bool
    each_us: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Point:
    """How far it was when, and what it had cost."""

    at: float
    done: int
    own: dict[str, float]
    database: float


def measure(
    contender: Contender,
    kind: str,
    topic: str,
    records: Records,
    right: Callable[[str], bool],
    database: LocalDatabase,
    python: Path,
    batch: int,
) -> Measured:
    """Fill the topic, let the contender empty it, and check the answers: ``right`` is asked with the broker."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        (folder / "sites.toml").write_text("[sites.IEO]\n", "utf-8")
        broker = opened.enter_context(LocalBroker())
        name = f"bench_{time.monotonic_ns()}"
        stack = Stack(broker.bootstrap, database.create_database(name), folder)
        stack.extra["CRYOWATCH_BATCH"] = str(batch)
        stack.prepare()
        _fill(broker.bootstrap, topic, records)
        if contender.services:
            points = opened.enter_context(_services(contender.services[kind], kind, stack, database, len(records)))
        else:
            task = Task(kind, broker.bootstrap, stack.database_url, topic, "bench", batch, len(records))
            points = opened.enter_context(_program(contender, task, database, python))
        taken = _until(points, len(records))
        return _figures(taken, right(broker.bootstrap) if contender.stateful else True)


def _fill(kafka: str, topic: str, records: Records) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=50, batch_size=2**18)
    for key, value in records:
        producer.send(topic, value, key)
    producer.flush(timeout=120)
    producer.close()


def _until(points: Callable[[], Point], wanted: int) -> list[Point]:
    deadline, taken = time.monotonic() + PATIENCE_S, list[Point]()
    while not taken or taken[-1].done < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{taken[-1].done if taken else 0} of {wanted} in {PATIENCE_S} s")
        point = points()
        if point.done >= 0 and (not taken or point.done > taken[-1].done):
            taken.append(point)
        time.sleep(0.02)
    return taken


def _figures(taken: list[Point], right: bool) -> Measured:
    """From the first progress seen to the end, so that nobody's start counts."""
    first, last = taken[0], taken[-1]
    done = max(1, last.done - first.done)
    each = {name: (last.own[name] - first.own.get(name, 0.0)) / done * 1e6 for name in last.own}
    return Measured(
        done / max(1e-6, last.at - first.at),
        sum(each.values()),
        (last.database - first.database) / done * 1e6,
        right,
        each,
    )


@contextmanager
def _program(contender: Contender, task: Task, database: LocalDatabase, python: Path) -> Iterator[Callable[[], Point]]:
    command = [str(python if contender.peer else sys.executable), "-m", f"bench.contest.{contender.module}"]
    process = subprocess.Popen(
        [*command, *task.arguments()],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if "BENCH_DEBUG" not in os.environ else None,
        preexec_fn=die_with_parent,
    )
    newest = [-1]

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b'{"done"'):
                newest[0] = json.loads(line)["done"]

    threading.Thread(target=listen, daemon=True).start()

    def point() -> Point:
        if process.poll() is not None:
            raise RuntimeError(f"{contender.name} ended with code {process.returncode}")
        return Point(time.monotonic(), newest[0], {contender.name: cpu(process.pid)}, cpu_of_tree(database.pid))

    try:
        yield point
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def _services(
    names: tuple[str, ...], kind: str, stack: Stack, database: LocalDatabase, messages: int
) -> Iterator[Callable[[], Point]]:
    write_clock(stack.clock_file, AS_OF)
    engine = create_engine(stack.database_url, isolation_level="AUTOCOMMIT")
    for name in names:
        stack.start(name)

    def point() -> Point:
        at = time.monotonic()
        own = {name: cpu(stack.services[name].process.pid) for name in names}
        return Point(at, _done(engine, kind, messages), own, cpu_of_tree(database.pid))

    try:
        yield point
    finally:
        stack.stop()
        engine.dispose()


def _done(engine: Engine, kind: str, messages: int) -> int:
    """Messages that are all the way through: for reports, as far as their facts are joined; nothing in the outbox."""
    with engine.connect() as connection:
        entered, results, facts, waiting = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM message_ledger), (SELECT coalesce(sum(results), 0) FROM message_ledger),"
                " (SELECT count(*) FROM facts), (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 1) o)"
            )
        ).one()
    if kind == "reports" and results:
        through = int(entered * facts / results)
    else:
        through = int(entered)
    if not entered:
        return -1
    return through - 1 if through == messages and waiting else through


def cpu(pid: int) -> float:
    """Processor seconds of one process so far, its ended children included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def cpu_of_tree(pid: int) -> float:
    """The same of a process and its living children."""
    total = cpu(pid)
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        total += sum(cpu(int(child)) for child in children.read_text("ascii").split())
    return total


def published(kafka: str, topics: tuple[str, ...]) -> list[bytes]:
    """Every value of those topics, read to their ends."""
    consumer = KafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        parts = [TopicPartition(t, p) for t in topics for p in consumer.partitions_for_topic(t) or ()]
        consumer.assign(parts)
        consumer.seek_to_beginning()
        ends, values = consumer.end_offsets(parts), list[bytes]()
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(timeout_ms=500).values():
                values += [r.value for r in records if r.value]
        return values
    finally:
        consumer.close()
