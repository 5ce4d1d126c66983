"""HL7 v2 acknowledgments: pure, in the sender's own delimiters and bytes.

Original mode: AA stored, AE send it again, AR don't. Enhanced mode (MSH-15 or MSH-16 valued): CA, CE and CR, as MSH-15
asks, and AA, AE or AR as MSH-16 asks. AA says that the message is durable and will be processed, never less.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.intake.header import Header

_APPLICATION, _FACILITY = b"CRYOWATCH", b"CRYOWATCH"
_PLAIN = Header(b"MSH", (b"MSH", b"|", b"^~\\&"))
_TABLE = b"HL70357"
_TRIGGER = re.compile(rb"[A-Z][A-Z\d]\d")
_PROCESSING = re.compile(rb"[DPT](?:[^\w\s][A-Z])?")
_VERSION = re.compile(rb"\d(\.\d){0,3}")
_SET = rb"(?:8859/\d{1,2}|ASCII|UNICODE(?: UTF-?\d{1,2})?|ISO[- ]?IR ?\d{1,3}|ISO[- ]?8859-\d{1,2}|UTF-?\d{1,2})"
_CHARSET = re.compile(rb"(?:" + _SET + rb")?(?:[^\w\s]" + _SET + rb")*")


class Verdict(StrEnum):
    """What became of a message. ``RETRY`` is for the sender to repeat, ``REFUSED`` never to."""

    STORED = "stored"
    RETRY = "retry"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a message wasn't stored: HL7 table 0357 code and text, where in the message, and what to do."""

    code: bytes
    name: bytes
    advice: bytes
    where: tuple[bytes, ...] = ()


UNAVAILABLE = Problem(b"207", b"Application internal error", b"The store does not answer. Send the message again.")
BUSY = Problem(b"207", b"Application internal error", b"Too many connections or bytes in transit. Send it again later.")
TRUNCATED = Problem(b"207", b"Application internal error", b"The frame was cut off. Send the message again.")
NOT_HL7 = Problem(
    b"100", b"Segment sequence error", b"The frame holds no HL7 v2 message: it must begin with MSH.", (b"MSH", b"1")
)
NOT_FRAMED = Problem(
    b"100",
    b"Segment sequence error",
    b"Bytes came without an MLLP frame: begin each message with 0x0B.",
    (b"MSH", b"1"),
)
TOO_LONG = Problem(b"102", b"Data type error", b"The message is longer than this interface takes.", (b"MSH", b"1"))


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """One answer: its code (MSA-1) and its bytes, without the frame."""

    code: str
    content: bytes


def acknowledge(
    header: Header | None,
    verdict: Verdict,
    problem: Problem | None,
    now: datetime,
    next_id: Callable[[], str],
) -> list[Acknowledgment]:
    """The answers to one message, in the order in which to send them; none where the sender asks for none."""
    received = header or _PLAIN
    codes = []
    if received.enhanced:
        if _wanted(received.field(15), verdict):
            codes.append({Verdict.STORED: "CA", Verdict.RETRY: "CE", Verdict.REFUSED: "CR"}[verdict])
        if _wanted(received.field(16), verdict) and not (codes and verdict is not Verdict.STORED):
            codes.append({Verdict.STORED: "AA", Verdict.RETRY: "AE", Verdict.REFUSED: "AR"}[verdict])
    else:
        codes.append({Verdict.STORED: "AA", Verdict.RETRY: "AE", Verdict.REFUSED: "AR"}[verdict])
    return [Acknowledgment(code, _message(received, code, problem, now, next_id())) for code in codes]


def batch_of(header: Header, answers: list[Acknowledgment], now: datetime, control_id: str) -> bytes:
    """The answers to a batch as a batch: BHS, the acknowledgments, BTS."""
    s = header.separator
    fields = [b"BHS", header.field(2), header.field(5), header.field(6), header.field(3), header.field(4), _time(now)]
    fields += [b"", b"", b"", control_id.encode(), header.field(11)]
    trailer = s.join((b"BTS", str(len(answers)).encode()))
    return s.join(fields) + b"\r" + b"".join(a.content for a in answers) + trailer + b"\r"


def _wanted(condition: bytes, verdict: Verdict) -> bool:
    """Table 0155: AL always, NE never, ER on errors, SU on success. Empty in enhanced mode means never."""
    match condition.strip().upper():
        case b"AL":
            return True
        case b"ER":
            return verdict is not Verdict.STORED
        case b"SU":
            return verdict is Verdict.STORED
        case _:
            return False


def _message(received: Header, code: str, problem: Problem | None, now: datetime, control_id: str) -> bytes:
    s, c = received.separator, received.component_separator
    trigger = _echoed(_TRIGGER, received.component(9, 2))
    kind = c.join((b"ACK", trigger, b"ACK")) if trigger else b"ACK"
    fields = [
        b"MSH",
        received.field(2),
        received.field(5) or _APPLICATION,
        received.field(6) or _FACILITY,
        received.field(3),
        received.field(4),
        _time(now),
        b"",
        kind,
        control_id.encode(),
        _echoed(_PROCESSING, received.field(11)) or b"P",
        _echoed(_VERSION, received.component(12)) or b"2.5.1",
    ]
    charset = _echoed(_CHARSET, received.field(18))
    if charset:
        fields += [b"", b"", b"", b"", b"", charset]
    old = received.component(12) < b"2.5" and received.component(12) != b""
    segments = [s.join(fields), s.join((b"MSA", code.encode(), received.field(10)))]
    if problem is not None:
        if old:
            segments[1] += s + problem.advice
        segments.append(_error(problem, s, c, received.field(2)[3:4], old))
    return b"\r".join(segments) + b"\r"


def _echoed(pattern: re.Pattern[bytes], field: bytes) -> bytes:
    """A field of the header as it came, if it can be what it should be: a garbled one may hold a patient's data."""
    return field if pattern.fullmatch(field) else b""


def _error(problem: Problem, s: bytes, c: bytes, sub: bytes, old: bool) -> bytes:
    """ERR: the location and the code, in ERR-1 before v2.5, in ERR-2 to ERR-8 from then on."""
    if old:
        segment, field = (*problem.where, b"", b"")[:2]
        coded = (sub or b"&").join((problem.code, problem.name, _TABLE))
        return s.join((b"ERR", c.join((segment, b"", field, coded))))
    place = c.join((problem.where[0], *problem.where[1:])) if problem.where else b""
    coded = c.join((problem.code, problem.name, _TABLE))
    return s.join((b"ERR", b"", place, coded, b"E", b"", b"", b"", problem.advice))


def _time(now: datetime) -> bytes:
    return now.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000").encode()
