"""Messages through the front door: HL7 v2 by MLLP, FHIR by HTTP; console frames go to Kafka."""

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulators.kafka_sink import KafkaSink
from simulators.message import FHIR, HL7V2, Message

_START = b"\x0b"
_END = b"\x1c\r"
_ATTEMPTS = 8
_TIMEOUT_SECONDS = 30.0


class IntakeError(RuntimeError):
    """The intake didn't take a message although it was offered again and again."""


class MllpLink:
    """One sender's MLLP connection: a message at a time, the next after the answer."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None

    def deliver(self, value: bytes) -> str:
        """Send until the answer is AA (durable) or AR (refused); after AE or a lost connection try again."""
        for attempt in range(_ATTEMPTS):
            try:
                code = self._exchange(value)
            except OSError:
                self.close()
                code = ""
            if code in ("AA", "AR"):
                return code
            time.sleep(min(5.0, 0.1 * 2**attempt))
        raise IntakeError("the MLLP intake gave no AA; see its log and whether Kafka is up")

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, value: bytes) -> str:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT_SECONDS)
        self._socket.sendall(_START + value + _END)
        answer = b""
        while not answer.endswith(_END):
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("the connection was closed before an answer")
            answer += piece
        for line in answer.strip(_START + _END).replace(b"\n", b"\r").split(b"\r"):
            fields = line.split(b"|")
            if fields[0] == b"MSA" and len(fields) > 1:
                return fields[1].decode("ascii", "replace")
        return ""


class IntakeSink:
    """Offers each message to the intake as its sender would, and waits for the answer. ``client`` logs in to Kafka."""

    def __init__(
        self, bootstrap: str, mllp: str, fhir_url: str, client: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        if not fhir_url.startswith(("http://", "https://")):
            raise ValueError("the FHIR address must begin with http:// or https://")
        host, _, port = mllp.rpartition(":")
        self._mllp = (host, int(port))
        self._links: dict[str, MllpLink] = {}
        self._fhir_url = fhir_url
        self._kafka = KafkaSink(bootstrap, client)
        self.refused = 0

    def send(self, message: Message) -> None:
        """Deliver one message; ``refused`` counts those that the intake turned away for good."""
        if message.topic == HL7V2:
            link = self._links.setdefault(message.sender, MllpLink(*self._mllp))
            self.refused += link.deliver(message.value) == "AR"
        elif message.topic == FHIR:
            self.refused += not self._post(message)
        else:
            self._kafka.send(message)

    def flush(self) -> None:
        """Wait for the console frames; everything else is answered already."""
        self._kafka.flush()

    def close(self) -> None:
        """Disconnect."""
        for link in self._links.values():
            link.close()
        self._kafka.close()

    def _post(self, message: Message) -> bool:
        headers = {"Content-Type": "application/fhir+json", "X-Sender": message.sender}
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked at the start
            self._fhir_url, data=message.value, headers=headers, method="POST"
        )
        for attempt in range(_ATTEMPTS):
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310 - as above
                    return True
            except urllib.error.HTTPError as answer:
                if answer.code < 500 and answer.code != 429:
                    return False
            except OSError:
                pass
            time.sleep(min(5.0, 0.1 * 2**attempt))
        raise IntakeError("the FHIR intake didn't take a resource; see its log and whether Kafka is up")
