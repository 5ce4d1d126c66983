"""Invented people in thousands of places of whole, wrong and broken messages; none is seen where none belongs.

Where none belongs: log lines, metrics, Kafka keys and headers, what a dead letter says about its message, and what is
answered to whoever hasn't shown that he may read.
"""

import base64
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import create_engine, text

from deploy.local.database import LocalDatabase
from deploy.local.settled import ledger_rows, wait_settled
from deploy.local.stack import SERVICES, Stack
from services.contracts.registry import topics
from tests.live.canaries import ACCESSION, FAMILY, NUMBER, Planted, corpus, seen
from tests.live.conftest import StackMaker

pytestmark = pytest.mark.live
AS_OF = "2023-01-01T00:00:00Z"
FHIR = {"Content-Type": "application/fhir+json", "X-Sender": "EHR"}
TOKEN = "readers-token-0001"


class Said:
    """Everything that was answered to senders: MLLP acknowledgments and HTTP answers."""

    def __init__(self, stack: Stack) -> None:
        self._mllp = ("127.0.0.1", stack.ports["mllp"])
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{stack.ports['fhir_intake']}", timeout=30)
        self.answers: list[str] = []
        self.stored = 0

    def mllp(self, value: bytes) -> None:
        """Send one frame, if it can be framed, and keep the answer."""
        with socket.create_connection(self._mllp, timeout=30) as link:
            link.sendall(b"\x0b" + value.replace(b"\x1c", b"").replace(b"\x0b", b"") + b"\x1c\r")
            link.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := link.recv(65536):
                answer += piece
        # MSH-10 comes back in MSA-2: the sender's own word, which the protocol demands.
        kept = [line for line in answer.split(b"\r") if not line.startswith(b"MSA")]
        self.answers.append(b"\r".join(kept).decode("utf-8", "replace"))
        self.stored += answer.count(b"MSA|AA")

    def post(self, path: str, value: bytes, method: str = "POST") -> None:
        answer = self._http.request(method, path, content=value, headers=FHIR)
        self.answers.append(f"{answer.headers} {answer.text}")
        self.stored += answer.status_code == 202

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def played(make_stack: StackMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Said]]:
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(TOKEN)
    more = {
        "CRYOWATCH_LOG_LEVEL": "debug",
        "CRYOWATCH_GATEWAY_TOKEN_FILE": str(token),
        "CRYOWATCH_GATEWAY_EVIDENCE": "token",
        "CRYOWATCH_DEAD_LETTER_LIMIT": "100000",
    }
    stack = make_stack("canary", SERVICES, more)
    stack.clock_file.write_text(AS_OF)
    said = Said(stack)
    messages = corpus()
    for planted in messages:  # through the front doors
        if planted.topic == "hl7v2-inbound":
            said.mllp(planted.value)
        elif planted.topic == "fhir-inbound":
            said.post("/fhir", planted.value)
    for path in (f"/fhir/{FAMILY}", f"/fhir/Patient/{NUMBER}", f"/{FAMILY}?name={FAMILY}", "/fhir/%00" + NUMBER):
        said.post(path, b'{"resourceType":"Patient","id":"other"}')
        said.post(path, b'{"resourceType":"Patient","id":"other"}', "PUT")
    total = said.stored + _straight_to_kafka(stack, messages)
    engine = create_engine(stack.database_url)
    wait_settled(stack.kafka, engine, total, AS_OF, patience=180)
    engine.dispose()
    yield stack, said
    said.close()


def _straight_to_kafka(stack: Stack, messages: list[Planted]) -> int:
    """As an interface engine that writes to the topics itself: what the intake refuses comes in here too."""
    producer = KafkaProducer(bootstrap_servers=stack.kafka)
    for planted in messages:
        producer.send(planted.topic, planted.value, headers=[("cw-sender", b"EHR")])
    facts = [b"{", json.dumps({"schema": "clinical-facts.v1", FAMILY: NUMBER}).encode(), f'"{FAMILY}"'.encode()]
    for value in facts:
        producer.send("clinical-facts", value)
    producer.flush(60)
    producer.close()
    return len(messages)


def _records(stack: Stack) -> list[Any]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, enable_auto_commit=False)
    places = [TopicPartition(t.name, p) for t in topics() for p in range(t.partitions)]
    ends = consumer.end_offsets(places)
    consumer.assign(places)
    consumer.seek_to_beginning()
    found: list[Any] = []
    deadline = time.monotonic() + 60
    while any(consumer.position(place) < ends[place] for place in places):
        assert time.monotonic() < deadline
        for records in consumer.poll(timeout_ms=500).values():
            found += records
    consumer.close()
    return found


def test_the_corpus_reaches_every_kind_of_end(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    engine = create_engine(stack.database_url)
    rows = ledger_rows(engine)
    with engine.connect() as connection:
        codes = set(connection.execute(text("SELECT DISTINCT code FROM message_ledger")).scalars())
        events = connection.execute(text("SELECT count(*) FROM adverse_events")).scalar_one()
        known = connection.execute(
            text("SELECT count(*) FROM procedure_records WHERE body::text LIKE :a"), {"a": f"%{ACCESSION}%"}
        )
        assert known.scalar_one()
    engine.dispose()
    assert events
    for topic in ("hl7v2-inbound", "fhir-inbound", "procedure-telemetry"):
        assert rows[topic, "dead_letter"]
        assert rows[topic, "done"]
    assert "rejected_by_database" in codes or "identifier_too_long" in codes
    assert len(codes) >= 20, codes


def test_no_service_logs_a_patient(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    for name, service in stack.services.items():
        lines = service.log.read_text("utf-8", "replace")
        assert service.process.poll() is None, lines[-2000:]
        assert lines.strip()
        assert [] == [line for line in lines.splitlines() if seen(line)], name


def test_the_database_server_logs_none_either(played: tuple[Stack, Said], database: LocalDatabase) -> None:
    assert played
    lines = (database.directory / "server.log").read_text("utf-8", "replace").splitlines()
    assert lines
    assert [] == [line for line in lines if seen(line)]


def test_no_metric_and_no_ops_answer_names_one(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    for service in stack.services.values():
        for path in ("/metrics", "/livez", "/readyz", f"/{FAMILY}", f"/metrics/{NUMBER}?name={FAMILY}"):
            answer = httpx.get(f"http://127.0.0.1:{service.ops_port}{path}", timeout=10)
            assert [] == seen(answer.text), (service.name, path)
            assert [] == seen(str(answer.headers))


def test_no_answer_to_a_sender_repeats_one(played: tuple[Stack, Said]) -> None:
    _, said = played
    assert len(said.answers) > 300
    assert [] == [answer for answer in said.answers if seen(answer)]


def test_no_kafka_key_or_header_names_one(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    records = _records(stack)
    unused = {"adjudications", "audit-events"}
    assert {t.name for t in topics()} - unused == {record.topic for record in records} - unused
    for record in records:
        outside = [
            record.key or b"",
            *(part for name, value in record.headers for part in (name.encode(), value or b"")),
        ]
        assert [] == [part for part in outside if seen(part)], record.topic


def test_a_dead_letter_says_nothing_of_its_message_but_the_bytes(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    letters = [json.loads(record.value) for record in _records(stack) if record.topic == "dead-letters"]
    assert len(letters) > 50
    assert any(seen(base64.b64decode(letter["value_base64"])) for letter in letters)
    for letter in letters:
        around = {name: value for name, value in letter.items() if name != "value_base64"}
        key = base64.b64decode(around.pop("key_base64") or "")
        headers = {name: base64.b64decode(value).decode() for name, value in around.pop("headers").items()}
        assert [] == seen(json.dumps(around)) == seen(key) == seen(json.dumps(headers)), around
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        places = connection.execute(
            text('SELECT DISTINCT "where" FROM message_ledger WHERE code IS NOT NULL')
        ).scalars()
        assert [] == [place for place in places if place and seen(place)]
    engine.dispose()


def test_the_gateway_tells_a_stranger_nothing_and_repeats_no_search(played: tuple[Stack, Said]) -> None:
    stack, _ = played
    base = f"http://127.0.0.1:{stack.ports['gateway']}"
    reader = {"Authorization": f"Bearer {TOKEN}"}
    paths = [
        f"/r4/AdverseEvent?subject:identifier={NUMBER}",
        f"/r4/AdverseEvent/{NUMBER}",
        f"/r4/AdverseEvent?date={FAMILY}",
        f"/r5/AdverseEvent?subject=Patient/{NUMBER}&_count={FAMILY}",
        f"/r4/AdverseEvent?_sort={FAMILY}",
        f"/r4/AdverseEvent?_after={NUMBER}",
        f"/r4/AdverseEvent/{NUMBER}/_history/{FAMILY}",
        f"/r4/{FAMILY}",
        f"/r4/{FAMILY}/{NUMBER}",
        f"/{FAMILY}",
        f"/r4/AdverseEvent?_id=%00{NUMBER}",
        f"/r4/AdverseEvent?subject:identifier=a|b|{NUMBER}",
    ]
    for path in paths:
        stranger = httpx.get(base + path, timeout=30)
        assert stranger.status_code in (401, 404), path
        assert [] == seen(stranger.text) == seen(str(stranger.headers)), path
        known = httpx.get(base + path, headers=reader, timeout=30)
        if known.status_code >= 400:
            assert [] == seen(known.text), path
    assert FAMILY not in httpx.get(f"{base}/r4/AdverseEvent", headers=reader, timeout=30).text
    assert NUMBER in httpx.get(f"{base}/r4/AdverseEvent", headers=reader, timeout=30).text
    log = stack.services["fhir_gateway"].log.read_text("utf-8")
    assert [] == seen(log)
