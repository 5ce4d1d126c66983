"""Settings of a service, from the environment (``CRYOWATCH_*``). Wrong ones stop it at start, by name."""

import difflib
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.sites import Sites, load_sites

PREFIX = "CRYOWATCH_"


EX_CONFIG = 78
"""The exit code of a process that can't begin because of a setting (sysexits.h)."""


class WrongSetting(Exception):
    """A setting, or a file that one names, can't be used. Its text names the setting and says what to do."""


class Settings(BaseSettings):
    """Every setting of every service; each reads those that it needs. Secrets come from files and are never printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port, comma-separated")
    kafka_security: Literal["plaintext", "tls", "sasl_tls"] = Field(
        "plaintext", description="how Kafka is spoken to; sasl_tls is SCRAM-SHA-512 inside TLS"
    )
    kafka_ca_file: Path | None = Field(
        None, description="PEM file with the authorities that may vouch for the brokers; empty: the system's"
    )
    kafka_user: str = Field("", description="SCRAM user of this service (sasl_tls)")
    kafka_password_file: Path | None = Field(None, description="file with that user's password")
    kafka_cert_file: Path | None = Field(None, description="PEM file with this client's certificate (mutual TLS)")
    kafka_key_file: Path | None = Field(None, description="PEM file with its private key")
    database_url: str = Field(
        "postgresql+psycopg://cryowatch@127.0.0.1:5432/cryowatch", description="PostgreSQL, as an SQLAlchemy URL"
    )
    database_password_file: Path | None = Field(None, description="file with the database password")
    secrets_dir: Path = Field(Path("secrets"), description="folder with the files event_id_key and routing_key")
    sites_file: Path | None = Field(None, description="TOML file of sites and senders (time zone, charset, language)")
    clock_file: Path | None = Field(None, description="file with an instant: a simulated clock, for demonstrations")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least severe level logged")
    ruleset: Literal["orsi-2024", "sir-2017"] = Field("orsi-2024", description="rule set whose grades the rates count")
    ops_host: str = Field("127.0.0.1", description="address of /metrics, /livez and /readyz")
    ops_port: int = Field(0, ge=0, le=65535, description="port of the same; 0 takes a free one")
    mllp_host: str = Field("127.0.0.1", description="address on which HL7 v2 arrives (MLLP)")
    mllp_port: int = Field(2575, ge=0, le=65535, description="port of the same")
    mllp_tls_cert_file: Path | None = Field(None, description="PEM file with the certificate of MLLP; empty: no TLS")
    mllp_tls_key_file: Path | None = Field(None, description="PEM file with its private key")
    mllp_tls_client_ca_file: Path | None = Field(
        None, description="PEM file with the authorities of the clients; set, a client needs a certificate"
    )
    mllp_longest: int = Field(16 * 2**20, ge=1024, le=20 * 2**20, description="bytes of the longest HL7 v2 message")
    fhir_intake_host: str = Field("127.0.0.1", description="address on which FHIR arrives")
    fhir_intake_port: int = Field(8090, ge=0, le=65535, description="port of the same")
    fhir_intake_tls_cert_file: Path | None = Field(None, description="as MLLP's, for FHIR that arrives")
    fhir_intake_tls_key_file: Path | None = Field(None, description="PEM file with its private key")
    fhir_intake_tls_client_ca_file: Path | None = Field(None, description="as MLLP's")
    fhir_intake_longest: int = Field(16 * 2**20, ge=1024, le=20 * 2**20, description="bytes of the longest body")
    fhir_intake_rate: float = Field(
        500, ge=0, description="FHIR requests a second from one address, ten seconds' worth at once; 0: no limit"
    )
    fhir_intake_access: Literal["open", "token"] = Field(
        "open", description="who may send FHIR: everybody who reaches the port, or bearers of a token"
    )
    fhir_intake_token_file: Path | None = Field(None, description="file with bearer tokens of senders, one a line")
    gateway_host: str = Field("127.0.0.1", description="address of the FHIR gateway")
    gateway_port: int = Field(8080, ge=0, le=65535, description="port of the same")
    gateway_base_url: str = Field("", description="the gateway's address as clients see it; empty: from the request")
    gateway_tls_cert_file: Path | None = Field(None, description="as MLLP's, for the gateway")
    gateway_tls_key_file: Path | None = Field(None, description="PEM file with its private key")
    gateway_tls_client_ca_file: Path | None = Field(None, description="as MLLP's")
    gateway_rate: float = Field(
        100, ge=0, description="gateway requests a second from one address, ten seconds' worth at once; 0: no limit"
    )
    gateway_token_file: Path | None = Field(None, description="file with bearer tokens of readers, one a line")
    gateway_evidence: Literal["token", "open"] = Field(
        "token", description="who may read evidence sentences: who shows the right to, or everybody (demonstrations)"
    )
    jwt_jwks_file: Path | None = Field(
        None, description="JWK Set of who may issue JWTs (SMART Backend Services); read again when it changes"
    )
    jwt_issuer: str = Field("", description="the issuer (iss) of the JWTs")
    jwt_audience: str = Field("", description="the audience (aud) that JWTs must name")
    jwt_leeway: float = Field(30, ge=0, le=120, description="seconds by which the issuer's clock may differ")
    jwt_token_url: str = Field("", description="where clients get JWTs, for /.well-known/smart-configuration")
    desk_host: str = Field(
        "127.0.0.1", description="address of the desk: dead letters, reviews, decisions, audit trail"
    )
    desk_port: int = Field(8070, ge=0, le=65535, description="port of the same")
    desk_tls_cert_file: Path | None = Field(None, description="as MLLP's, for the desk")
    desk_tls_key_file: Path | None = Field(None, description="PEM file with its private key")
    desk_tls_client_ca_file: Path | None = Field(None, description="as MLLP's")
    desk_rate: float = Field(
        20, ge=0, description="desk requests a second from one address, ten seconds' worth at once; 0: no limit"
    )
    desk_access: Literal["token", "open"] = Field(
        "token", description="who may use the desk: bearers of a token, or everybody (demonstrations)"
    )
    patient_system_template: str = Field(
        "urn:cryowatch:site:{site}:patient", description="FHIR system of a site's patient numbers"
    )
    accession_system_template: str = Field(
        "urn:cryowatch:site:{site}:accession", description="FHIR system of a site's accession numbers"
    )
    batch: int = Field(500, ge=1, le=5000, description="most messages taken into one transaction")
    dead_letter_limit: int = Field(200, ge=1, description="dead letters in a row after which a service stops")
    session_timeout: float = Field(30, ge=6, le=300, description="seconds after which Kafka gives up a silent worker")
    expire_days: int = Field(
        120, ge=0, description="days after which facts of patients without a procedure expire; 0: never"
    )
    archive_days: int = Field(
        0, ge=0, description="days for which the bytes of understood messages are kept, to rebuild from; 0: for ever"
    )
    ignored_days: int = Field(
        60, ge=30, description="days after which ledger rows of ignored messages are summed up by day and code"
    )
    audit_days: int = Field(
        400, ge=0, description="days for which the audit trail can be searched at the desk; 0: for ever"
    )
    instance: str = Field("", description="stable name of this replica (Kafka static membership); empty: none")

    @field_validator("kafka")
    @classmethod
    def _brokers(cls, value: str) -> str:
        for broker in value.split(","):
            host, _, port = broker.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError("write host:port, several separated by commas")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith("postgresql+psycopg://"):
            raise ValueError("write postgresql+psycopg://user@host:port/database; PostgreSQL is the only database")
        return value

    def secret(self, name: str) -> bytes:
        """A secret key from its file; WrongSetting when it is missing or short."""
        path = self.secrets_dir / name
        try:
            value = path.read_bytes().strip()
        except OSError as problem:
            raise WrongSetting(
                f"{PREFIX}SECRETS_DIR: can't read {path} ({problem.strerror}); make it with deploy/secrets/create.sh"
            ) from None
        if len(value) < 32:
            raise WrongSetting(f"{PREFIX}SECRETS_DIR: {path} is shorter than 32 characters")
        return value

    def sites(self) -> Sites:
        """The hospital's sites and senders; WrongSetting when the file can't be read."""
        if self.sites_file is None:
            return Sites()
        try:
            return load_sites(self.sites_file)
        except ValueError as problem:
            raise WrongSetting(f"{PREFIX}SITES_FILE: {problem}") from None

    def database_password(self) -> SecretStr | None:
        """The database password from its file, when one is named."""
        if self.database_password_file is None:
            return None
        try:
            return SecretStr(self.database_password_file.read_text("utf-8").strip())
        except OSError as problem:
            raise WrongSetting(
                f"{PREFIX}DATABASE_PASSWORD_FILE: can't read {self.database_password_file} ({problem.strerror})"
            ) from None


def _misspelt() -> list[str]:
    """Variables that are nearly a setting: nobody would notice that they have no effect."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    others = [name for name in sorted(os.environ) if name.startswith(PREFIX) and name not in known]
    close = {name: difflib.get_close_matches(name, known, 1, 0.93) for name in others}
    return [f"{name}: there is no such setting; {found[0]} is one" for name, found in close.items() if found]


def load_settings() -> Settings:
    """The settings of this process. WrongSetting names each wrong variable and says what to write."""
    if misspelt := _misspelt():
        raise WrongSetting("\n".join(misspelt))
    try:
        return Settings()
    except ValidationError as problem:
        said = [(PREFIX + str(e["loc"][0]).upper(), e["msg"].removeprefix("Value error, ")) for e in problem.errors()]
        raise WrongSetting("\n".join(f"{name}: {words}" for name, words in said)) from None
