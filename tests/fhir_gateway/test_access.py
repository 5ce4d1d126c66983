"""Who may read what: the token, and the sentences of the reports."""

from pathlib import Path

import pytest

from services.fhir_gateway.app import build
from services.runtime.settings import WrongSetting
from tests.builders import procedure, report
from tests.fhir_gateway.conftest import Reader, World, outcome

TOKEN, NEXT = "a-long-enough-token-1", "a-long-enough-token-2"
SENTENCE = "Small left pleural effusion."


@pytest.fixture(scope="module")
def filled(shared_world: World) -> World:
    shared_world.enter(procedure(), report(f"FINDINGS:\n{SENTENCE}"))
    return shared_world


@pytest.fixture(scope="module")
def guarded(filled: World, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    file = tmp_path_factory.mktemp("tokens") / "token"
    file.write_text(f"{TOKEN}\n{NEXT}\n")
    return filled.reader(gateway_token_file=file, gateway_evidence="token")


@pytest.mark.parametrize("token", [TOKEN, NEXT])
@pytest.mark.parametrize("release", ["r4", "r5"])
def test_bearers_of_a_token_read_with_the_sentences(guarded: Reader, token: str, release: str) -> None:
    answer = guarded.get(f"/{release}/AdverseEvent", Authorization=f"Bearer {token}")
    assert answer.status_code == 200
    assert SENTENCE in answer.text


@pytest.mark.parametrize("path", ["/r4/AdverseEvent", "/r5/AdverseEvent/x", "/r4/StructureDefinition", "/r4/none/1/2"])
@pytest.mark.parametrize(
    "shown", ["", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN} x", "Bearer é"]
)
def test_nobody_else_reads_anything(guarded: Reader, path: str, shown: str) -> None:
    headers = {b"Authorization": shown.encode("latin-1")} if shown else {}
    answer = guarded.client.get(path, headers=headers)
    assert outcome(answer) == (401, "login")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert SENTENCE not in answer.text


def test_other_methods_need_the_token_too(guarded: Reader) -> None:
    assert guarded.client.post("/r4/AdverseEvent/_search", data={"_id": "x"}).status_code == 401
    assert guarded.client.delete("/r4/AdverseEvent/x").status_code == 401
    assert guarded.client.head("/r4/AdverseEvent/x").status_code == 401


def test_the_metadata_are_open_and_say_that_a_token_is_needed(guarded: Reader) -> None:
    for release in ("r4", "r5"):
        found = guarded.json(f"/{release}/metadata")
        assert "Bearer" in found["rest"][0]["security"]["description"]


def test_without_a_token_set_everybody_reads_but_no_sentences(filled: World) -> None:
    answer = filled.reader(gateway_evidence="token").get("/r4/AdverseEvent")
    assert answer.json()["total"] == 1
    assert SENTENCE not in answer.text


def test_open_evidence_is_for_demonstrations(filled: World) -> None:
    assert SENTENCE in filled.reader(gateway_evidence="open").get("/r4/AdverseEvent").text


@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff\xfe" * 20, f"{TOKEN}\nshort".encode()])
def test_a_token_file_that_cannot_be_used_stops_the_service_by_name(
    filled: World, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WrongSetting, match="CRYOWATCH_GATEWAY_TOKEN_FILE"):
        build(filled.engine, filled.settings.model_copy(update={"gateway_token_file": file}))
