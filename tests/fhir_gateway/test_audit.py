"""Reads of adverse events are on record before the answer leaves; refusals too; nothing of other requests."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.codec import validator
from tests.builders import procedure, report
from tests.fhir_gateway.conftest import Reader, World

TOKEN = "a-long-enough-token-1"
EFFUSION = "FINDINGS:\nSmall left pleural effusion."
BOTH = pytest.mark.parametrize("release", ["r4", "r5"])


@pytest.fixture(scope="module")
def filled(shared_world: World) -> World:
    for n in range(3):
        shared_world.enter(procedure(f"A{n}", patient=f"P{n}"), report(EFFUSION, f"R{n}", patient=f"P{n}"))
    return shared_world


@pytest.fixture
def trail(filled: World) -> Any:
    """What was recorded since the test began."""
    with filled.engine.begin() as connection:
        connection.execute(text("DELETE FROM outbox WHERE topic = 'audit-events'"))

    def recorded() -> list[dict[str, Any]]:
        with filled.engine.connect() as connection:
            rows = connection.execute(text("SELECT value FROM outbox WHERE topic = 'audit-events' ORDER BY id"))
            found = [json.loads(bytes(value)) for value in rows.scalars()]
        assert [] == [problem for one in found for problem in validator("audit-events.v1")(one)]
        return found

    return recorded


@pytest.fixture(scope="module")
def guarded(filled: World, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    file = tmp_path_factory.mktemp("tokens") / "token"
    file.write_text(TOKEN)
    reader = filled.reader(gateway_token_file=file, gateway_evidence="token")
    reader.client.headers["Authorization"] = f"Bearer {TOKEN}"
    return reader


def patients(records: list[dict[str, Any]]) -> list[str]:
    found = [e["what"]["identifier"]["value"] for r in records for e in r["entity"] if e["type"]["code"] == "1"]
    return sorted(found)


def codes(record: dict[str, Any]) -> list[str]:
    return [code["code"] for code in record["subtype"]]


@BOTH
def test_a_read_is_recorded_with_client_patient_version_and_evidence(guarded: Reader, trail: Any, release: str) -> None:
    name = guarded.ids(f"/{release}/AdverseEvent")[0]
    before = len(trail())
    event = guarded.json(f"/{release}/AdverseEvent/{name}")
    (record,) = trail()[before:]
    assert ["read", "read", "evidence"] == codes(record)
    assert record["meta"]["profile"][0].endswith("PatientRead")
    assert "token" == record["agent"][0]["who"]["identifier"]["value"]
    assert "127.0.0.1" == record["agent"][0]["network"]["address"]
    assert [event["subject"]["identifier"]["value"]] == patients([record])
    assert event["subject"]["identifier"]["system"] == record["entity"][0]["what"]["identifier"]["system"]
    version = event["meta"]["versionId"]
    assert f"AdverseEvent/{name}/_history/{version}" == record["entity"][1]["what"]["reference"]


def test_a_search_is_one_record_for_each_patient_found_with_the_query_as_it_came(guarded: Reader, trail: Any) -> None:
    guarded.json("/r4/AdverseEvent?_count=50&_sort=-date")
    records = trail()
    assert ["P0", "P1", "P2"] == patients(records)
    for record in records:
        (query,) = [base64.b64decode(e["query"]).decode() for e in record["entity"] if "query" in e]
        assert "GET /r4/AdverseEvent?_count=50&_sort=-date" == query
        assert record["meta"]["profile"][0].endswith("PatientQuery")


def test_a_search_in_a_form_is_recorded_with_its_parameters(guarded: Reader, trail: Any) -> None:
    guarded.client.post("/r4/AdverseEvent/_search", data={"_id": "ae-none"})
    query = [base64.b64decode(e["query"]).decode() for r in trail() for e in r["entity"] if "query" in e][-1]
    assert "POST /r4/AdverseEvent/_search?_id=ae-none" == query


def test_a_search_that_finds_nobody_is_a_query_without_a_patient(guarded: Reader, trail: Any) -> None:
    guarded.json("/r5/AdverseEvent?_id=ae-none")
    (record,) = trail()
    assert [] == patients([record])
    assert record["meta"]["profile"][0].endswith("BasicAudit.Query")


def test_versions_and_histories_and_an_unchanged_event_are_reads_too(guarded: Reader, trail: Any) -> None:
    name = guarded.ids("/r4/AdverseEvent")[0]
    before = len(trail())
    tag = guarded.get(f"/r4/AdverseEvent/{name}").headers["etag"]
    assert 304 == guarded.get(f"/r4/AdverseEvent/{name}", If_None_Match=tag).status_code
    version = tag.strip('W/"')
    guarded.json(f"/r4/AdverseEvent/{name}/_history/{version}")
    guarded.json(f"/r4/AdverseEvent/{name}/_history")
    assert ["read", "read", "vread", "history-instance"] == [codes(r)[0] for r in trail()[before:]]


def test_what_tells_of_no_patient_is_not_recorded(guarded: Reader, trail: Any) -> None:
    guarded.json("/r4/metadata")
    guarded.json("/r4/CodeSystem")
    guarded.get("/r4/AdverseEvent/ae-none")
    guarded.get("/r4/AdverseEvent?unknown:what=1&_sort=nothing")
    assert [] == trail()


def test_a_reader_without_a_token_is_recorded_a_few_times_and_then_counted(
    filled: World, trail: Any, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    reader = filled.reader(gateway_token_file=file)
    for path in ("/r4/AdverseEvent/x", "/r4/nothing/1/2", *["/r4/AdverseEvent"] * 40):
        assert 401 == reader.get(path).status_code
    records = trail()
    assert 0 < len(records) <= 5
    assert {"4"} == {record["outcome"] for record in records}
    assert {"unknown"} == {record["agent"][0]["who"]["identifier"]["value"] for record in records}


def test_no_answer_leaves_without_its_record(filled: World) -> None:
    reader = filled.reader()
    with filled.engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO outbox_away"))
    try:
        answer = reader.get("/r4/AdverseEvent")
        assert 500 == answer.status_code
        assert "effusion" not in answer.text
    finally:
        with filled.engine.begin() as connection:
            connection.execute(text("ALTER TABLE outbox_away RENAME TO outbox"))
    assert 200 == reader.get("/r4/AdverseEvent").status_code
