"""Whether Kafka can be reached, and a refusal told from an absence: the client libraries say the same of both.

A refusal isn't mended by waiting, so it is said by name, at once and again every ten minutes.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from enum import StrEnum

from aiokafka import errors as ae
from aiokafka.conn import create_conn

from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import PREFIX, WrongSetting

_SECONDS = 5.0


class Reached(StrEnum):
    """What an attempt to connect came to. All but the first two are refusals: waiting alone doesn't mend them."""

    ANSWERS = "answers"
    ABSENT = "absent"
    BROKER_CERTIFICATE = "broker_certificate_not_trusted"
    HANDSHAKE = "tls_handshake_refused"
    LOGIN = "login_refused"
    FILES = "files_unusable"
    TOPIC = "topic_closed"

    @property
    def refused(self) -> bool:
        """Whether a broker is there and won't have us, or we it."""
        return self not in (Reached.ANSWERS, Reached.ABSENT)

    @property
    def advice(self) -> str:
        """What to look at, for people."""
        return {
            Reached.BROKER_CERTIFICATE: f"Kafka's certificate isn't from {PREFIX}KAFKA_CA_FILE or names another host",
            Reached.HANDSHAKE: "Kafka and this client agree on no TLS: is the port a TLS port, and does it "
            f"ask for a certificate? See {PREFIX}KAFKA_SECURITY and {PREFIX}KAFKA_CERT_FILE",
            Reached.FILES: f"A file that a setting {PREFIX}KAFKA_*_FILE names can't be used",
            Reached.TOPIC: "Kafka doesn't let this service's user at its topics: run `cryowatch acls --apply`",
            Reached.LOGIN: f"Kafka refuses the login: compare {PREFIX}KAFKA_USER and {PREFIX}KAFKA_PASSWORD_FILE",
        }.get(self, "")


async def _reach(access: KafkaAccess, host: str, port: int) -> Reached:
    try:
        connection = await create_conn(host, port, request_timeout_ms=int(_SECONDS * 1000), **access.aiokafka())
    except ssl.SSLCertVerificationError:
        return Reached.BROKER_CERTIFICATE
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError, ae.KafkaConnectionError, EOFError):
        return Reached.HANDSHAKE  # somebody is there, and hangs up
    except (ae.AuthenticationFailedError, ae.SaslAuthenticationFailed, ae.UnsupportedSaslMechanismError):
        return Reached.LOGIN
    except (ae.KafkaError, OSError):
        return Reached.ABSENT
    closed = connection.close()
    if closed is not None:
        await closed
    return Reached.ANSWERS


def reach(access: KafkaAccess) -> Reached:
    """Connect and log in to the first broker that answers, with the files as they are now. Blocks for seconds."""
    reached = Reached.ABSENT
    for broker in access.brokers:
        reached = asyncio.run(_reach(access, *_address(broker)))
        if reached is not Reached.ABSENT:
            break
    return reached


class KafkaProbe:
    """Asked every second or so: a bare connection, and now and then, or after trouble, a whole login.

    ``say`` is told of each refusal when it begins, and every ten minutes while it lasts.
    """

    LOGIN_SECONDS = 30.0
    AGAIN_SECONDS = 600.0

    def __init__(self, access: KafkaAccess, say: Callable[[Reached], None] = lambda _: None) -> None:
        self._access, self._say = access, say
        self._last = Reached.ABSENT
        self._said: Reached | None = None
        self._asked_at = self._said_at = float("-inf")

    def ask(self) -> Reached:
        """What a connection comes to now; blocks for seconds at most."""
        now = time.monotonic()
        fresh = self._last is Reached.ANSWERS and now - self._asked_at < self.LOGIN_SECONDS
        if fresh:
            found = self._connects()
            self._last = found if found is Reached.ABSENT else self._last
            return found
        try:
            self._last = reach(self._access)
        except WrongSetting:  # a file is being replaced, or was taken away
            self._last = Reached.FILES
        self._asked_at = now
        self.note(self._last)
        return self._last

    def note(self, found: Reached) -> None:
        """Say a refusal, unless it was said lately."""
        if found is Reached.ANSWERS:
            self._said = None
        elif found.refused and (found is not self._said or time.monotonic() - self._said_at > self.AGAIN_SECONDS):
            self._said, self._said_at = found, time.monotonic()
            self._say(found)

    def _connects(self) -> Reached:
        for broker in self._access.brokers:
            try:
                socket.create_connection(_address(broker), 2).close()
                return Reached.ANSWERS
            except OSError:
                continue
        return Reached.ABSENT


def _address(broker: str) -> tuple[str, int]:
    host, _, port = broker.rpartition(":")
    return host.strip("[]"), int(port)
