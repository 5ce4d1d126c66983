"""Whom a fact speaks of, for erasure: the patient's numbers, or the procedure where no patient is named."""

import json
from collections.abc import Sequence

from services.clinical.canonical import canonical
from services.clinical.facts import Fact, FactKind, fact_from_json, fact_json, names
from services.runtime.settings import Settings
from services.runtime.subjects import Subjects


def subjects_of(fact: Fact) -> tuple[str, ...]:
    """The patients that a fact names, else all that it names."""
    named = names(fact)
    return tuple(name for name in named if name.startswith("patient:")) or named


def barred_by(fact: Fact) -> tuple[str, ...]:
    """Names that keep a fact out once they were erased: patients and reports; a procedure where that is its matter."""
    kept: tuple[str, ...] = ("patient:", "report:")
    if fact.kind is FactKind.PROCEDURE or not any(name.startswith("patient:") for name in names(fact)):
        kept += ("procedure:",)
    return tuple(name for name in names(fact) if name.startswith(kept))


def redacted(facts: Sequence[Fact]) -> bytes:
    """What is left of a message after an erasure: its other facts, in place of its bytes."""
    return canonical({"redacted": [fact_json(fact) for fact in facts]}).encode()


def facts_of_redacted(body: bytes) -> list[Fact]:
    """The reverse of :func:`redacted`."""
    return [fact_from_json(one) for one in json.loads(body)["redacted"]]


def fact_subjects(settings: Settings) -> Subjects[Fact]:
    """The subjects of facts, hashed with the key that never rotates."""
    return Subjects(settings.secret("event_id_key"), subjects_of, barred_by, redacted)
