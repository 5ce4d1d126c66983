"""The intake as a process in front of a real Kafka: what it acknowledges is there, also when Kafka comes and goes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.local.broker import LocalBroker
from deploy.local.stack import free_port
from services.intake.publisher import KafkaPublisher
from services.runtime.kafka_access import KafkaAccess
from services.runtime.outcomes import Unavailable
from services.runtime.settings import Settings
from tests.intake.wire import message

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def broker() -> Iterator[LocalBroker]:
    with LocalBroker() as running:
        words = [sys.executable, "-m", "services.command", "topics", "create"]
        subprocess.run(words, env=os.environ | {"CRYOWATCH_KAFKA": running.bootstrap}, cwd=ROOT, check=True)
        yield running


@dataclass
class Intake:
    """A running intake and its ports."""

    process: subprocess.Popen[bytes]
    mllp: int
    http: int
    ops: int

    def exchange(self, value: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.mllp), timeout=30) as link:
            link.sendall(b"\x0b" + value + b"\x1c\r")
            answer = b""
            while not answer.endswith(b"\x1c\r"):
                piece = link.recv(65536)
                assert piece, "hung up without an answer"
                answer += piece
        return answer

    def status(self, path: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ops}{path}", timeout=5).status_code
        except httpx.HTTPError:
            return 0

    def post(self, value: bytes) -> int:
        headers = {"Content-Type": "application/fhir+json", "X-Sender": "EHR-IEO"}
        return httpx.post(f"http://127.0.0.1:{self.http}/fhir", content=value, headers=headers, timeout=30).status_code


@pytest.fixture
def intake(broker: LocalBroker) -> Iterator[Intake]:
    mllp, http, ops = free_port(), free_port(), free_port()
    settings = {
        "CRYOWATCH_KAFKA": broker.bootstrap,
        "CRYOWATCH_MLLP_PORT": str(mllp),
        "CRYOWATCH_FHIR_INTAKE_PORT": str(http),
        "CRYOWATCH_OPS_PORT": str(ops),
    }
    process = subprocess.Popen([sys.executable, "-m", "services.intake"], env=os.environ | settings, cwd=ROOT)
    running = Intake(process, mllp, http, ops)
    try:
        until(lambda: running.status("/readyz") == 200)
        yield running
    finally:
        process.kill()
        process.wait(10)


def until(condition: Callable[[], bool], patience: float = 40) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stored(broker: LocalBroker, topic: str) -> list[tuple[bytes, bytes, dict[str, bytes]]]:
    """Every record of a topic: key, value, headers."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=5000)
    try:
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        ends = consumer.end_offsets(places)
        consumer.assign(places)
        consumer.seek_to_beginning()
        wanted, found = sum(ends.values()), []
        while len(found) < wanted:
            record = next(consumer)
            found.append((record.key, record.value, dict(record.headers)))
        return found
    finally:
        consumer.close()


def test_what_is_acknowledged_lies_in_kafka_as_it_came(broker: LocalBroker, intake: Intake) -> None:
    long = message("LIVE-2", more=b"OBX|1|ED|||" + b"QUJD" * 300_000 + b"\r")
    report = '{"resourceType":"DiagnosticReport","status":"final","conclusion":"perché"}'.encode()
    assert b"MSA|AA|LIVE-1" in intake.exchange(message("LIVE-1"))
    assert b"MSA|AA|LIVE-2" in intake.exchange(long)
    assert intake.post(report) == 202
    hl7 = {value: (key, headers) for key, value, headers in stored(broker, "hl7v2-inbound")}
    headers = {"cw-source": b"mllp", "cw-sender": b"RIS|IEO", "content-type": b"x-application/hl7-v2+er7"}
    assert [(b"RIS|IEO", headers)] * 2 == [hl7[message("LIVE-1")], hl7[long]]
    assert (b"EHR-IEO", report) in [(key, value) for key, value, _ in stored(broker, "fhir-inbound")]


def test_while_kafka_is_away_senders_are_asked_to_send_again(broker: LocalBroker, intake: Intake) -> None:
    assert b"MSA|AA|BEFORE" in intake.exchange(message("BEFORE"))
    broker.kill()
    try:
        assert b"MSA|AE|AWAY" in intake.exchange(message("AWAY"))
        assert intake.post(b'{"resourceType":"Patient"}') == 503
        until(lambda: intake.status("/readyz") == 503)
        assert intake.status("/livez") == 200
    finally:
        broker.start()
    until(lambda: b"MSA|AA|AWAY" in intake.exchange(message("AWAY")))
    until(lambda: intake.status("/readyz") == 200)
    values = [value for _, value, _ in stored(broker, "hl7v2-inbound")]
    assert {message("BEFORE"), message("AWAY")} <= set(values)


def test_a_stop_signal_ends_it_in_order(intake: Intake) -> None:
    intake.process.send_signal(signal.SIGTERM)
    assert intake.process.wait(20) == 0


@pytest.mark.parametrize("setting", ["CRYOWATCH_MLLP_PORT", "CRYOWATCH_FHIR_INTAKE_PORT"])
def test_a_taken_port_stops_it_by_name(setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"CRYOWATCH_MLLP_PORT": "0", "CRYOWATCH_FHIR_INTAKE_PORT": "0", setting: str(taken.getsockname()[1])}
        words = [sys.executable, "-m", "services.intake"]
        done = subprocess.run(
            words, env=os.environ | ports, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode != 0
    assert setting in done.stderr


def test_a_publisher_without_kafka_says_so_in_a_bounded_time() -> None:
    publisher = KafkaPublisher(KafkaAccess(Settings(kafka=f"127.0.0.1:{free_port()}")), wait=1.0)

    async def try_it() -> bool:
        with pytest.raises(Unavailable):
            await publisher.publish("hl7v2-inbound", b"k", b"v", {})
        return await publisher.answers()

    started = time.monotonic()
    assert not asyncio.run(try_it())
    assert time.monotonic() - started < 10
    publisher.close()
