"""One value of hl7v2-inbound, a message or a batch, to its outcome."""

import hashlib

from services.clinical.facts import Fact
from services.report_normalizer.hl7v2.dispatch import message_facts
from services.report_normalizer.hl7v2.encoding import clean, read, split_messages
from services.report_normalizer.hl7v2.segments import Message, Segment, parse
from services.report_normalizer.reasons import IgnoredCode, NotOurs, Rejected, WarningCode
from services.report_normalizer.source import Source
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.sites import Sender, Sites

LONGEST_IDENTITY = 200


def outcome(value: bytes, sites: Sites) -> Done[Fact] | Ignored | Invalid:
    """What the value amounts to. A batch stands and falls together: a message in it that is refused refuses it."""
    try:
        batch, messages = split_messages(value)
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where)
    if batch is None and len(messages) == 1:
        return _message(messages[0], sites)
    return _batch(value, batch, [_message(message, sites) for message in messages])


def _message(raw: bytes, sites: Sites) -> Done[Fact] | Ignored | Invalid:
    warnings: dict[WarningCode, None] = {}

    def warn(code: WarningCode) -> None:
        warnings[code] = None

    try:
        message = read(raw, lambda app, place: _sender(app, place, sites).charset, warn)
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where)
    header = message.header
    source = Source(_sender(header.value(3), header.value(4), sites), sites, warnings)
    identity = _identity(message, raw)
    if not identity.control_id:
        source.warn(WarningCode.CONTROL_ID_MISSING)
    try:
        facts = message_facts(message, source)
    except NotOurs as reason:
        return Ignored(reason.code.value, identity)
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where, identity)
    return Done(tuple(facts), identity, tuple(w.value for w in source.warnings))


def _batch(
    value: bytes, header: bytes | None, outcomes: list[Done[Fact] | Ignored | Invalid]
) -> Done[Fact] | Ignored | Invalid:
    identity = _batch_identity(value, header)
    for number, refused in enumerate(outcomes, 1):
        if isinstance(refused, Invalid):
            return Invalid(refused.code, f"message {number}: {refused.where}", identity)
    done = [o for o in outcomes if isinstance(o, Done)]
    ignored = [o for o in outcomes if isinstance(o, Ignored)]
    if not done:
        return Ignored(ignored[0].code if ignored else IgnoredCode.EMPTY_BATCH.value, identity)
    warnings = dict.fromkeys(w for o in done for w in o.warnings)
    return Done(tuple(f for o in done for f in o.results), identity, tuple(warnings))


def _sender(application: str, facility: str, sites: Sites) -> Sender:
    return sites.sender(f"{application}|{facility}", facility)


def _identity(message: Message, raw: bytes) -> Identity:
    header = message.header
    code, trigger = message.type
    return Identity(
        sender=f"{header.value(3)}|{header.value(4)}"[:LONGEST_IDENTITY],
        control_id=header.value(10)[:LONGEST_IDENTITY],
        content=hashlib.sha256(raw).hexdigest()[:32],
        type=f"{code}^{trigger}"[:LONGEST_IDENTITY],
    )


def _batch_identity(value: bytes, header: bytes | None) -> Identity:
    """A batch by its own header: BHS-11 or FHS-11 is its control id."""
    content = hashlib.sha256(value).hexdigest()[:32]
    try:
        segment: Segment | None = parse(clean((header or b"").decode("latin-1")), lambda: None).segments[0]
    except Rejected:
        segment = None
    if segment is None:
        return Identity("", "", content, "BHS")
    sender = f"{segment.value(3)}|{segment.value(4)}"[:LONGEST_IDENTITY]
    return Identity(sender, segment.value(11)[:LONGEST_IDENTITY], content, segment.name)
