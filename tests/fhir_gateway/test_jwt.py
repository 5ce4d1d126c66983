"""JWTs at the gateway: reads need a scope, sentences another one, and clients are told where to get a token."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from services.fhir_gateway.app import build
from services.runtime.settings import WrongSetting
from tests.builders import procedure, report
from tests.fhir_gateway.conftest import Reader, World, outcome
from tests.tokens import AUDIENCE, ISSUER, Issuer

SENTENCE = "Small left pleural effusion."
EVIDENCE = "system/AdverseEvent.rs cryowatch/evidence.read"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer(tmp_path_factory.mktemp("issuer"))
    made.publish()
    return made


@pytest.fixture(scope="module")
def guarded(shared_world: World, issuer: Issuer) -> Reader:
    shared_world.enter(procedure(), report(f"FINDINGS:\n{SENTENCE}"))
    wanted = {
        "gateway_evidence": "token",
        "jwt_jwks_file": issuer.file,
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_token_url": f"{ISSUER}/token",
    }
    return shared_world.reader(**wanted)


@pytest.mark.parametrize("release", ["r4", "r5"])
def test_sentences_are_for_who_may_read_evidence(guarded: Reader, issuer: Issuer, release: str) -> None:
    path = f"/{release}/AdverseEvent"
    without = guarded.get(path, Authorization=f"Bearer {issuer.token()}")
    assert (200, 1) == (without.status_code, without.json()["total"])
    assert SENTENCE not in without.text
    assert SENTENCE in guarded.get(path, Authorization=f"Bearer {issuer.token(EVIDENCE)}").text
    one = f"{path}/{without.json()['entry'][0]['resource']['id']}"
    for address in (one, f"{one}/_history"):
        assert SENTENCE not in guarded.get(address, Authorization=f"Bearer {issuer.token()}").text
        assert SENTENCE in guarded.get(address, Authorization=f"Bearer {issuer.token(EVIDENCE)}").text


def test_refusals_say_why_as_rfc_6750_asks(guarded: Reader, issuer: Issuer) -> None:
    path = "/r4/AdverseEvent"
    nothing = guarded.get(path)
    assert (401, "login") == outcome(nothing)
    assert nothing.headers["www-authenticate"] == 'Bearer realm="CryoWatch"'
    expired = guarded.get(path, Authorization=f"Bearer {issuer.token(exp=1)}")
    assert (401, "login") == outcome(expired)
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    other = guarded.get(path, Authorization=f"Bearer {issuer.token('system/Patient.rs')}")
    assert (403, "forbidden") == outcome(other)
    assert 'error="insufficient_scope"' in other.headers["www-authenticate"]
    assert 'scope="system/AdverseEvent.rs"' in other.headers["www-authenticate"]


def test_a_client_that_is_known_and_may_not_is_on_record_by_its_name(
    guarded: Reader, shared_world: World, issuer: Issuer
) -> None:
    guarded.get("/r4/AdverseEvent", Authorization=f"Bearer {issuer.token('system/Patient.rs')}")
    query = "SELECT value FROM outbox WHERE topic = 'audit-events' ORDER BY id DESC LIMIT 1"
    with shared_world.engine.connect() as connection:
        record = json.loads(bytes(connection.execute(text(query)).scalar_one()))
    assert (record["outcome"], record["agent"][0]["who"]["identifier"]["value"]) == ("4", "ehr-1")


def test_the_statement_and_the_smart_configuration_are_open_and_agree(guarded: Reader) -> None:
    for release in ("r4", "r5"):
        security = guarded.json(f"/{release}/metadata")["rest"][0]["security"]
        assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
        found = guarded.json(f"/{release}/.well-known/smart-configuration")
        assert found["token_endpoint"] == f"{ISSUER}/token"
        assert "client_credentials" in found["grant_types_supported"]
        assert {"RS384", "ES384"} <= set(found["token_endpoint_auth_signing_alg_values_supported"])
        assert {"client-confidential-asymmetric", "permission-v2"} <= set(found["capabilities"])
        assert "system/AdverseEvent.rs" in found["scopes_supported"]
    assert guarded.json("/.well-known/smart-configuration") == found


def test_without_jwts_there_is_no_smart_configuration(shared_world: World) -> None:
    assert shared_world.reader().get("/r4/.well-known/smart-configuration").status_code == 404


def test_without_the_token_endpoint_the_service_does_not_start(shared_world: World, issuer: Issuer) -> None:
    settings = issuer.settings(database_url=shared_world.settings.database_url, jwt_token_url="")
    with pytest.raises(WrongSetting, match="CRYOWATCH_JWT_TOKEN_URL"):
        build(shared_world.engine, settings)


def test_an_address_that_asks_too_often_is_told_to_wait(shared_world: World) -> None:
    reader = shared_world.reader(gateway_rate=0.2)
    assert [reader.get("/r4/metadata").status_code for _ in range(2)] == [200, 200]
    late = reader.get("/r5/AdverseEvent")
    assert (429, "throttled") == outcome(late)
    assert 1 <= int(late.headers["retry-after"]) <= 5


def test_beyond_this_machine_the_gateway_wants_a_token(shared_world: World, tmp_path: Path) -> None:
    from services.fhir_gateway.app import run

    with pytest.raises(WrongSetting, match="CRYOWATCH_GATEWAY_HOST"):
        run(shared_world.settings.model_copy(update={"gateway_host": "0.0.0.0"}))
