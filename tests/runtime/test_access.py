"""Who is admitted: tokens, JWTs and scopes, and how everybody else is refused."""

import base64
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.runtime.access import READ_EVENTS, SCOPES, Access, Caller, Refused, access_of, senders_access_of
from services.runtime.settings import Settings, WrongSetting
from tests.tokens import Issuer

TOKEN = "a-long-enough-token-1"


def refused(access: Access, shown: str | None, scope: str = READ_EVENTS) -> Refused:
    with pytest.raises(Refused) as problem:
        access.require(shown, scope)
    return problem.value


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer(tmp_path_factory.mktemp("issuer"))
    made.publish()
    return made


@pytest.fixture(scope="module")
def access(issuer: Issuer) -> Access:
    return access_of(issuer.settings())


@pytest.mark.parametrize("algorithm", ["RS384", "ES384", "RS256", "ES256"])
def test_each_algorithm_of_smart_backend_services_is_accepted(tmp_path: Path, algorithm: str) -> None:
    issuer = Issuer(tmp_path, algorithm)
    issuer.publish()
    caller = access_of(issuer.settings()).require(f"Bearer {issuer.token()}", READ_EVENTS)
    assert Caller("ehr-1", frozenset({READ_EVENTS})) == caller


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"exp": time.time() - 60}, "expired"),
        ({"nbf": time.time() + 600}, "isn't valid yet"),
        ({"aud": "https://elsewhere.example"}, "another audience"),
        ({"aud": None}, "needs the claims"),
        ({"exp": None}, "needs the claims"),
        ({"iss": "https://other.example"}, "another issuer"),
        ({"iss": None}, "needs the claims"),
        ({"client_id": None}, "names no client"),
        ({"exp": float("inf")}, "can't be read"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused_and_says_why(
    issuer: Issuer, access: Access, claims: dict[str, Any], words: str
) -> None:
    problem = refused(access, f"Bearer {issuer.token(**claims)}")
    assert (401, "invalid_token") == (problem.status, problem.error)
    assert words in problem.words
    assert 'error="invalid_token"' in problem.challenge


def test_a_clock_that_differs_a_little_is_forgiven(issuer: Issuer, access: Access) -> None:
    access.require(f"Bearer {issuer.token(exp=time.time() - 10)}", READ_EVENTS)
    access.require(f"Bearer {issuer.token(nbf=time.time() + 10)}", READ_EVENTS)


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _forged(header: dict[str, Any], issuer: Issuer, secret: bytes | None) -> str:
    claims = issuer.token().split(".")[1]
    signed = f"{_part(json.dumps(header).encode())}.{claims}"
    signature = b"" if secret is None else hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_part(signature)}"


def test_no_signature_and_a_public_key_taken_for_a_secret_are_refused(issuer: Issuer, access: Access) -> None:
    public = issuer.key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.dumps(issuer.jwk).encode()
    forgeries = [_forged({"alg": alg, "kid": "k1"}, issuer, None) for alg in ("none", "None", "ES384", "")]
    forgeries += [_forged({"alg": "HS256", "kid": "k1"}, issuer, secret) for secret in (pem, pem.strip(), jwk, b"")]
    for forgery in forgeries:
        assert refused(access, f"Bearer {forgery}").error == "invalid_token"


def test_another_key_another_id_and_another_algorithm_of_the_same_key_are_refused(
    issuer: Issuer, access: Access, tmp_path: Path
) -> None:
    stranger = Issuer(tmp_path)
    assert "isn't signed with a key" in refused(access, f"Bearer {stranger.token()}").words
    unknown = Issuer(tmp_path, key_id="k9")
    unknown.key = issuer.key
    assert refused(access, f"Bearer {unknown.token()}").status == 401
    narrow = Issuer(tmp_path, "RS256")
    narrow._jwk["alg"] = "RS384"
    narrow.publish()
    assert refused(access_of(narrow.settings()), f"Bearer {narrow.token()}").status == 401
    access_of(narrow.settings()).require(f"Bearer {narrow.token(algorithm='RS384')}", READ_EVENTS)


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", "Basic x", "Bearer a b", "Bearer é", "Bearer a.b.c", "Bearer " + "x" * 20_000,
     "Bearer " + _part(b"[" * 9000) + ".e30.x", "Bearer " + _part(b'{"alg":["ES384"],"kid":{}}') + ".e30.x"],
)  # fmt: skip
def test_what_is_no_token_is_refused_without_failing(access: Access, shown: str) -> None:
    assert refused(access, shown).status == 401


def test_without_anything_shown_no_error_is_named(access: Access) -> None:
    assert refused(access, None).challenge == 'Bearer realm="CryoWatch"'


def test_a_scope_that_is_missing_is_named(issuer: Issuer, access: Access) -> None:
    problem = refused(access, f"Bearer {issuer.token('system/Patient.rs')}")
    assert (403, "insufficient_scope") == (problem.status, problem.error)
    assert f'scope="{READ_EVENTS}"' in problem.challenge


@pytest.mark.parametrize(
    ("granted", "enough"),
    [
        ("system/AdverseEvent.rs", True), ("system/AdverseEvent.cruds", True), ("system/*.rs", True),
        ("system/AdverseEvent.read", True), ("system/*.read", True), ("system/*.*", True),
        ("system/AdverseEvent.r system/AdverseEvent.s", True),
        ("system/AdverseEvent.r", False), ("system/AdverseEvent.write", False), ("system/AdverseEvent.", False),
        ("system/AdverseEvent.sr", False), ("user/AdverseEvent.rs", False), ("patient/AdverseEvent.rs", False),
        ("system/AdverseEvent.rs?category=x", False), ("system/adverseevent.rs", False), ("*", False),
        ("cryowatch/*", False), (None, False),
    ],
)  # fmt: skip
def test_smart_scopes_cover_by_resource_and_letters(
    issuer: Issuer, access: Access, granted: str | None, enough: bool
) -> None:
    assert access.caller(f"Bearer {issuer.token(granted)}").may(READ_EVENTS) is enough


def test_scopes_also_come_as_a_list(issuer: Issuer, access: Access) -> None:
    caller = access.caller(f"Bearer {issuer.token(None, scp=[READ_EVENTS, 'cryowatch/audit.read', 7])}")
    assert caller.may(READ_EVENTS)
    assert caller.may("cryowatch/audit.read")
    assert not caller.may("cryowatch/dead-letters.write")


def _replaced(issuer: Issuer, content: str) -> None:
    next_to = issuer.file.with_suffix(".new")
    next_to.write_text(content)
    os.replace(next_to, issuer.file)


def test_keys_are_rotated_by_replacing_the_file(tmp_path: Path) -> None:
    old, new = Issuer(tmp_path, key_id="old"), Issuer(tmp_path, key_id="new")
    old.publish()
    access = access_of(old.settings())
    access.require(f"Bearer {old.token()}", READ_EVENTS)
    assert refused(access, f"Bearer {new.token()}").status == 401
    _replaced(old, json.dumps({"keys": [old.jwk, new.jwk]}))
    access.require(f"Bearer {old.token()}", READ_EVENTS)
    access.require(f"Bearer {new.token()}", READ_EVENTS)
    _replaced(old, json.dumps({"keys": [new.jwk]}))
    assert refused(access, f"Bearer {old.token()}").status == 401
    _replaced(old, "{half a fi")
    access.require(f"Bearer {new.token()}", READ_EVENTS)  # what can't be read changes nothing
    _replaced(old, json.dumps({"keys": []}))
    assert refused(access, f"Bearer {new.token()}").status == 401


def test_a_static_token_grants_everything_and_stands_beside_jwts(issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\nanother-token-of-16\n")
    both = access_of(issuer.settings(gateway_token_file=tmp_path / "token"))
    for shown in (TOKEN, "another-token-of-16"):
        assert Caller("token", SCOPES) == both.caller(f"bearer {shown}")
    assert both.caller(f"Bearer {issuer.token()}").name == "ehr-1"
    assert all(Caller("token", SCOPES).may(scope) for scope in SCOPES)
    assert Caller("token", SCOPES).may(READ_EVENTS)


def test_where_nothing_is_set_everybody_may_all_but_read_evidence() -> None:
    nobody = access_of(Settings())
    assert not nobody.secured
    assert nobody.require(None, READ_EVENTS).name == "anybody"
    assert refused(nobody, None, "cryowatch/evidence.read").status == 401
    assert access_of(Settings(gateway_evidence="open")).require(None, "cryowatch/evidence.read")


def test_senders_have_tokens_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    settings = Settings(fhir_intake_access="token", fhir_intake_token_file=tmp_path / "token")
    assert senders_access_of(settings).require(f"Bearer {TOKEN}", "cryowatch/messages.write")
    assert refused(senders_access_of(settings), None).status == 401
    assert not access_of(settings).secured
    assert senders_access_of(Settings()).require(None, "cryowatch/messages.write")
    with pytest.raises(WrongSetting, match="FHIR_INTAKE_TOKEN_FILE"):
        senders_access_of(Settings(fhir_intake_access="token"))


@pytest.mark.parametrize(
    "content",
    [None, "", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', "\xff",
     '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'],
)  # fmt: skip
def test_a_key_set_that_cannot_be_used_stops_the_service_by_name(tmp_path: Path, content: str | None) -> None:
    issuer = Issuer(tmp_path)
    if content is not None:
        issuer.file.write_text(content, "latin-1")
    with pytest.raises(WrongSetting, match="CRYOWATCH_JWT_JWKS_FILE"):
        access_of(issuer.settings())


def test_a_key_set_with_a_private_or_a_short_key_is_refused(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    issuer._jwk["d"] = "AQAB"
    issuer.publish()
    with pytest.raises(WrongSetting, match="private key"):
        access_of(issuer.settings())
    short = Issuer(tmp_path, "RS256", bits=1024)
    short.publish()
    with pytest.raises(WrongSetting, match="2048"):
        access_of(short.settings())


@pytest.mark.parametrize("missing", ["jwt_issuer", "jwt_audience"])
def test_issuer_and_audience_must_be_set(issuer: Issuer, missing: str) -> None:
    with pytest.raises(WrongSetting, match=missing.upper()):
        access_of(issuer.settings(**{missing: ""}))


def test_a_name_that_would_break_a_line_is_cleaned(issuer: Issuer, access: Access) -> None:
    shown = issuer.token(client_id="a\nb")
    assert access.caller(f"Bearer {shown}").name == "ab"
