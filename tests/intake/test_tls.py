"""TLS at the doors, with real sockets: who has no certificate where one is asked for gets no further."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn
from prometheus_client import CollectorRegistry

from services.intake.fhir_http import HttpLimits, fhir_app
from services.intake.metrics import IntakeMetrics
from services.intake.mllp import MllpServer
from services.runtime.access import access_of, senders_access_of
from services.runtime.settings import Settings, WrongSetting
from services.runtime.tls import DOORS, server_context
from tests.certificates import Authority
from tests.intake.wire import NOW, PATIENCE, Sender, Store, message

REPORT = b'{"resourceType":"DiagnosticReport","id":"r1","status":"final"}'
JSON = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def door_settings(door: str, authority: Authority, *, clients: bool) -> Settings:
    cert, key = authority.issue("server")
    files = {f"{door}_tls_cert_file": cert, f"{door}_tls_key_file": key}
    return Settings(**files | ({f"{door}_tls_client_ca_file": authority.file} if clients else {}))


def client(authority: Authority, name: str = "", issuer: Authority | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if name:
        context.load_cert_chain(*(issuer or authority).issue(name))
    return context


async def mllp_exchange(settings: Settings, context: ssl.SSLContext | None, count: int = 1) -> list[bytes]:
    server = MllpServer(
        Store(), IntakeMetrics(CollectorRegistry()), now=lambda: NOW, tls=server_context(settings, "mllp")
    )
    port = await server.start("127.0.0.1", 0)
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            sender = Sender(reader, writer)
            answers = [
                await sender.exchange(message(f"M{n}", more=b"OBX|" + b"x" * 200_000 + b"\r")) for n in range(count)
            ]
            writer.close()
            return answers
    finally:
        await server.close()


def test_mllp_in_tls_is_answered_as_without(authority: Authority) -> None:
    settings = door_settings("mllp", authority, clients=False)
    answers = asyncio.run(mllp_exchange(settings, client(authority), 3))
    assert [f"MSA|AA|M{n}".encode() in answer for n, answer in enumerate(answers)] == [True] * 3


def test_mllp_with_mutual_tls_takes_only_clients_of_the_authority(authority: Authority, tmp_path: Path) -> None:
    settings = door_settings("mllp", authority, clients=True)
    assert asyncio.run(mllp_exchange(settings, client(authority, "engine")))
    for context in (client(authority), client(authority, "stranger", Authority(tmp_path, "another authority"))):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            asyncio.run(mllp_exchange(settings, context))


def test_mllp_in_the_clear_on_a_tls_port_gets_no_answer(authority: Authority) -> None:
    settings = door_settings("mllp", authority, clients=False)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        asyncio.run(mllp_exchange(settings, None))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_versions_before_1_2_are_refused(authority: Authority, version: ssl.TLSVersion) -> None:
    settings = door_settings("mllp", authority, clients=False)
    assert server_context(settings, "mllp").minimum_version is ssl.TLSVersion.TLSv1_2
    old = client(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version = old.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        asyncio.run(mllp_exchange(settings, old))


@pytest.fixture
def https(authority: Authority, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "token").write_text("sender-token-0001")
    settings = door_settings("fhir_intake", authority, clients=True).model_copy(
        update={"fhir_intake_access": "token", "fhir_intake_token_file": tmp_path / "token"}
    )
    tls = server_context(settings, "fhir_intake")
    limits = HttpLimits(longest=1000, rate=0.6)
    app = fhir_app(Store(), IntakeMetrics(CollectorRegistry()), limits, senders_access_of(settings))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ssl_context_factory=lambda *_: tls))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield f"https://127.0.0.1:{listening.getsockname()[1]}/fhir"
    server.should_exit = True
    thread.join(20)
    listening.close()


def test_the_http_door_asks_for_a_certificate_a_token_and_patience(https: str, authority: Authority) -> None:
    with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
        httpx.post(https, content=REPORT, headers=JSON, verify=client(authority))
    with httpx.Client(verify=client(authority, "ehr")) as engine:
        shown = JSON | {"Authorization": "Bearer sender-token-0001"}
        assert engine.post(https, content=REPORT, headers=shown).status_code == 202
        refused = engine.post(https, content=REPORT, headers=JSON)
        assert (401, "login") == (refused.status_code, refused.json()["issue"][0]["code"])
        assert refused.headers["www-authenticate"].startswith("Bearer")
        wrong = engine.post(https, content=REPORT, headers=JSON | {"Authorization": "Bearer wrong-token-0000001"})
        assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
        assert engine.post(https, content=b"x" * 2000, headers=shown).status_code == 413
        late = [engine.post(https, content=REPORT, headers=shown) for _ in range(4)][-1]
        assert (429, "throttled") == (late.status_code, late.json()["issue"][0]["code"])
        assert int(late.headers["retry-after"]) >= 1


@pytest.mark.parametrize("door", DOORS)
def test_files_that_cannot_be_used_are_named_at_the_start(door: str, authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.issue("a")
    _, other = authority.issue("b")
    empty = tmp_path / "empty"
    empty.write_text("")
    name = f"CRYOWATCH_{door.upper()}_TLS"
    wrong = [
        ({"cert_file": tmp_path / "none", "key_file": key}, f"{name}_CERT_FILE: can't read"),
        ({"cert_file": cert, "key_file": tmp_path / "none"}, f"{name}_KEY_FILE: can't read"),
        ({"cert_file": cert, "key_file": other}, f"{name}_KEY_FILE: .* isn't the key of"),
        ({"cert_file": empty, "key_file": key}, f"{name}_CERT_FILE.*PEM"),
        ({"cert_file": cert, "key_file": cert}, f"{name}_KEY_FILE.*PEM"),
        ({"cert_file": cert}, f"{name}_KEY_FILE: the certificate needs"),
        ({"key_file": key}, f"{name}_CERT_FILE: without"),
        ({"client_ca_file": authority.file}, f"{name}_CERT_FILE: without"),
        ({"cert_file": cert, "key_file": key, "client_ca_file": empty}, f"{name}_CLIENT_CA_FILE"),
        ({"cert_file": cert, "key_file": key, "client_ca_file": tmp_path / "none"}, f"{name}_CLIENT_CA_FILE: can't"),
    ]
    for files, words in wrong:
        settings = Settings(**{f"{door}_tls_{file}": path for file, path in files.items()})
        with pytest.raises(WrongSetting, match=words):
            server_context(settings, door)
    assert server_context(Settings(), door) is None


def test_a_key_with_a_passphrase_is_refused_instead_of_asked_about(authority: Authority, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    cert, key = authority.issue("locked", ends=timedelta(days=2))
    loaded = load_pem_private_key(key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(WrongSetting, match="without a passphrase"):
        server_context(Settings(mllp_tls_cert_file=cert, mllp_tls_key_file=locked), "mllp")
    assert not access_of(Settings()).secured
