"""The same broker with everything locked: SCRAM inside TLS, mutual TLS, and no right that isn't granted."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.local.broker import LocalBroker, free_ports

ADMIN = "admin"
_MECHANISM = "SCRAM-SHA-512"


class SecuredBroker(LocalBroker):
    """One Kafka node whose ``bootstrap`` wants a SCRAM login inside TLS, and ``mutual`` a client's certificate.

    ``authority``, ``certificate`` and ``key`` are PEM files; the certificate names 127.0.0.1 and is the node's own
    principal. ``passwords`` is a folder with one file a user, the administrator's among them.
    """

    def __init__(self, authority: Path, certificate: Path, key: Path, passwords: Path, principal: str) -> None:
        super().__init__()
        self.authority, self.passwords = authority, passwords
        (self._mutual,) = free_ports(1)
        self._principal = principal
        self._keystore = self.directory / "broker.pem"
        self._keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        self._keystore.chmod(0o600)
        passwords.mkdir(parents=True, exist_ok=True)
        self._password(ADMIN)

    @property
    def mutual(self) -> str:
        """The address that takes clients by their certificates."""
        return f"127.0.0.1:{self._mutual}"

    def add_users(self, names: Sequence[str]) -> None:
        """Make SCRAM users, each with a password in a file of its name."""
        from kafka import KafkaAdminClient
        from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

        admin = KafkaAdminClient(**self._admin())
        try:
            mechanism = ScramMechanism.SCRAM_SHA_512
            made = [UserScramCredentialUpsertion(name, mechanism, self._password(name)) for name in names]
            refused = {name: why for name, why in admin.alter_user_scram_credentials(made).items() if why}
        finally:
            admin.close()
        if refused:
            raise RuntimeError(f"Kafka refuses users: {refused}")

    def settings(self, user: str) -> dict[str, str]:
        """The settings with which a service or a command logs in as that user."""
        return {
            "CRYOWATCH_KAFKA": self.bootstrap,
            "CRYOWATCH_KAFKA_SECURITY": "sasl_tls",
            "CRYOWATCH_KAFKA_CA_FILE": str(self.authority),
            "CRYOWATCH_KAFKA_USER": user,
            "CRYOWATCH_KAFKA_PASSWORD_FILE": str(self.passwords / user),
        }

    def client(self, user: str) -> dict[str, Any]:
        """The same for kafka-python's clients."""
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.authority),
            "sasl_mechanism": _MECHANISM,
            "sasl_plain_username": user,
            "sasl_plain_password": self._password(user),
        }

    def _password(self, user: str) -> str:
        file = self.passwords / user
        if not file.exists():
            file.touch(0o600)
            file.write_text(secrets.token_hex(16))
        return file.read_text("ascii")

    def _users(self) -> list[str]:
        return ["--add-scram", f"{_MECHANISM}=[name={ADMIN},password={self._password(ADMIN)}]"]

    def _admin(self) -> dict[str, Any]:
        return self.client(ADMIN)

    def _properties(self) -> dict[str, str]:
        controller = f"127.0.0.1:{self._controller}"
        login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        return super()._properties() | {
            "listeners": f"SASL_SSL://{self.bootstrap},SSL://{self.mutual},CONTROLLER://{controller}",
            "advertised.listeners": f"SASL_SSL://{self.bootstrap},SSL://{self.mutual}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL",
            "inter.broker.listener.name": "SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority),
            "ssl.client.auth": "required",
            "listener.name.sasl_ssl.ssl.client.auth": "none",
            "sasl.enabled.mechanisms": _MECHANISM,
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": login,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN};User:{self._principal}",
            "allow.everyone.if.no.acl.found": "false",
        }
