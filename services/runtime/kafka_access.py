"""How a process gets at Kafka: its addresses, TLS and login, in the words of each client library.

Files are read when a client is made, so a client made anew takes a replaced password.
"""

import ssl
from pathlib import Path
from typing import Any

import faust

from services.runtime.settings import PREFIX, Settings, WrongSetting
from services.runtime.tls import load_authorities, load_identity

MECHANISM = "SCRAM-SHA-512"


class KafkaAccess:
    """The settings as clients take them. WrongSetting when one is missing or a file is unusable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.brokers = [broker.strip() for broker in settings.kafka.split(",")]
        self._check()

    def kafka_python(self) -> dict[str, Any]:
        """Arguments for kafka-python's clients, addresses included."""
        found: dict[str, Any] = {"bootstrap_servers": self.brokers}
        match self._settings.kafka_security:
            case "tls":
                found |= {"security_protocol": "SSL", "ssl_context": self._context()}
            case "sasl_tls":
                found |= {
                    "security_protocol": "SASL_SSL",
                    "ssl_context": self._context(),
                    "sasl_mechanism": MECHANISM,
                    "sasl_plain_username": self._settings.kafka_user,
                    "sasl_plain_password": self._password(),
                }
        return found

    def faust(self) -> Any:
        """Faust's ``broker_credentials``. Faust keeps them: a replaced file counts from the next start on."""
        match self._settings.kafka_security:
            case "tls":
                return faust.SSLCredentials(context=self._context())
            case "sasl_tls":
                return faust.SASLCredentials(
                    username=self._settings.kafka_user,
                    password=self._password(),
                    mechanism=MECHANISM,
                    ssl_context=self._context(),
                )
            case _:
                return None

    def aiokafka(self) -> dict[str, Any]:
        """Arguments for aiokafka's connections, addresses left out."""
        found = self.kafka_python()
        del found["bootstrap_servers"]
        return found

    def _check(self) -> None:
        s = self._settings
        if s.kafka_security == "plaintext":
            for name in ("kafka_ca_file", "kafka_user", "kafka_password_file", "kafka_cert_file", "kafka_key_file"):
                if getattr(s, name):
                    raise WrongSetting(
                        f"{PREFIX}{name.upper()}: without effect while {PREFIX}KAFKA_SECURITY is plaintext"
                    )
            return
        if bool(s.kafka_cert_file) != bool(s.kafka_key_file):
            raise WrongSetting(f"{PREFIX}KAFKA_CERT_FILE, {PREFIX}KAFKA_KEY_FILE: set both or neither")
        if s.kafka_security == "sasl_tls":
            if not s.kafka_user:
                raise WrongSetting(f"{PREFIX}KAFKA_USER: sasl_tls needs the name of a SCRAM user")
            self._password()
        self._context()

    def _context(self) -> ssl.SSLContext:
        s = self._settings
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if s.kafka_ca_file is None:
            context.load_default_certs()
        else:
            load_authorities(context, s.kafka_ca_file, f"{PREFIX}KAFKA_CA_FILE")
        if s.kafka_cert_file and s.kafka_key_file:
            names = (f"{PREFIX}KAFKA_CERT_FILE", f"{PREFIX}KAFKA_KEY_FILE")
            load_identity(context, s.kafka_cert_file, s.kafka_key_file, *names)
        return context

    def _password(self) -> str:
        path: Path | None = self._settings.kafka_password_file
        if path is None:
            raise WrongSetting(f"{PREFIX}KAFKA_PASSWORD_FILE: sasl_tls needs a file with the password")
        try:
            password = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise WrongSetting(
                f"{PREFIX}KAFKA_PASSWORD_FILE: can't read {path} ({getattr(problem, 'strerror', 'no UTF-8')})"
            ) from None
        if not password:
            raise WrongSetting(f"{PREFIX}KAFKA_PASSWORD_FILE: {path} is empty")
        return password
