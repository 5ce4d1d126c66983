"""The broker and the database that the demo and the tests run on: they keep data over kill -9 and leave nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from deploy.local import broker as broker_module
from deploy.local import database as database_module
from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.servers import broker_and_database

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]


def until(holds: Callable[[], bool], patience: float = 30) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def values(bootstrap: str, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        part = TopicPartition(topic, 0)
        consumer.assign([part])
        consumer.seek_to_beginning(part)
        end = consumer.end_offsets([part])[part]
        found: list[bytes] = []
        assert until(lambda: found.extend(r.value for r in consumer.poll(500).get(part, [])) or len(found) >= end)
        return found
    finally:
        consumer.close(autocommit=False)


def test_kafka_keeps_its_records_and_its_port_over_kill_9() -> None:
    with LocalBroker() as broker:
        address = broker.bootstrap
        admin = KafkaAdminClient(bootstrap_servers=address)
        admin.create_topics([NewTopic("kept", 1, 1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=address)
        for number in range(100):
            producer.send("kept", str(number).encode())
        producer.flush(30)
        producer.close()

        broker.kill()
        broker.start()

        assert address == broker.bootstrap
        assert [str(n).encode() for n in range(100)] == values(address, "kept")
        folder, pid = broker.directory, broker.pid
    assert not alive(pid)
    assert not folder.exists()


def test_postgresql_keeps_committed_rows_over_kill_9() -> None:
    with LocalDatabase() as database:
        url = database.create_database("kept").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE t (n integer)")
            connection.execute("INSERT INTO t SELECT generate_series(1, 100)")

        database.kill()
        database.start()

        with psycopg.connect(url) as connection:
            assert (100,) == connection.execute("SELECT count(*) FROM t").fetchone()
            assert ("on",) == connection.execute("SHOW fsync").fetchone()
        folder, pid = database.directory, database.pid
    assert not alive(pid)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_postgresql_starts_for_root_from_programs_that_only_root_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    installed = database_module.programs()
    package = installed.parents[1]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (private / folder.name).symlink_to(folder)
    hidden = private / installed.relative_to(package.parent)
    monkeypatch.setattr(database_module, "programs", lambda: hidden)
    with LocalDatabase() as database, psycopg.connect(database.url.replace("+psycopg", "")) as connection:
        assert (1,) == connection.execute("SELECT 1").fetchone()
        assert 0o700 == private.stat().st_mode & 0o777


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_servers_end_when_the_process_that_started_them_is_killed() -> None:
    program = (
        "from deploy.local.servers import broker_and_database\n"
        "import sys\n"
        "with broker_and_database() as s:\n"
        "    print(s.broker.pid, s.database.pid, s.broker.directory, s.database.directory, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CRYOWATCH_")}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=clean
    ) as owner:
        assert owner.stdout is not None
        *pids, broker_folder, database_folder = owner.stdout.readline().split()
        owner.kill()
    try:
        assert until(lambda: not any(alive(int(pid)) for pid in pids))
    finally:
        for folder in (broker_folder, database_folder):
            subprocess.run(["rm", "-rf", folder], check=True)


def test_given_servers_are_used_and_none_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_KAFKA", "kafka.example:9092")
    monkeypatch.setenv("CRYOWATCH_DATABASE_URL", "postgresql+psycopg://somebody@db.example/cryowatch")
    with broker_and_database() as servers:
        assert "kafka.example:9092" == servers.kafka
        assert "postgresql+psycopg://somebody@db.example/cryowatch" == servers.database_url
        assert (None, None) == (servers.broker, servers.database)


def test_a_broker_that_cannot_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = LocalBroker(properties={"process.roles": "nonsense"})
    with pytest.raises(RuntimeError, match=r"StorageTool failed"), broker:
        pass
    assert not broker.directory.exists()

    import jgo

    def unreachable(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(jgo, "build", unreachable)
    with pytest.raises(RuntimeError, match=r"can't be fetched from Maven Central .* set CRYOWATCH_KAFKA"):
        broker_module.classpath()
