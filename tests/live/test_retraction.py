"""A report is signed, corrected and cancelled: the event, the rate and the FHIR resource follow within a second."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import KafkaProducer

from deploy.local.stack import Stack
from tests.live.conftest import StackMaker

pytestmark = pytest.mark.live
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WITHIN_SECONDS = 1.0
PATIENCE = 30.0


@pytest.fixture(scope="module")
def stack(make_stack: StackMaker) -> Iterator[Stack]:
    stack = make_stack("retraction")
    stack.clock_file.write_text((START + timedelta(days=3)).isoformat())
    yield stack


@pytest.fixture(scope="module")
def send(stack: Stack) -> Iterator[Callable[[str], float]]:
    producer = KafkaProducer(bootstrap_servers=stack.kafka, acks="all", linger_ms=0)

    def sent(message: str) -> float:
        value = message.replace("\n", "\r").encode()
        producer.send("hl7v2-inbound", key=b"s", value=value).get(10)
        return time.monotonic()

    yield sent
    producer.close()


def ts(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y%m%d%H%M%S+0000")


def order(accession: str, patient: str) -> str:
    return (
        f"MSH|^~\\&|RIS|IEO|CW|IEO|{ts(3)}||ORM^O01|{accession}|P|2.5.1\n"
        f"PID|1||{patient}^^^IEO^MR\nORC|NW|P{accession}|{accession}\n"
        f"OBR|1|P{accession}|{accession}|CRYOABL^Cryoablation^99IEO|||{ts(0)}|{ts(2)}|||||||||||||||||F\n"
        "OBX|1|ST|ORGAN^Organ^99CRYO|1|lung||||||F\nOBX|2|ST|LOCATION^Location^99CRYO|1|lung||||||F\n"
        "OBX|3|ST|SIDE^Side^99CRYO|1|left||||||F\nOBX|4|NM|SIZE_MM^Size^99CRYO|1|15|mm|||||F\n"
        "OBX|5|ST|GAUGE^Gauge^99CRYO||10G||||||F\nOBX|6|ST|COOLANT^Coolant^99CRYO||LN2||||||F\n"
    )


def report(number: str, patient: str, text: str, status: str, hours: float) -> str:
    observed = "X" if status == "X" else status
    obx = "" if status == "X" else f"OBX|1|TX|GDT^Findings^99IEO||{text}||||||{observed}\n"
    return (
        f"MSH|^~\\&|PACSREP|IEO|CW|IEO|{ts(hours)}||ORU^R01|{number}-{hours}|P|2.5.1\n"
        f"PID|1||{patient}^^^IEO^MR\n"
        f"OBR|1||{number}|24627-2^CT Chest^LN|||{ts(26)}|||||||||||||||{ts(hours)}||CT|{status}\n{obx}"
    )


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def live_events(stack: Stack) -> list[dict[str, Any]]:
    bundle = get(f"http://127.0.0.1:{stack.ports['gateway']}/r5/AdverseEvent?_count=50")
    return [e["resource"] for e in bundle.get("entry", ()) if e["resource"]["status"] != "entered-in-error"]


def gauge(stack: Stack) -> float:
    port = stack.services["complication_metrics"].ops_port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("cryo_rate_numerator{") and 'organ="all"' in line and 'window="all"' in line:
                if 'unit="patients_with_event"' in line:
                    return float(line.rpartition(" ")[2])
    return 0.0


def both_show(stack: Stack, number: int) -> Callable[[], bool]:
    return lambda: number == len(live_events(stack)) and number == gauge(stack)


def seconds_until(done: Callable[[], bool], since: float) -> float:
    while not done():
        assert time.monotonic() - since < PATIENCE, "it never came"
        time.sleep(0.02)
    return time.monotonic() - since


EFFUSION, CLEAR = "Small left pleural effusion. No pneumothorax.", "No pleural effusion. No pneumothorax."


def test_a_correction_and_a_cancellation_take_event_and_rate_back_within_a_second(
    stack: Stack, send: Callable[[str], float]
) -> None:
    send(order("A1", "P1"))
    seconds_until(both_show(stack, 1), send(report("R1", "P1", EFFUSION, "F", 27)))
    (event,) = live_events(stack)
    corrected = seconds_until(both_show(stack, 0), send(report("R1", "P1", CLEAR, "C", 28)))
    base = f"http://127.0.0.1:{stack.ports['gateway']}"
    withdrawn = get(f"{base}/r5/AdverseEvent/{event['id']}")
    assert withdrawn["status"] == "entered-in-error"
    r4 = get(f"{base}/r4/AdverseEvent/{event['id']}")
    assert r4["modifierExtension"][0]["valueCode"] == "entered-in-error"
    shown = seconds_until(both_show(stack, 1), send(report("R1", "P1", EFFUSION, "C", 29)))
    assert event["id"] == live_events(stack)[0]["id"]
    cancelled = seconds_until(both_show(stack, 0), send(report("R1", "P1", "", "X", 30)))
    assert sorted((corrected, shown, cancelled))[1] < WITHIN_SECONDS, "half of the changes take longer than that"
    print(f"corrected {corrected:.2f} s, shown again {shown:.2f} s, cancelled {cancelled:.2f} s")
