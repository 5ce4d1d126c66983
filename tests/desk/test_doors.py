"""The desk over HTTP: who is let in, what is answered, and that nobody gets past the trail."""

import base64
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response

from services.desk.app import build
from services.runtime import access
from services.runtime.settings import WrongSetting
from tests.builders import procedure, report
from tests.desk.conftest import TOKEN, Office, corrected, without_patient

pytestmark = pytest.mark.live
DOORS = [
    ("GET", "/dead-letters"),
    ("GET", "/dead-letters/hl7v2-inbound/0/0"),
    ("POST", "/dead-letters/hl7v2-inbound/0/0/edits"),
    ("POST", "/dead-letters/hl7v2-inbound/0/0/replay"),
    ("POST", "/dead-letters/hl7v2-inbound/0/0/discard"),
    ("POST", "/dead-letters/replay"),
    ("GET", "/reviews"),
    ("POST", "/adjudications"),
    ("GET", "/audit"),
]


def refused(answer: Response, status: int) -> str:
    assert status == answer.status_code, answer.text
    body = answer.json()
    assert {"error", "words"} == set(body)
    assert body["words"]
    assert "no-store" == answer.headers["cache-control"]
    return str(body["error"])


def test_a_letter_is_listed_shown_edited_replayed(office: Office, client: Client) -> None:
    place = office.arrives(without_patient())
    listed = client.get("/dead-letters", params={"code": "patient_not_identified"}).json()
    assert (1, [place]) == (listed["total"], [one["place"] for one in listed["letters"]])
    assert "effusion" not in str(listed)
    shown = client.get(f"/dead-letters/{place}").json()
    assert without_patient() == base64.b64decode(shown["content"]["original"]["base64"])
    assert "utf-8" == shown["content"]["original"]["charset"]
    body = base64.b64encode(corrected(without_patient())).decode()
    edited = client.post(f"/dead-letters/{place}/edits", json={"base64": body, "why": "Left out.", "seen": 0})
    assert (201, 1) == (edited.status_code, edited.json()["edits"])
    replayed = client.post(f"/dead-letters/{place}/replay", json={})
    assert (202, 1) == (replayed.status_code, replayed.json()["replays"])
    assert "conflict" == refused(client.post(f"/dead-letters/{place}/replay", json={}), 409)
    assert 202 == client.post(f"/dead-letters/{place}/replay", json={"again": True}).status_code
    assert corrected(without_patient()) == bytes(office.outbox("hl7v2-inbound")[0].value)
    wanted = ["list", "show", "edit", "replay", "replay", "replay"]
    assert wanted == [code.rpartition("-")[2] for code, _, _ in office.acts()]
    records = office.audited()
    for record in records:
        assert ["token", "M. Rossi"] == [a["who"]["display"] for a in record["agent"] if "CryoWatch" not in str(a)]
        assert "127.0.0.1" == record["agent"][0]["network"]["address"]


def test_a_text_that_is_no_utf_8_is_shown_as_a_guess(office: Office, client: Client) -> None:
    place = office.arrives(b"citt\xe0")
    shown = client.get(f"/dead-letters/{place}").json()["content"]["original"]
    assert ("città", "latin-1 (a guess)") == (shown["text"], shown["charset"])


def test_many_are_replayed_by_filter(office: Office, client: Client) -> None:
    for n in range(3):
        office.arrives(without_patient(f"R{n}"))
    assert "invalid" == refused(client.post("/dead-letters/replay", json={}), 400)
    done = client.post("/dead-letters/replay", json={"code": "patient_not_identified", "limit": 2}).json()
    assert {"replayed": 2, "erased": 0, "limit": 2} == done
    assert 1 == client.get("/dead-letters").json()["total"]


def test_a_letter_is_discarded_with_a_reason(office: Office, client: Client) -> None:
    place = office.arrives(b"garbage")
    assert "invalid" == refused(client.post(f"/dead-letters/{place}/discard", json={}), 400)
    assert 200 == client.post(f"/dead-letters/{place}/discard", json={"why": "A test."}).status_code
    (letter,) = client.get("/dead-letters", params={"state": "discarded"}).json()["letters"]
    assert ("A test.", "M. Rossi") == (letter["reason"], letter["handled_by"])


@pytest.mark.parametrize(("method", "path"), DOORS)
@pytest.mark.parametrize("shown", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer"])
def test_nobody_gets_in_without_the_token_and_the_attempt_is_recorded(
    office: Office, method: str, path: str, shown: str | None
) -> None:
    answer = office.client().request(method, path, headers={"Authorization": shown} if shown else {})
    assert refused(answer, 401) in ("login", "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    ((_, outcome, client),) = office.acts()
    assert ("4", "unknown") == (outcome, client)


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_a_token_without_the_scope_is_refused_by_name(
    office: Office, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = access.Caller("reader", frozenset({"cryowatch/messages.write"}))
    monkeypatch.setattr(access.Access, "caller", lambda *_: poor)
    assert "insufficient_scope" == refused(office.client().request(method, path), 403)
    assert [("4", "reader")] == [(outcome, client) for _, outcome, client in office.acts()]


def test_many_attempts_are_few_records(office: Office) -> None:
    knocking = office.client()
    for _ in range(20):
        assert 401 == knocking.get("/dead-letters").status_code
    assert len(office.audited()) <= 5


BAD: list[tuple[str, str, Any, int]] = [
    ("GET", "/dead-letters?state=lost", None, 400),
    ("GET", "/dead-letters?since=2026-03-02T08:00", None, 400),
    ("GET", "/dead-letters?count=0", None, 400),
    ("GET", "/dead-letters?code=a&code=b", None, 400),
    ("GET", "/dead-letters?code=%00", None, 400),
    ("GET", "/dead-letters?patient=P1", None, 400),
    ("GET", "/dead-letters/hl7v2-inbound/0/99", None, 404),
    ("GET", "/dead-letters/hl7v2-inbound/0/x", None, 400),
    ("GET", "/nothing", None, 404),
    ("DELETE", "/dead-letters", None, 405),
    ("DELETE", "/audit", None, 405),
    ("POST", "/adjudications", {"event": "x"}, 400),
    ("POST", "/adjudications", {"event": "x", "verdict": "confirm", "why": "y", "site": "IEO"}, 400),
    ("POST", "/adjudications", {"event": "ae-1", "verdict": "confirm", "why": "y"}, 404),
    ("POST", "/dead-letters/a/0/0/edits", {"why": "x"}, 400),
    ("POST", "/dead-letters/a/0/0/edits", {"why": "x", "text": "a", "base64": "YQ=="}, 400),
    ("POST", "/dead-letters/a/0/0/edits", {"why": "x", "base64": "%%%"}, 400),
    ("POST", "/dead-letters/a/0/0/edits", {"why": "x", "text": "a"}, 404),
    ("POST", "/dead-letters/a/0/0/replay", [1], 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
def test_what_cannot_be_understood_is_said_in_words(
    client: Client, method: str, path: str, body: Any, status: int
) -> None:
    refused(client.request(method, path, json=body), status)


def test_only_json_of_a_sane_size_is_read(client: Client) -> None:
    assert "not_json" == refused(client.post("/adjudications", content=b"{}"), 415)
    headers = {"Content-Type": "application/json"}
    assert "too_large" == refused(client.post("/adjudications", content=b"x" * 70_000, headers=headers), 413)
    assert "invalid" == refused(client.post("/adjudications", content=b'{"a":', headers=headers), 400)


def test_an_event_is_decided_and_what_to_review_is_listed(office: Office, client: Client) -> None:
    office.enter(procedure(), report("FINDINGS: Small left pleural effusion."))
    ((event, body),) = office.rows("SELECT id, body FROM adverse_events")
    answer = client.post("/adjudications", json={"event": event, "verdict": "regrade", "grade": 3, "why": "ICU."})
    assert (202, "M. Rossi") == (answer.status_code, answer.json()["who"])
    assert body["accession"] == answer.json()["accession"]
    assert 200 == client.get("/reviews").status_code
    assert ["adjudicate", "reviews-list"] == [code for code, _, _ in office.acts()]


def test_without_a_token_the_desk_does_not_start_unless_it_is_a_demonstration(office: Office) -> None:
    bare = office.settings.model_copy(update={"gateway_token_file": None})
    with pytest.raises(WrongSetting, match="CRYOWATCH_DESK_ACCESS"):
        build(office.work, bare)
    assert 200 == office.client(gateway_token_file=None, desk_access="open").get("/dead-letters").status_code
    assert [("dead-letters-list", "0", "anybody")] == office.acts()


def test_a_token_file_that_cannot_be_used_stops_the_desk_by_name(office: Office, tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="CRYOWATCH_GATEWAY_TOKEN_FILE"):
        build(office.work, office.settings.model_copy(update={"gateway_token_file": tmp_path / "none"}))
