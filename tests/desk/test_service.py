"""The desk as a process: acts work while Kafka is away and wait for it; it ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from deploy.local.stack import ROOT, free_port
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe
from services.runtime.outbox_sender import OutboxSender
from services.runtime.outcomes import Unavailable
from services.runtime.settings import Settings
from tests.desk.conftest import BY, TOKEN, Office, without_patient

pytestmark = pytest.mark.live
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def process(office: Office, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    port, ops = free_port(), free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CRYOWATCH_")} | {
        "PYTHONPATH": str(ROOT),
        "CRYOWATCH_DATABASE_URL": office.settings.database_url,
        "CRYOWATCH_KAFKA": "127.0.0.1:1",
        "CRYOWATCH_GATEWAY_TOKEN_FILE": str(office.settings.gateway_token_file),
        "CRYOWATCH_DESK_PORT": str(port),
        "CRYOWATCH_OPS_PORT": str(ops),
    }
    command = [sys.executable, "-m", "services.desk"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE) as started:
        yield started, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{ops}"
        if started.poll() is None:
            started.kill()


def wait(address: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(address, timeout=2)
            return
        except httpx.TransportError:
            assert time.monotonic() < deadline, address
            time.sleep(0.1)


def test_acts_wait_for_kafka_and_the_service_says_that_it_is_away(
    office: Office, process: tuple[subprocess.Popen[bytes], str, str]
) -> None:
    started, address, ops = process
    wait(address)
    place = office.arrives(without_patient())
    assert 1 == httpx.get(f"{address}/dead-letters", headers=HEADERS).json()["total"]
    assert 202 == httpx.post(f"{address}/dead-letters/{place}/replay", headers=HEADERS, json={}).status_code
    assert 1 == len(office.outbox("hl7v2-inbound"))
    wait(ops)
    assert 503 == httpx.get(f"{ops}/readyz").status_code
    assert 200 == httpx.get(f"{ops}/livez").status_code
    served = httpx.get(f"{ops}/metrics").text
    assert 'cryo_desk_requests_total{act="dead-letter-replay",status="202"} 1.0' in served
    assert 'cryo_dead_letters_open{topic="hl7v2-inbound"} 0.0' in served
    assert 'cryo_outbox_rows{service="desk"} 3.0' in served  # two records and the replay; not the dead letter
    started.send_signal(signal.SIGTERM)
    assert 0 == started.wait(20)
    assert started.stdout
    logged = started.stdout.read().decode()
    assert "service_stopped" in logged
    assert "effusion" not in logged


def test_what_kafka_does_not_take_stays_in_the_outbox(office: Office) -> None:
    place = office.arrives(without_patient())
    office.desk.replay(BY, place)
    nowhere = KafkaAccess(Settings(kafka="127.0.0.1:1"))
    probe = KafkaProbe(nowhere)
    gone = OutboxSender(office.engine, ("hl7v2-inbound",), nowhere, probe, print, print, client="test", wait=2)
    with pytest.raises(Unavailable):
        gone.send()
    assert 1 == len(office.outbox("hl7v2-inbound"))
    with office.engine.begin() as connection:
        connection.execute(text("DELETE FROM outbox"))
    with pytest.raises(Unavailable):  # noticed without work at hand
        gone.send()


def test_a_password_file_that_is_away_for_a_moment_does_not_end_the_sending(office: Office, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a password")
    access = KafkaAccess(
        Settings(kafka="127.0.0.1:1", kafka_security="sasl_tls", kafka_user="desk", kafka_password_file=password)
    )
    place = office.arrives(without_patient())
    office.desk.replay(BY, place)
    password.unlink()
    heard: list[tuple[str, bool]] = []
    broken: list[BaseException] = []
    sender = OutboxSender(
        office.engine, ("hl7v2-inbound",), access, KafkaProbe(access), lambda *a: heard.append(a), broken.append,
        client="test", wait=2,
    )  # fmt: skip
    sender.start()
    until = time.monotonic() + 10
    while heard.count(("kafka", False)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    sender.stop()
    assert heard.count(("kafka", False)) >= 2, "it goes on asking"
    assert not broken
    assert 1 == len(office.outbox("hl7v2-inbound"))
