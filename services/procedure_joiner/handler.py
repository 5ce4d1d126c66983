"""One record of clinical-facts to a fact, or to the reason why it is none."""

import json

from services.clinical.facts import Fact, fact_from_json, names
from services.contracts.codec import validator
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Invalid

SCHEMA = "clinical-facts.v1"


def handle(message: InboundMessage) -> Fact | Invalid:
    """Read a fact. Only our own services write the topic, so what doesn't fit is a defect of theirs: a dead letter."""
    try:
        value = json.loads(message.value)
    except (ValueError, RecursionError):
        return Invalid("not_json")
    found = validator(SCHEMA)(value)
    if found:
        return Invalid("schema", found[0].where)
    try:
        fact = fact_from_json(value)
    except (ValueError, KeyError, TypeError):
        return Invalid("not_a_fact")
    return fact if names(fact) else Invalid("names_nothing")
