"""Reading the audit trail over HTTP: what is found, page by page, by whom, and that reading it is on record."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from httpx import Client

from services.audit.act import Act, Agent, Outcome, Patient, Pattern
from services.audit.retention import let_go
from services.audit.trail import Trail
from services.casework.decision import Decision, adjudicate
from services.casework.problem import Problem
from services.contracts.codec import validator
from services.runtime import access
from services.window_timer.handler import tidy
from tests.desk.audit_examples import ACTS, EHR, LEAD, PATIENT, SHELL
from tests.desk.conftest import BY, Office, act

pytestmark = pytest.mark.live
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OTHER = Patient(PATIENT.system, "P2")
Json = dict[str, Any]


def plant(office: Office, *acts: Act, at: datetime = NOON, service: str = "desk") -> None:
    with office.engine.begin() as connection:
        Trail(service, "host", lambda: at).record(connection, *acts)


def read(client: Client, **asked: Any) -> Json:
    answer = client.get("/audit", params=asked)
    assert 200 == answer.status_code, answer.text
    assert "application/fhir+json" == answer.headers["content-type"].partition(";")[0]
    assert "no-store" == answer.headers["cache-control"]
    found: Json = answer.json()
    Bundle.model_validate({k: v for k, v in found.items() if k != "resourceType"})
    return found


def records(bundle: Json) -> list[Json]:
    return [entry["resource"] for entry in bundle.get("entry", ())]


def codes(bundle: Json) -> list[str]:
    return [act(record)[0] for record in records(bundle)]


def link(bundle: Json, relation: str) -> str | None:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)


def pages(client: Client, **asked: Any) -> Iterator[Json]:
    """Every page, by the links as they are given."""
    page = read(client, **asked)
    yield page
    while (address := link(page, "next")) is not None:
        page = client.get(f"/{address}").json()
        yield page


def test_the_trail_is_a_searchset_of_audit_events_newest_first(office: Office, client: Client) -> None:
    for hour, name in enumerate(("event-read", "event-decided", "dead-letter-replayed")):
        plant(office, ACTS[name][1], at=NOON + timedelta(hours=hour))
    found = read(client)
    assert ("Bundle", "searchset") == (found["resourceType"], found["type"])
    assert ["dead-letter-replay", "adjudicate", "read"] == codes(found)
    for entry in found["entry"]:
        assert validator("audit-events.v1")(entry["resource"]) == []
        assert (f"urn:uuid:{entry['resource']['id']}", {"mode": "match"}) == (entry["fullUrl"], entry["search"])
    assert ("audit", None) == (link(found, "self"), link(found, "next"))


def test_what_can_be_read_is_what_goes_to_kafka_word_for_word(office: Office, client: Client) -> None:
    crowd = replace(ACTS["events-searched"][1], patients=(PATIENT, OTHER))
    plant(office, *(one for _, one in ACTS.values()), crowd)
    sent = {one["id"]: one for one in office.audited()}
    assert len(ACTS) + 2 == len(sent)
    assert sent == {one["id"]: one for one in records(read(client, count=500))}


def test_pages_show_every_record_once_although_reading_adds_records(office: Office, client: Client) -> None:
    for n in range(11):  # two of each instant: the number decides between them
        plant(office, *(replace(ACTS["event-read"][1], words=f"{n}.{m}") for m in (0, 1)), at=NOON + timedelta(hours=n))
    shown = [one["outcomeDesc"] for page in pages(client, count=4, act="read") for one in records(page)]
    assert [f"{n}.{m}" for n in reversed(range(11)) for m in (1, 0)] == shown
    assert [("audit-list", "0", "M. Rossi")] * 6 == [one for one in office.acts() if one[0] == "audit-list"]
    with_reads = [one["id"] for page in pages(client, count=4) for one in records(page)]
    assert 22 + 6 == len(with_reads) == len(set(with_reads))


def test_a_page_that_is_just_full_is_the_last_one(office: Office, client: Client) -> None:
    plant(office, *[ACTS["event-read"][1]] * 3)
    assert link(read(client, count=3, act="read"), "next") is None
    assert link(read(client, count=2, act="read"), "next") is not None


@pytest.mark.parametrize(
    ("dates", "hours"),
    [
        (["ge2026-03-02"], [36, 24, 12]),
        (["gt2026-03-02"], [36, 24]),
        (["lt2026-03-02"], [0]),
        (["le2026-03-02"], [12, 0]),
        (["2026-03-02"], [12]),
        (["eq2026-03-03T00:00:00Z"], [24]),
        (["ge2026-03-02T12:00:00Z"], [36, 24, 12]),
        (["gt2026-03-02T12:00:00.000Z"], [36, 24]),
        (["ge2026-03-02T13:00:00+01:00", "lt2026-03-03T12:00Z"], [24, 12]),
        (["ge2026-03-02", "ge2026-03-03", "lt2027-01-01", "le2026-03-03"], [36, 24]),
        (["ge2027-01-01"], []),
        (["ge0001-01-01", "le9999-12-30"], [36, 24, 12, 0]),
    ],
)
def test_by_time(office: Office, client: Client, dates: list[str], hours: list[int]) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC) - timedelta(hours=12)
    at = {0: start, 12: NOON, 24: NOON + timedelta(hours=12), 36: NOON + timedelta(hours=24)}
    for hour, when in at.items():
        plant(office, replace(ACTS["event-read"][1], words=f"{hour}"), at=when)
    found = read(client, date=dates, act="read")
    assert [f"{hour}" for hour in hours] == [one["outcomeDesc"] for one in records(found)]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"agent": "M. Rossi"}, ["reviews-list", "dead-letter-replay"]),  # the person
        ({"agent": "ehr-frontend"}, ["read"]),  # the client
        ({"agent": "M. Ross"}, []),
        ({"outcome": "4"}, ["dead-letter-replay"]),
        ({"outcome": "0,4", "agent": "M. Rossi"}, ["reviews-list", "dead-letter-replay"]),
        ({"outcome": "4,8", "agent": "ehr-frontend"}, []),
        ({"act": "evidence"}, ["read"]),  # what an act was beside its main word
        ({"act": "dead-letter-replay", "outcome": "0"}, []),
        ({"patient": f"{PATIENT.system}|P1"}, ["reviews-list", "read"]),
        ({"patient": f"{PATIENT.system}|P2"}, ["reviews-list"]),
        ({"patient": "urn:of:others|P1"}, []),
    ],
)
def test_by_agent_act_outcome_and_patient(
    office: Office, client: Client, asked: dict[str, str], wanted: list[str]
) -> None:
    plant(office, ACTS["event-read-with-evidence"][1], at=NOON, service="fhir_gateway")
    plant(office, ACTS["replay-in-conflict"][1], at=NOON + timedelta(minutes=1))
    of_two = replace(ACTS["reviews-listed"][1], patients=(PATIENT, OTHER))
    plant(office, of_two, at=NOON + timedelta(minutes=2))
    plant(office, replace(ACTS["dead-letters-listed"][1], agent=SHELL), at=NOON + timedelta(minutes=3))
    found = codes(read(client, **asked))
    assert wanted == list(dict.fromkeys(found)), found
    assert found.count("reviews-list") in (0, 1 if "patient" in asked else 2)


def test_the_links_keep_the_question(office: Office, client: Client) -> None:
    plant(office, *[replace(ACTS["event-decided"][1], agent=LEAD)] * 3)
    asked = {"date": ["ge2026-03-01", "lt2026-03-03T00:00:00+01:00"], "agent": "M. Rossi", "count": 2}
    first, last = pages(client, **asked)
    assert (2, 1) == (len(records(first)), len(records(last)))
    wanted = "audit?date=ge2026-03-01&date=lt2026-03-03T00%3A00%3A00%2B01%3A00&agent=M.+Rossi&count=2"
    assert wanted == link(first, "self")
    assert link(first, "next") == link(last, "self")


def test_reading_is_on_record_with_its_question_and_the_patient_asked_about(office: Office, client: Client) -> None:
    plant(office, ACTS["event-read"][1])
    assert ["read"] == codes(read(client, patient=f"{PATIENT.system}|P1"))
    (mine,) = [one for one in office.audited() if act(one)[0] == "audit-list"]
    assert ["token", "M. Rossi"] == [a["who"]["display"] for a in mine["agent"] if "CryoWatch" not in str(a)]
    patient, query = mine["entity"]
    assert PATIENT.value == patient["what"]["identifier"]["value"]
    assert base64.b64decode(query["query"]).startswith(b"GET /audit?patient=urn")
    assert ["audit-list", "read"] == codes(read(client, patient=f"{PATIENT.system}|P1"))


def test_a_page_of_many_patients_is_one_record(office: Office, client: Client) -> None:
    crowd = tuple(Patient(PATIENT.system, f"P{n}") for n in range(20))
    plant(office, replace(ACTS["events-searched"][1], patients=crowd))
    assert 20 == len(records(read(client)))
    (mine,) = [one for one in office.audited() if act(one)[0] == "audit-list"]
    assert ["query"] == [next(key for key in entity if key in ("query", "what")) for entity in mine["entity"]]


def test_who_may_only_read_the_trail_reads_it_and_nothing_else_opens_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(office, ACTS["event-read"][1])
    auditor = access.Caller("auditor", frozenset({"cryowatch/audit.read"}))
    monkeypatch.setattr(access.Access, "caller", lambda *_: auditor)
    assert ["read"] == codes(read(office.client()))
    assert ("audit-list", "0", "auditor") in office.acts()
    others = access.Caller("safety", access.SCOPES - {"cryowatch/audit.read"})
    monkeypatch.setattr(access.Access, "caller", lambda *_: others)
    answer = office.client().get("/audit")
    assert (403, "insufficient_scope") == (answer.status_code, answer.json()["error"])
    assert ("audit-list", "4", "safety") in office.acts()


def test_an_act_that_fails_leaves_only_its_failure_in_topic_and_table(office: Office, client: Client) -> None:
    with pytest.raises(Problem):
        adjudicate(office.work, BY, Decision("ae-none", "confirm", "Seen."), "urn:{site}")
    assert [("adjudicate", "4", "M. Rossi")] == office.acts()
    assert [one["id"] for one in office.audited()] == [one["id"] for one in records(read(client))]


BAD = [
    "date=yesterday",
    "date=ge2026-13-01",
    "date=ne2026-03-01",
    "date=2026",
    "date=ge2026-03-02T08:00",
    "date=ge2026-03-02T08:00:00%2B99:00",
    "date=ge%00",
    "date=" + "&date=".join(["ge2026-03-01"] * 5),
    "outcome=9",
    "outcome=",
    "outcome=4,",
    "count=0",
    "count=501",
    "count=many",
    "after=x",
    "after=1/2/3",
    "after=999999999999999/1",
    "after=",
    "patient=P1",
    "patient=|P1",
    "patient=urn:x|",
    "agent=a&agent=b",
    "agent=%00",
    "agent=",
    "act=",
    "entity=x",
]


@pytest.mark.parametrize("query", BAD)
def test_a_question_that_cannot_be_understood_is_answered_in_words(client: Client, query: str) -> None:
    answer = client.get(f"/audit?{query}")
    assert 400 == answer.status_code, answer.text
    assert "invalid" == answer.json()["error"]
    assert query.partition("=")[0] in answer.json()["words"] or "after" in query or "&" in query, answer.text


def test_old_records_go_after_their_days_and_younger_ones_stay(office: Office, client: Client) -> None:
    now = datetime.now(UTC)
    for days in (500, 401, 399, 0):
        plant(office, replace(ACTS["event-read"][1], words=f"{days}"), at=now - timedelta(days=days))
    with office.engine.begin() as connection:
        forever = office.settings.model_copy(update={"audit_days": 0})
        assert 0 == tidy(connection, forever).forgotten
        assert [1, 1, 0] == [let_go(connection, 400, limit=1) for _ in range(3)]
        assert not tidy(connection, office.settings).found
    assert ["0", "399"] == [one["outcomeDesc"] for one in records(read(client))]


def test_outcomes_of_refusals_are_found(office: Office, client: Client) -> None:
    assert 401 == office.client().get("/audit").status_code
    (found,) = records(read(client, outcome="4,8"))
    assert ("audit-list", "4", "unknown") == act(found)
    nobody = Act(Pattern.QUERY, "refusals", "search-type", Agent("unknown", "0.0.0.0"), words="812 refusals.")
    plant(office, replace(nobody, outcome=Outcome.SERIOUS_FAILURE), replace(ACTS["event-read"][1], agent=EHR))
    assert ["refusals"] == codes(read(client, outcome="8"))
