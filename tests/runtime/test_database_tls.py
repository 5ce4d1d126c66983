"""PostgreSQL over TLS, as CRYOWATCH_DATABASE_URL says, with Debian's server: the pip package's is built without TLS."""

import os
import pwd
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from deploy.local.database import LocalDatabase
from services.runtime.database import make_engine, unavailable
from services.runtime.settings import Settings
from tests.certificates import Authority

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda found: int(found.parent.name))
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL with TLS is installed (Debian package postgresql)"),
]
PASSWORD = "of the test only"
DOORS = """
host all postgres 127.0.0.1/32 trust
hostssl all by_password 127.0.0.1/32 scram-sha-256
hostssl all by_certificate 127.0.0.1/32 cert
"""
Connecting = Callable[..., bool]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder / "ca")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[LocalDatabase]:
    with LocalDatabase(installed=PROGRAMS) as plain:  # its folder is one that the server's user may read
        kept = plain.directory / "tls"
        kept.mkdir()
        certificate, key = authority.issue("server")
        (kept / "hba.conf").write_text(DOORS, "utf-8")
        for source in (certificate, key, authority.file):
            shutil.copy(source, kept)
        (kept / key.name).chmod(0o600)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (kept, *kept.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        engine = create_engine(plain.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name, value in {
                "ssl": "on",
                "ssl_cert_file": kept / certificate.name,
                "ssl_key_file": kept / key.name,
                "ssl_ca_file": kept / authority.file.name,
                "hba_file": kept / "hba.conf",
            }.items():
                connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
            connection.execute(text(f"CREATE ROLE by_password LOGIN PASSWORD '{PASSWORD}'"))
            connection.execute(text("CREATE ROLE by_certificate LOGIN"))
        engine.dispose()
        plain.stop()
        plain.start()
        yield plain


@pytest.fixture
def encrypted(server: LocalDatabase, folder: Path) -> Connecting:
    """Connects as a service does; whether the connection is encrypted."""
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n", "utf-8")

    def connect(user: str, **words: object) -> bool:
        query = "&".join(f"{name}={value}" for name, value in words.items())
        url = f"postgresql+psycopg://{user}@127.0.0.1:{server.port}/postgres?{query}"
        password = secret if user == "by_password" else None
        engine = make_engine(Settings(database_url=url, database_password_file=password))
        try:
            with engine.connect() as connection:
                query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                return bool(connection.execute(text(query)).scalar_one())
        finally:
            engine.dispose()

    return connect


def test_a_verified_server_takes_a_password_from_a_file(encrypted: Connecting, authority: Authority) -> None:
    assert encrypted("by_password", sslmode="verify-full", sslrootcert=authority.file)


def test_a_client_may_prove_itself_by_a_certificate_alone(encrypted: Connecting, authority: Authority) -> None:
    certificate, key = authority.issue("by_certificate")
    key.chmod(0o600)
    mine = {"sslcert": certificate, "sslkey": key}
    assert encrypted("by_certificate", sslmode="verify-full", sslrootcert=authority.file, **mine)


@pytest.mark.parametrize("user", ["by_password", "by_certificate"])
def test_a_connection_in_the_clear_is_refused(encrypted: Connecting, user: str) -> None:
    with pytest.raises(OperationalError) as refused:
        encrypted(user, sslmode="disable")
    assert unavailable(refused.value), "a service waits and says so, as for every database that doesn't take it"


def test_a_server_of_another_authority_is_not_believed(encrypted: Connecting, folder: Path) -> None:
    stranger = Authority(folder / "stranger")
    with pytest.raises(OperationalError, match="certificate verify failed"):
        encrypted("by_password", sslmode="verify-full", sslrootcert=stranger.file)


def test_another_clients_certificate_opens_nothing(encrypted: Connecting, authority: Authority) -> None:
    certificate, key = authority.issue("somebody_else")
    key.chmod(0o600)
    with pytest.raises(OperationalError, match="certificate authentication failed"):
        encrypted("by_certificate", sslmode="verify-full", sslrootcert=authority.file, sslcert=certificate, sslkey=key)
