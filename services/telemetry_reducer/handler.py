"""One telemetry message to the digest of its frame, or to the reason why it can't be read. Pure."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from services.clinical.procedures.frame import FrameDigest, digest_frame
from services.contracts.codec import validator
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.sites import Sites
from services.telemetry_reducer.checks import defect
from services.telemetry_reducer.reasons import Reason

SCHEMA = "procedure-telemetry.v1"
LARGEST_BYTES = 256 * 1024
"""A minute of every channel at ten samples a second is a tenth of it."""


@dataclass(frozen=True, slots=True)
class KeyedFrame:
    """A frame's digest with what it belongs to. Accession and console are without white space.

    Like every fact, it goes to JSON and back by ``services.clinical.canonical``.
    """

    site: str
    accession: str
    console: str
    frame: int
    digest: FrameDigest


def handle(message: InboundMessage, sites: Sites) -> Done[KeyedFrame] | Ignored | Invalid:
    """Read one frame. Nothing on this topic is ignored: what can't be read is a dead letter."""
    if not message.value:
        return Invalid(Reason.EMPTY)
    if len(message.value) > LARGEST_BYTES:
        return Invalid(Reason.TOO_LARGE)
    try:
        frame = json.loads(message.value.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Invalid(Reason.NOT_JSON)
    if not isinstance(frame, dict) or frame.get("schema") != SCHEMA:
        return Invalid(Reason.OTHER_SCHEMA, "/schema")
    wrong = _misfit(frame) or defect(frame)
    return wrong or _read(frame, message.value, sites)


def _misfit(frame: dict[str, Any]) -> Invalid | None:
    try:
        problems = validator(SCHEMA)(frame)
    except ValueError:  # it nests deeper than the validator goes
        return Invalid(Reason.SCHEMA, "/")
    return Invalid(Reason.SCHEMA, problems[0].where) if problems else None


def _read(frame: dict[str, Any], raw: bytes, sites: Sites) -> Done[KeyedFrame]:
    console, accession = "".join(frame["console"].split()), "".join(frame["accession"].split())
    site = sites.sender(console, frame["site"]).site
    content = hashlib.sha256(raw).hexdigest()[:32]
    digest = digest_frame(frame)
    keyed = KeyedFrame(site, accession, console, digest.frame, digest)
    return Done((keyed,), Identity(console, f"{accession}/{digest.frame}", content, "telemetry"))


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")
