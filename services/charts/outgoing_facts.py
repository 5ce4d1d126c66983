"""Facts on their way to clinical-facts: one outbox row per fact version, never replaced by another."""

from collections.abc import Iterable

from services.clinical.canonical import canonical
from services.clinical.facts import Fact, fact_json, names
from services.clinical.identifiers import routing_key
from services.runtime.outbox import Outgoing

TOPIC = "clinical-facts"


def outgoing(facts: Iterable[Fact], key: bytes) -> list[Outgoing]:
    """Records for the outbox, keyed by the first name of each fact: the patient, or a console's accession."""
    return [
        Outgoing(
            TOPIC,
            f"{fact.id}/{fact.version}",
            routing_key(key, names(fact)[0]),
            canonical(fact_json(fact)).encode(),
        )
        for fact in facts
    ]
