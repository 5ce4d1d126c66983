"""Dead letters come back: edited or after a fix, once or twice, over kill -9; always one event, and sums that hold."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import create_engine, text

from deploy.local.stack import Stack
from services.contracts.codec import validator
from tests.live.conftest import StackMaker

pytestmark = pytest.mark.live
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SERVICES = ("report_normalizer", "procedure_joiner", "fhir_gateway", "desk")
TWO_SITES = '[sites.IEO]\ntime_zone = "Europe/Rome"\n[sites.HSR]\ntime_zone = "Europe/Rome"\n'
PATIENCE = 40.0


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker) -> Iterator[Stack]:
    stack = make_stack("desk", ())
    stack.clock_file.write_text((START + timedelta(days=3)).isoformat())
    (stack.folder / "sites.toml").write_text(TWO_SITES)
    stack.start_all(SERVICES)
    yield stack


@pytest.fixture(scope="module")
def send(stack: Stack) -> Iterator[Callable[[bytes], str]]:
    producer = KafkaProducer(bootstrap_servers=stack.kafka, acks="all", linger_ms=0)

    def sent(value: bytes) -> str:
        headers = [("cw-source", b"mllp")]
        at = producer.send("hl7v2-inbound", key=b"PACSREP|IEO", value=value, headers=headers).get(10)
        return f"{at.topic}/{at.partition}/{at.offset}"

    yield sent
    producer.close()


def ts(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y%m%d%H%M%S+0000")


def lines(*segments: str) -> bytes:
    return ("\r".join(segments) + "\r").encode()


def order(accession: str, patient: str, facility: str = "IEO") -> bytes:
    return lines(
        f"MSH|^~\\&|RIS|{facility}|CW|IEO|{ts(3)}||ORM^O01|{accession}|P|2.5.1",
        f"PID|1||{patient}",
        f"ORC|NW|P{accession}|{accession}",
        f"OBR|1|P{accession}|{accession}|CRYOABL^Cryoablation^99IEO|||{ts(0)}|{ts(2)}|||||||||||||||||F",
        "OBX|1|ST|ORGAN^Organ^99CRYO|1|lung||||||F",
        "OBX|2|ST|LOCATION^Location^99CRYO|1|lung||||||F",
        "OBX|3|ST|SIDE^Side^99CRYO|1|left||||||F",
    )


def report(number: str, patient: str, facility: str = "IEO") -> bytes:
    return lines(
        f"MSH|^~\\&|PACSREP|{facility}|CW|IEO|{ts(27)}||ORU^R01|{number}|P|2.5.1",
        f"PID|1||{patient}",
        f"OBR|1||{number}|24627-2^CT Chest^LN|||{ts(26)}|||||||||||||||{ts(27)}||CT|F",
        "OBX|1|TX|GDT^Findings^99IEO||Small left pleural effusion.||||||F",
    )


def rows(stack: Stack, query: str, **values: Any) -> list[tuple[Any, ...]]:
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query), values)]
    engine.dispose()
    return found


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def ask(stack: Stack, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    sent = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "X-Operator": "M. Rossi"}
    address = f"http://127.0.0.1:{stack.ports['desk']}{path}"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, sent, headers, method=method), timeout=20
        ) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def letter(stack: Stack, place: str) -> dict[str, Any] | None:
    found = ask(stack, "GET", "/dead-letters?state=any&count=500")[1]["letters"]
    return next((one for one in found if one["place"] == place), None)


def became(stack: Stack, place: str) -> str | None:
    one = letter(stack, place)
    return one["became"] if one else None


def events(stack: Stack, accession: str) -> int:
    query = "SELECT count(*) FROM adverse_events WHERE status = 'live' AND body->>'accession' = :a"
    return int(rows(stack, query, a=accession)[0][0])


def outcomes(stack: Stack) -> dict[str, int]:
    return dict(rows(stack, "SELECT outcome, count(*) FROM message_ledger GROUP BY 1"))  # type: ignore[arg-type]


def test_an_edited_replay_is_one_event_and_a_second_replay_none_more(
    stack: Stack, send: Callable[[bytes], str]
) -> None:
    send(order("A1", "P1^^^IEO^MR"))
    place = send(report("R1", ""))
    until(lambda: letter(stack, place) is not None, "no dead letter")
    assert "patient_not_identified" == letter(stack, place)["code"]  # type: ignore[index]
    shown = ask(stack, "GET", f"/dead-letters/{place}")[1]
    assert "mllp" == shown["content"]["headers"]["cw-source"]
    body = shown["content"]["original"]["text"].replace("PID|1||", "PID|1||P1^^^IEO^MR")
    assert 201 == ask(stack, "POST", f"/dead-letters/{place}/edits", {"text": body, "why": "PID-3 was empty."})[0]
    before = outcomes(stack)
    assert 202 == ask(stack, "POST", f"/dead-letters/{place}/replay", {})[0]
    until(lambda: events(stack, "A1") == 1, "no event")
    assert 409 == ask(stack, "POST", f"/dead-letters/{place}/replay", {})[0]
    assert 202 == ask(stack, "POST", f"/dead-letters/{place}/replay", {"again": True})[0]
    until(lambda: became(stack, place) == "duplicate", "the second replay didn't arrive")
    assert 1 == events(stack, "A1")
    after = outcomes(stack)
    assert {"done": 1, "duplicate": 1} == {k: n - before.get(k, 0) for k, n in after.items() if n != before.get(k, 0)}
    assert 1 == len(rows(stack, "SELECT revision FROM adverse_event_versions"))


def test_after_a_fix_of_the_configuration_many_are_replayed_by_the_command(
    stack: Stack, send: Callable[[bytes], str]
) -> None:
    places = [send(order("B1", "Q1", "")), send(report("S1", "Q1", ""))]
    until(lambda: all(letter(stack, place) for place in places), "no dead letters")
    assert {"site_unknown"} == {letter(stack, place)["code"] for place in places}  # type: ignore[index]
    stack.command("dead-letters", "replay", "--code", "site_unknown", "--operator", "L. Bianchi")
    until(lambda: all(became(stack, place) == "dead_letter" for place in places), "they should be bad again")
    new = [one for one in ask(stack, "GET", "/dead-letters")[1]["letters"] if one["replay_of"] in places]
    assert 2 == len(new)
    stack.kill("report_normalizer")
    senders = '[senders."RIS|"]\nsite = "HSR"\n[senders."PACSREP|"]\nsite = "HSR"\n'
    (stack.folder / "sites.toml").write_text(TWO_SITES + senders)
    said = stack.command("dead-letters", "replay", "--code", "site_unknown")
    assert "2 letters are queued" in said
    stack.start("report_normalizer")
    until(lambda: events(stack, "B1") == 1, "no event after the fix")
    assert all(became(stack, one["place"]) == "done" for one in new)


def test_a_replay_survives_kill_9_of_everybody_who_carries_it(stack: Stack, send: Callable[[bytes], str]) -> None:
    send(order("C1", "T1^^^IEO^MR"))
    place = send(report("U1", ""))
    until(lambda: letter(stack, place) is not None, "no dead letter")
    corrected = stack.folder / "corrected.hl7"
    corrected.write_bytes(report("U1", "T1^^^IEO^MR"))
    for name in ("desk", "report_normalizer", "procedure_joiner"):
        stack.kill(name)
    stack.command("dead-letters", "edit", place, "--body", str(corrected), "--why", "PID-3")
    stack.command("dead-letters", "replay", place)
    for name in ("desk", "report_normalizer", "procedure_joiner"):
        stack.start(name)
    for _ in range(3):  # in mid-delivery, whatever that hits
        time.sleep(1.5)
        for name in ("desk", "report_normalizer", "procedure_joiner"):
            stack.kill(name)
            stack.start(name)
    until(lambda: events(stack, "C1") == 1, "no event")
    stack.wait_ready(("desk", "report_normalizer", "procedure_joiner"))
    until(lambda: rows(stack, "SELECT count(*) FROM outbox") == [(0,)], "rows wait")
    assert 1 == events(stack, "C1")
    assert 1 == outcomes_of(stack, place).count("done")


def outcomes_of(stack: Stack, place: str) -> list[str]:
    return [o for (o,) in rows(stack, "SELECT outcome FROM message_ledger WHERE replay_of = :p", p=place)]


def test_every_message_has_one_outcome(stack: Stack) -> None:
    """In = done + duplicate + ignored + dead letter, replays included, and nothing in Kafka is missing."""
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka)
    parts = [TopicPartition("hl7v2-inbound", p) for p in consumer.partitions_for_topic("hl7v2-inbound") or ()]
    arrived = sum(consumer.end_offsets(parts).values())
    consumer.close(autocommit=False)
    assert {"done", "duplicate", "dead_letter"} == set(outcomes(stack))
    assert arrived == sum(outcomes(stack).values())
    letters = rows(stack, "SELECT count(*) FROM dead_letters WHERE topic = 'hl7v2-inbound'")[0][0]
    assert letters == outcomes(stack)["dead_letter"]


def test_a_decision_and_all_acts_reach_their_topics(stack: Stack) -> None:
    ((event,),) = rows(stack, "SELECT id FROM adverse_events WHERE body->>'accession' = 'A1'")
    said = stack.command("adjudicate", event, "--verdict", "confirm", "--why", "Seen.", "--operator", "M. Rossi")
    assert "confirm" in said
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.ports['gateway']}/r4/AdverseEvent/{event}", timeout=10):
        pass
    stack.command("reviews")
    until(lambda: rows(stack, "SELECT count(*) FROM outbox") == [(0,)], "rows wait")
    (decision, *_) = values(stack, "adjudications")
    assert (event, "confirm", "M. Rossi", "A1") == tuple(decision[n] for n in ("event", "verdict", "who", "accession"))
    assert validator("adjudications.v1")(decision) == []
    records = values(stack, "audit-events")
    assert [] == [problem for one in records for problem in validator("audit-events.v1")(one)]
    assert len({one["id"] for one in records}) >= len(records) - 200  # a kill may send some twice, never none
    acts = {one["subtype"][1]["code"] for one in records}
    wanted = {"dead-letters-list", "dead-letter-show", "dead-letter-edit", "dead-letter-replay", "adjudicate", "read"}
    assert wanted | {"reviews-list"} <= acts
    assert {"0", "4"} == {one["outcome"] for one in records}


def test_a_rejection_takes_the_event_back_and_a_changed_reading_is_flagged(
    stack: Stack, send: Callable[[bytes], str]
) -> None:
    send(order("D1", "V1^^^IEO^MR"))
    send(report("W1", "V1^^^IEO^MR"))
    until(lambda: events(stack, "D1") == 1, "no event")
    ((event,),) = rows(stack, "SELECT id FROM adverse_events WHERE body->>'accession' = 'D1'")
    decision = {"event": event, "verdict": "reject", "why": "A skin fold."}
    assert 202 == ask(stack, "POST", "/adjudications", decision)[0]
    until(lambda: events(stack, "D1") == 0, "the event still stands")
    address = f"http://127.0.0.1:{stack.ports['gateway']}/r5/AdverseEvent/{event}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert "entered-in-error" == json.load(answer)["status"]
    send(
        report("W1", "V1^^^IEO^MR")
        .replace(b"Small left pleural effusion", b"Left hemothorax")
        .replace(b"|F\r", b"|C\r")
    )
    flagged = "SELECT body->'review' FROM adverse_events WHERE id = :event"
    until(lambda: "adjudicated_on_other_grounds" in rows(stack, flagged, event=event)[0][0], "not flagged")
    assert 0 == events(stack, "D1")
    assert event in {one["id"] for one in ask(stack, "GET", "/reviews?count=500")[1]["reviews"]}
    assert 202 == ask(stack, "POST", "/adjudications", decision | {"verdict": "confirm", "why": "It bled."})[0]
    until(lambda: events(stack, "D1") == 1, "the confirmation had no effect")


def values(stack: Stack, topic: str) -> list[Any]:
    consumer = KafkaConsumer(bootstrap_servers=stack.kafka, enable_auto_commit=False, consumer_timeout_ms=5000)
    part = TopicPartition(topic, 0)
    consumer.assign([part])
    consumer.seek_to_beginning(part)
    end = consumer.end_offsets([part])[part]
    found: list[Any] = []
    for record in consumer:
        found.append(json.loads(record.value))
        if record.offset + 1 >= end:
            break
    consumer.close(autocommit=False)
    return found


def test_logs_name_no_patient(stack: Stack) -> None:
    for service in stack.services.values():
        written = service.log.read_text("utf-8", "replace")
        assert "effusion" not in written
        assert "P1^^^" not in written
