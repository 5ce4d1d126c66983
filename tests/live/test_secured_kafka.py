"""A broker that grants nothing by itself: each service under its own user, with what it needs and no more."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from sqlalchemy import create_engine, text

from deploy.local.database import LocalDatabase
from deploy.local.secured_broker import ADMIN, SecuredBroker
from deploy.local.settled import wait_settled
from deploy.local.stack import SERVICES, Stack, running
from services.clinical.identifiers import routing_key
from services.clinical.moments import iso
from services.contracts.registry import topic, topics
from services.intake.publisher import KafkaPublisher
from services.runtime.kafka_access import KafkaAccess
from services.runtime.kafka_reach import KafkaProbe, Reached, reach
from services.runtime.outcomes import Unavailable
from services.runtime.settings import Settings
from services.runtime.topics import require_topics
from simulators.intake_sink import IntakeSink
from simulators.play import build_run, write_clock
from tests.certificates import Authority
from tests.live.outcome import as_published, ledger, oracle, published

pytestmark = pytest.mark.live
USERS = [f"cryowatch-{name}" for name in (*SERVICES, "topics", "console_gateway")]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def broker(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    cert, key = authority.issue("broker")
    with SecuredBroker(authority.file, cert, key, tmp_path_factory.mktemp("passwords"), "CN=broker") as started:
        started.add_users(USERS)
        yield started


@pytest.fixture(scope="module")
def stack(
    broker: SecuredBroker, authority: Authority, database: LocalDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    own = {name: broker.settings(f"cryowatch-{name}") for name in SERVICES}
    # One service comes by its certificate.
    cert, key = authority.issue("cryowatch-telemetry_reducer")
    own["telemetry_reducer"] = {
        "CRYOWATCH_KAFKA": broker.mutual,
        "CRYOWATCH_KAFKA_SECURITY": "tls",
        "CRYOWATCH_KAFKA_CA_FILE": str(authority.file),
        "CRYOWATCH_KAFKA_CERT_FILE": str(cert),
        "CRYOWATCH_KAFKA_KEY_FILE": str(key),
    }
    made = Stack(broker.bootstrap, database.create_database("secured"), tmp_path_factory.mktemp("secured"), own=own)
    own["command"] = broker.settings(ADMIN)
    assert "Granted 42 of 42 rights" in made.command("acls", "--apply")
    assert "Granted" in made.command("acls", "--apply", "--principal", "User:CN=cryowatch-{service}")
    assert "All 42 rights are there." in made.command("acls", "--apply")
    own["command"] = broker.settings("cryowatch-topics")
    with pytest.raises(RuntimeError, match="use an administrator's"):
        made.command("acls", "--apply", "--principal", "User:{service}")
    with running(made):
        yield made


def test_the_cohort_comes_out_with_each_service_under_its_own_user(broker: SecuredBroker, stack: Stack) -> None:
    run = build_run(seed=5, cohort="paper", faults=0.3)
    fhir = f"http://127.0.0.1:{stack.ports['fhir_intake']}/fhir"
    sink = IntakeSink(
        broker.bootstrap, f"127.0.0.1:{stack.ports['mllp']}", fhir, broker.client("cryowatch-console_gateway")
    )
    messages = list(run.messages)[:600]
    for message in messages:
        sink.send(message)
    sink.close()
    write_clock(stack.clock_file, run.horizon)
    engine = create_engine(stack.database_url)
    wait_settled(stack.kafka, engine, len(messages) - sink.refused, iso(run.horizon), client=broker.client(ADMIN))
    engine.dispose()
    assert ("hl7v2-inbound", "done") in ledger(stack)
    assert ("procedure-telemetry", "done") in ledger(stack)
    found = published(stack)
    assert found["records"]
    assert found["events"]
    assert as_published(oracle(messages, stack, run.horizon)) == found


def _consumed(client: dict[str, Any], name: str) -> int:
    """How many records of a topic a user gets to see in a few seconds."""
    consumer = KafkaConsumer(**client, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        consumer.assign([TopicPartition(name, p) for p in range(topic(name).partitions)])
        return sum(len(records) for _ in range(3) for records in consumer.poll(timeout_ms=1000).values())
    except TopicAuthorizationFailedError:
        return 0
    finally:
        consumer.close()


def _joined(client: dict[str, Any], group: str, name: str) -> None:
    consumer = KafkaConsumer(name, **client, group_id=group)
    try:
        consumer.poll(timeout_ms=5000)
    finally:
        consumer.close(autocommit=False)


def _written(client: dict[str, Any], name: str) -> None:
    producer = KafkaProducer(**client, max_block_ms=5000)
    try:
        producer.send(name, b"x").get(timeout=10)
    finally:
        producer.close(timeout=1)


def test_no_service_can_do_more_than_it_needs(broker: SecuredBroker, stack: Stack) -> None:
    assert stack.services
    intake, joiner = broker.client("cryowatch-intake"), broker.client("cryowatch-procedure_joiner")
    normalizer, timer = broker.client("cryowatch-report_normalizer"), broker.client("cryowatch-window_timer")
    for client, name in (
        (intake, "clinical-facts"),
        (intake, "hl7v2-inbound"),
        (normalizer, "adverse-events"),
        (joiner, "dead-letters"),
        (timer, "clinical-facts"),
    ):
        assert 0 == _consumed(client, name), name
        assert 0 < _consumed(broker.client(ADMIN), name), name
    for client, name in ((joiner, "hl7v2-inbound"), (normalizer, "adverse-events"), (timer, "clinical-facts")):
        with pytest.raises(TopicAuthorizationFailedError):
            _written(client, name)
    with pytest.raises(GroupAuthorizationFailedError):
        _joined(normalizer, "cryowatch-procedure_joiner", "hl7v2-inbound")


def _outcome(carry_out: Callable[[], Any]) -> type[KafkaError] | None:
    """The error that the broker answers with, raised or in its answer; None when it did what was asked."""
    try:
        answer = carry_out()
    except KafkaError as problem:
        return type(problem)
    codes = [t["error_code"] for t in answer.get("responses", answer.get("topics", []))]
    return next((for_code(code) for code in codes if code), None)


def test_nobody_can_delete_or_change_topics_and_only_declared_ones_are_created(
    broker: SecuredBroker, stack: Stack
) -> None:
    assert stack.services
    for user in USERS:
        admin = KafkaAdminClient(**broker.client(user))
        try:
            for name in (t.name for t in topics()):
                refusal = _outcome(lambda admin=admin, name=name: admin.delete_topics([name]))
                assert refusal is TopicAuthorizationFailedError, f"{user} {name} {refusal}"
            made = _outcome(lambda admin=admin: admin.create_topics([NewTopic("another", 1, 1)]))
            assert made is not None
            assert "Authorization" in made.__name__
        finally:
            admin.close()


def _wrong(broker: SecuredBroker, tmp_path: Path, **changed: Any) -> Settings:
    words = {k.removeprefix("CRYOWATCH_").lower(): v for k, v in broker.settings("cryowatch-intake").items()}
    return Settings(**words | changed)


def test_refusals_are_told_from_absence(broker: SecuredBroker, authority: Authority, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("not the password")
    another = Authority(tmp_path / "another", "another authority")
    nothing = {"kafka_security": "plaintext", "kafka_user": "", "kafka_password_file": None, "kafka_ca_file": None}
    cases: list[tuple[Reached, dict[str, Any]]] = [
        (Reached.ANSWERS, {}),
        (Reached.LOGIN, {"kafka_password_file": password}),
        (Reached.LOGIN, {"kafka_user": "nobody"}),
        (Reached.BROKER_CERTIFICATE, {"kafka_ca_file": another.file}),
        (
            Reached.HANDSHAKE,
            {"kafka": broker.mutual} | nothing | {"kafka_security": "tls", "kafka_ca_file": authority.file},
        ),
        (Reached.HANDSHAKE, nothing),
        (Reached.ABSENT, {"kafka": "127.0.0.1:9"}),
        (Reached.ANSWERS, {"kafka": f"127.0.0.1:9,{broker.bootstrap}"}),
    ]
    assert [expected for expected, _ in cases] == [
        reach(KafkaAccess(_wrong(broker, tmp_path, **changed))) for _, changed in cases
    ]


def test_a_wrong_password_is_said_and_stops_the_start_after_a_while(broker: SecuredBroker, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("not the password")
    access = KafkaAccess(_wrong(broker, tmp_path, kafka_password_file=password))
    said: list[Reached] = []
    ups: list[bool] = []
    probe = KafkaProbe(access, said.append)
    with pytest.raises(SystemExit, match="CRYOWATCH_KAFKA_PASSWORD_FILE"):
        require_topics(access, [topic("hl7v2-inbound")], ups.append, probe, patience=2)
    assert [Reached.LOGIN] == said
    assert [False] == ups


def test_a_topic_that_is_closed_to_the_user_stops_the_start(
    broker: SecuredBroker, stack: Stack, tmp_path: Path
) -> None:
    assert stack.services
    access = KafkaAccess(_wrong(broker, tmp_path))
    with pytest.raises(SystemExit, match="clinical-facts is closed to this service's user"):
        require_topics(access, [topic("clinical-facts")], lambda _: None, KafkaProbe(access), patience=1)


def test_a_producer_takes_a_replaced_password_and_says_when_a_topic_is_closed(
    broker: SecuredBroker, stack: Stack, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("not the password")
    said: list[Reached] = []
    access = KafkaAccess(_wrong(broker, tmp_path, kafka_password_file=password))
    publisher = KafkaPublisher(access, wait=3.0, refused=said.append)

    async def story() -> None:
        with pytest.raises(Unavailable):
            await publisher.publish("hl7v2-inbound", b"k", b"v", {})
        assert not await publisher.answers()
        assert [Reached.LOGIN] == said
        password.write_text(broker.client("cryowatch-intake")["sasl_plain_password"])
        await asyncio.sleep(1.1)
        assert await publisher.answers()
        await publisher.publish("hl7v2-inbound", b"k", b"v", {})
        with pytest.raises(Unavailable):
            await publisher.publish("clinical-facts", b"k", b"v", {})
        assert [Reached.LOGIN, Reached.TOPIC] == said

    asyncio.run(story())
    publisher.close()


def test_a_rotated_routing_key_moves_every_record_and_deletes_the_old_keys(broker: SecuredBroker, stack: Stack) -> None:
    keys = stack.folder / "secrets"
    old, new = (keys / "routing_key").read_bytes(), b"another routing key of 32 characters"
    (keys / "routing_key_previous").write_bytes(old)
    (keys / "routing_key").write_bytes(new)
    publishers = ("report_normalizer", "telemetry_reducer", "procedure_joiner", "window_timer")
    for name in publishers:
        stack.services[name].process.terminate()
    for name in publishers:
        stack.services[name].process.wait(30)
        stack.start(name)
    stack.own["command"] = broker.settings("cryowatch-procedure_joiner")
    said = stack.command("rotate-routing-key")
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        bodies = dict(connection.execute(text("SELECT procedure, body FROM procedure_records")).all())
    engine.dispose()
    assert bodies
    assert said.startswith(f"{len(bodies)} procedure records")
    last = _last_of_each_key(broker.client(ADMIN), "procedure-records")
    alive = {key: json.loads(value) for key, value in last.items() if value is not None}
    assert {routing_key(new, name): {"schema": "procedure-records.v1", **b} for name, b in bodies.items()} == alive
    assert {routing_key(old, name) for name in bodies} <= last.keys() - alive.keys()
    assert stack.command("rotate-routing-key") == said  # again is harmless
    assert {k: v for k, v in _last_of_each_key(broker.client(ADMIN), "procedure-records").items() if v} == {
        key: value for key, value in last.items() if value
    }


def _last_of_each_key(client: dict[str, Any], name: str) -> dict[str, bytes | None]:
    consumer = KafkaConsumer(**client, enable_auto_commit=False)
    try:
        places = [TopicPartition(name, p) for p in range(topic(name).partitions)]
        ends = consumer.end_offsets(places)
        consumer.assign(places)
        consumer.seek_to_beginning()
        found: dict[str, bytes | None] = {}
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found |= {record.key.decode(): record.value for record in records}
        return found
    finally:
        consumer.close()


def test_no_password_is_in_any_log(broker: SecuredBroker, stack: Stack) -> None:
    passwords = [file.read_text() for file in broker.passwords.iterdir()]
    for service in stack.services.values():
        text = service.log.read_text("utf-8", "replace")
        assert "service_starts" in text or "listening" in text
        assert not any(password in text for password in passwords)
