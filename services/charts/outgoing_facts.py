"""Facts on their way to clinical-facts: one outbox row per fact version, never replaced by another."""

from collections.abc import Iterable

from services.clinical.canonical import canonical
from services.clinical.facts import Fact, fact_json, names
from services.clinical.identifiers import routing_key
from services.runtime.outbox import Outgoing

TOPIC = "clinical-facts"


def routed_by(fact: Fact) -> str:
    """The name whose hash is the key: the patient's, or the procedure's where a console names no patient."""
    return next((name for name in names(fact) if name.startswith("patient:")), names(fact)[0])


def outgoing(facts: Iterable[Fact], key: bytes) -> list[Outgoing]:
    """Records for the outbox, keyed by patient, or by a console's accession."""
    return [
        Outgoing(
            TOPIC,
            f"{fact.id}/{fact.version}",
            routing_key(key, routed_by(fact)),
            canonical(fact_json(fact)).encode(),
        )
        for fact in facts
    ]
