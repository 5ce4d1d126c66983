"""One decision of the safety lead, from the topic ``adjudications``, to its fact."""

import hashlib

from services.clinical.facts import Fact, state
from services.clinical.moments import parse_iso
from services.clinical.statements import Adjudication
from services.contracts.codec import validator
from services.report_normalizer.fhir.elements import load
from services.report_normalizer.reasons import InvalidCode, Rejected
from services.runtime.outcomes import Done, Identity, Invalid

TOPIC, SCHEMA = "adjudications", "adjudications.v1"


def outcome(value: bytes) -> Done[Fact] | Invalid:
    """What the message amounts to; the same decision sent twice is a duplicate."""
    try:
        said = load(value)
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where)
    problems = validator(SCHEMA)(said)
    if problems:
        return Invalid(InvalidCode.ADJUDICATION_UNREADABLE.value, problems[0].where)
    try:
        when = parse_iso(said["when"])
    except ValueError:  # a leap second, which is RFC 3339 and no datetime
        return Invalid(InvalidCode.ADJUDICATION_UNREADABLE.value, "/when")
    decision = Adjudication(
        site=said["site"],
        accession=said["accession"],
        event=said["event"],
        verdict=said["verdict"],
        who=said["who"],
        when=when,
        why=said["why"],
        grade=said.get("grade"),
        causality=said.get("causality"),
        basis=said["basis"],
    )
    content = hashlib.sha256(value).hexdigest()[:32]
    identity = Identity("desk", f"{decision.event}/{said['when']}/{decision.verdict}", content, "adjudication")
    return Done((state(decision, sent=when),), identity)
