"""FHIR over HTTP: 202 when it is durable, an OperationOutcome in every case."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.intake.fhir_http import HttpLimits, fhir_app
from services.intake.metrics import IntakeMetrics
from tests.intake.wire import Store

REPORT = b'{"resourceType":"DiagnosticReport","id":"r1","status":"final"}'


class Front:
    """The application with its store, and what it counted."""

    def __init__(self, **store: Any) -> None:
        self.store = Store(**store)
        self.metrics = IntakeMetrics(CollectorRegistry())
        self._app = fhir_app(self.store, self.metrics, HttpLimits(longest=2000))

    def request(
        self, method: str, path: str, body: bytes | AsyncIterator[bytes], headers: dict[str, str]
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
                return await client.request(method, path, content=body, headers=headers)

        return asyncio.run(ask())

    def send(self, method: str, path: str, body: bytes = REPORT, **headers: str) -> httpx.Response:
        answer = self.request(
            method, path, body, {"Content-Type": "application/fhir+json", "X-Sender": "EHR"} | headers
        )
        outcome = answer.json()
        assert outcome["resourceType"] == "OperationOutcome"
        assert answer.headers["content-type"].startswith("application/fhir+json")
        counted = self.metrics.registry.get_sample_value(
            "cryo_intake_messages_total", {"protocol": "http", "ack": str(answer.status_code)}
        )
        assert counted == 1
        return answer


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/fhir", REPORT),
        ("POST", "/fhir/", REPORT),
        ("POST", "/fhir", b'{"resourceType":"Bundle","type":"transaction","entry":[]}'),
        ("POST", "/fhir/DiagnosticReport", REPORT),
        ("PUT", "/fhir/DiagnosticReport/r1", REPORT),
    ],
)
def test_a_resource_is_stored_as_it_came_and_then_accepted(method: str, path: str, body: bytes) -> None:
    front = Front()
    answer = front.send(method, path, body)
    assert (answer.status_code, answer.json()["issue"][0]["severity"]) == (202, "information")
    headers = {"cw-source": b"http", "cw-sender": b"EHR", "content-type": b"application/fhir+json"}
    assert [("fhir-inbound", b"EHR", body, headers)] == front.store.records


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/fhir", b"<html/>", 400, "structure"),
        ("POST", "/fhir", b"", 400, "structure"),
        ("POST", "/fhir", b"[]", 400, "structure"),
        ("POST", "/fhir", b"[" * 1500, 400, "structure"),
        ("POST", "/fhir", b'{"id":"r1"}', 400, "structure"),
        ("POST", "/fhir/Patient", REPORT, 400, "invalid"),
        ("PUT", "/fhir/DiagnosticReport/r2", REPORT, 400, "invalid"),
        ("POST", "/fhir", REPORT + b" " * 3000, 413, "too-long"),
        ("GET", "/fhir", b"", 405, "not-supported"),
        ("DELETE", "/fhir/DiagnosticReport/r1", b"", 405, "not-supported"),
        ("POST", "/elsewhere", REPORT, 404, "not-found"),
    ],
)
def test_what_cant_be_taken_is_refused_in_words(method: str, path: str, body: bytes, status: int, code: str) -> None:
    front = Front()
    answer = front.send(method, path, body)
    assert (status, code) == (answer.status_code, answer.json()["issue"][0]["code"])
    assert front.store.records == []


def test_xml_is_not_supported() -> None:
    answer = Front().send("POST", "/fhir", b"<Patient/>", **{"Content-Type": "application/fhir+xml"})
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (415, "not-supported")


def test_without_kafka_the_sender_is_asked_to_send_again() -> None:
    answer = Front(down=True).send("POST", "/fhir")
    assert (
        answer.status_code, answer.headers["retry-after"], answer.json()["issue"][0]["code"],
    ) == (503, "5", "transient")  # fmt: skip


def test_a_body_larger_than_the_broker_takes_is_refused() -> None:
    assert Front(longest=10).send("POST", "/fhir").status_code == 413


def test_a_body_of_unknown_length_is_limited_too() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield b"x" * 1500

    assert Front().request("POST", "/fhir", pieces(), {}).status_code == 413


def test_a_sender_without_a_name_is_http_and_a_strange_name_is_harmless() -> None:
    front = Front()
    front.request("POST", "/fhir", REPORT, {"Content-Type": "application/json"})
    front.request("POST", "/fhir", REPORT, {"X-Sender": "a" * 500})
    assert [key for _, key, _, _ in front.store.records] == [b"http", b"a" * 200]


def test_nothing_of_a_refused_body_is_said_back() -> None:
    answer = Front().send("POST", "/fhir/Patient", b'{"resourceType":"EX0001 SECRET"}')
    assert "SECRET" not in answer.text
