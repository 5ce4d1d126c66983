"""HTTP as FHIR uses it: representations, conditions, errors, addresses, limits."""

import socket
import time
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from services.clinical.facts import Standing
from tests.builders import END, procedure, report
from tests.fhir_gateway.conftest import Reader, World, outcome

EFFUSION, MORE = "FINDINGS: Small left pleural effusion.", "FINDINGS: Moderate left pleural effusion."
JSON = "application/fhir+json"
RELEASES = pytest.mark.parametrize("release", ["r4", "r5"])


@pytest.fixture(scope="module")
def reader(shared_world: World) -> Reader:
    """One event in three versions."""
    for hours, text in ((25, EFFUSION), (26, MORE), (27, EFFUSION)):
        standing = Standing.FINAL if hours == 25 else Standing.CORRECTED
        shared_world.enter(procedure(), report(text, standing=standing, issued=END + timedelta(hours=hours)))
    return shared_world.reader()


@pytest.fixture(scope="module")
def name(reader: Reader) -> str:
    (only,) = reader.ids("/r4/AdverseEvent")
    return only


@RELEASES
def test_the_metadata_says_what_is_served(reader: Reader, release: str) -> None:
    found = reader.json(f"/{release}/metadata")
    assert found["fhirVersion"] == {"r4": "4.0.1", "r5": "5.0.0"}[release]
    assert found["implementation"]["url"].endswith(f"/{release}")
    event = found["rest"][0]["resource"][0]
    assert [i["code"] for i in event["interaction"]] == ["read", "vread", "history-instance", "search-type"]
    listed = {p["name"] for p in event["searchParam"]}
    assert ("patient" in listed) == (release == "r5"), "R4 has none: ours is named in the documentation"
    own = "SearchParameter/AdverseEvent-patient" in found["rest"][0]["documentation"]
    assert own == (release == "r4")
    for kind in found["rest"][0]["resource"][1:]:
        bundle = reader.json(f"/{release}/{kind['type']}")
        assert bundle["total"] == len(bundle["entry"]) > 0


@RELEASES
def test_our_definitions_are_served_under_their_id_and_found_by_url(reader: Reader, release: str) -> None:
    one = reader.json(f"/{release}/StructureDefinition/sir-grade")
    assert one["url"] == "https://cryowatch.org/fhir/StructureDefinition/sir-grade"
    assert one["fhirVersion"] == {"r4": "4.0.1", "r5": "5.0.0"}[release]
    assert reader.ids(f"/{release}/StructureDefinition?url={one['url']}") == ["sir-grade"]
    assert reader.ids(f"/{release}/StructureDefinition?url=https://elsewhere") == []
    assert reader.refused(f"/{release}/StructureDefinition/nothing") == (404, "not-found")
    assert ("mitigation" in reader.ids(f"/{release}/StructureDefinition")) == (release == "r4")


@RELEASES
def test_a_read_bears_its_version_and_is_saved_when_the_client_has_it(reader: Reader, name: str, release: str) -> None:
    answer = reader.get(f"/{release}/AdverseEvent/{name}")
    version = answer.json()["meta"]["versionId"]
    assert answer.headers["etag"] == f'W/"{version}"'
    assert answer.headers["content-type"].startswith(f"{JSON}; fhirVersion={release[1]}.0")
    assert answer.headers["cache-control"] == "private, no-cache"
    modified = answer.headers["last-modified"]
    path = f"/{release}/AdverseEvent/{name}"
    for condition in (answer.headers["etag"], f'W/"1", "{version}"', "*"):
        saved = reader.get(path, If_None_Match=condition)
        assert (saved.status_code, saved.content) == (304, b"")
        assert saved.headers["etag"] == answer.headers["etag"]
    assert reader.get(path, If_None_Match='W/"1"').status_code == 200
    assert reader.get(path, If_Modified_Since=modified).status_code == 304
    assert reader.get(path, If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT").status_code == 200
    assert reader.get(path, If_Modified_Since="whenever").status_code == 200
    assert reader.get(path, If_None_Match='W/"1"', If_Modified_Since=modified).status_code == 200


def test_head_has_the_headers_without_the_body(reader: Reader, name: str) -> None:
    path = f"/r4/AdverseEvent/{name}"
    full, head = reader.get(path), reader.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == full.headers["etag"]
    assert head.headers["content-length"] == full.headers["content-length"]


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        (JSON, "", 200),
        ("application/json", "", 200),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "", 200),
        (f"{JSON}; fhirVersion=4.0", "", 200),
        ("text/html", "?_format=json", 200),
        ("text/html", "?_format=application/fhir%2Bjson", 200),
        ("text/html", "?_format=application/fhir+json", 200),
        ("", "", 200),
        ("application/fhir+xml", "", 406),
        ("application/fhir+xml, application/fhir+json;q=0", "", 406),
        (f"{JSON}; fhirVersion=5.0", "", 406),
        (JSON, "?_format=xml", 406),
        ("text/html", "", 406),
    ],
)
def test_json_is_the_only_representation(reader: Reader, name: str, accept: str, query: str, status: int) -> None:
    answer = reader.get(f"/r4/AdverseEvent/{name}{query}", Accept=accept)
    assert answer.status_code == status
    if status == 406:
        assert outcome(answer) == (406, "not-supported")


def test_pretty_is_for_people(reader: Reader, name: str) -> None:
    assert "\n" in reader.get(f"/r4/AdverseEvent/{name}?_pretty=true").text
    assert "\n" not in reader.get(f"/r4/AdverseEvent/{name}").text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/r4/AdverseEvent/no-such-id", 404, "not-found"),
        ("/r4/AdverseEvent/no-such-id/_history", 404, "not-found"),
        ("/r4/AdverseEvent/no-such-id/_history/1", 404, "not-found"),
        ("/r4/AdverseEvent/a%20b", 400, "value"),
        ("/r4/AdverseEvent/" + "a" * 65, 400, "value"),
        ("/r4/AdverseEvent/a%00b", 400, "value"),
        ("/r4/AdverseEvent?_id=%00", 400, "value"),
        ("/r4/Nonsense/1", 404, "not-found"),
        ("/r4/Nonsense", 404, "not-found"),
        ("/r4/Patient/1/AdverseEvent/2/3", 404, "not-found"),
        ("/r4", 404, "not-found"),
        ("/r3/metadata", 404, "not-found"),
        ("/r4/.well-known/smart-configuration", 404, "not-found"),
    ],
)
def test_errors_are_operation_outcomes(reader: Reader, path: str, status: int, code: str) -> None:
    assert reader.refused(path) == (status, code)


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PUT", "/x"), ("DELETE", "/x"), ("PATCH", "/x")])
def test_this_server_only_reads(reader: Reader, method: str, path: str) -> None:
    answer = reader.client.request(method, f"/r4/AdverseEvent{path}", json={"resourceType": "AdverseEvent"})
    assert outcome(answer) == (405, "not-supported")
    assert "GET" in answer.headers["allow"]


def test_a_form_has_its_type_and_its_bounds(reader: Reader) -> None:
    path = "/r4/AdverseEvent/_search"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert outcome(reader.client.post(path, json={})) == (415, "not-supported")
    assert outcome(reader.client.post(path, content=b"_id=" + b"a" * 70_000, headers=form)) == (413, "too-long")
    assert outcome(reader.client.post(path, content=b"_id=\xff", headers=form)) == (400, "invalid")
    assert reader.client.post(path, content=b"", headers=form).json()["total"] == 1
    assert outcome(reader.client.post(path, content=b"date=never", headers=form)) == (400, "value")


def test_the_history_is_paged_and_can_begin_at_an_instant(reader: Reader, name: str) -> None:
    path, versions, firsts = f"/r4/AdverseEvent/{name}/_history?_count=1", [], []
    while path:
        bundle = reader.json(path)
        assert bundle["total"] == 3
        versions += [int(entry["resource"]["meta"]["versionId"]) for entry in bundle["entry"]]
        firsts += [entry["response"]["status"] for entry in bundle["entry"]]
        path = {link["relation"]: link["url"] for link in bundle["link"]}.get("next", "")
    assert versions == sorted(set(versions), reverse=True)
    assert firsts == ["200 OK", "200 OK", "201 Created"]
    assert reader.json(f"/r4/AdverseEvent/{name}/_history?_since=2999-01-01")["total"] == 0
    assert reader.json(f"/r4/AdverseEvent/{name}/_history?_since=2001-01-01T00:00:00Z")["total"] == 3
    for query, code in (("_since=never", "value"), ("_at=2021", "not-supported"), ("_after=WyJfaWQiXQ", "value")):
        assert reader.refused(f"/r4/AdverseEvent/{name}/_history?{query}") == (400, code)


def test_reading_an_older_version_and_one_that_never_was(reader: Reader, name: str) -> None:
    versions = [e["resource"] for e in reader.json(f"/r4/AdverseEvent/{name}/_history")["entry"]]
    for one in versions:
        assert reader.json(f"/r4/AdverseEvent/{name}/_history/{one['meta']['versionId']}") == one
    for version in ("999999", "9" * 18, "9" * 40, "abc"):
        assert reader.refused(f"/r4/AdverseEvent/{name}/_history/{version}") == (404, "not-found")


def test_links_bear_the_address_that_clients_know(shared_world: World, reader: Reader) -> None:
    behind = shared_world.reader(gateway_base_url="https://fhir.hospital.example/cryo/")
    bundle = behind.json("/r5/AdverseEvent?_count=1")
    assert bundle["link"][0]["url"] == "https://fhir.hospital.example/cryo/r5/AdverseEvent?_count=1"
    assert bundle["entry"][0]["fullUrl"].startswith("https://fhir.hospital.example/cryo/r5/AdverseEvent/ae-")
    own = reader.json("/r4/AdverseEvent")["entry"][0]["fullUrl"]
    assert own.startswith(f"{reader.client.base_url}".rstrip("/") + "/r4/AdverseEvent/ae-")


def test_the_root_says_where_to_begin(reader: Reader) -> None:
    assert "/r4/metadata" in reader.get("/").text


def test_half_a_request_and_garbage_do_not_disturb_the_others(reader: Reader) -> None:
    address = urlsplit(str(reader.client.base_url))
    for sent in (b"GET /r4/AdverseEvent HTTP/1.1\r\nHost: x\r\n", b"\x0bMSH|^~\\&|\r\x1c\r", b"GET / HTTP/9\r\n\r\n"):
        with socket.create_connection((str(address.hostname), address.port or 80), timeout=5) as held:
            held.sendall(sent)
            began = time.monotonic()
            assert reader.get("/r4/metadata").status_code == 200
            assert time.monotonic() - began < 5


def test_many_clients_at_once_get_the_same_answer(reader: Reader) -> None:
    from concurrent.futures import ThreadPoolExecutor

    address = reader.client.base_url.join("/r4/AdverseEvent")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: httpx.get(address, timeout=30), range(48)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json()["entry"]) for answer in answers}) == 1
