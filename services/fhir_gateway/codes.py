"""Our words in FHIR: text and codings of events, care, places and sides (``codes.toml``)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

BASE = "https://cryowatch.org/fhir"
"""The base of everything canonical that is ours: extensions, code systems, identifiers."""


@dataclass(frozen=True, slots=True)
class Coding:
    """One coding of a concept."""

    system: str
    code: str
    display: str

    def json(self) -> dict[str, str]:
        """As FHIR."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept: what people read, and its codings."""

    text: str
    codings: tuple[Coding, ...] = ()

    def json(self) -> dict[str, Any]:
        """As FHIR."""
        coding = [coding.json() for coding in self.codings]
        return {"coding": coding, "text": self.text} if coding else {"text": self.text}


@dataclass(frozen=True, slots=True)
class Codes:
    """The table, read once. Tokens that it doesn't know are said in their own words, without a code."""

    events: dict[str, Concept]
    care_given: dict[str, Concept]
    places: dict[str, Concept]
    sides: dict[str, Concept]
    placeless: frozenset[str]

    def event(self, token: str) -> Concept:
        """What happened."""
        return self.events.get(token) or _said(token)

    def care(self, token: str) -> Concept:
        """What was done about it."""
        return self.care_given.get(token) or _said(token)

    def place(self, place: str | None, compartment: str) -> Concept | None:
        """Where in the body: the text's own place, else the compartment where that is one."""
        general, _, special = compartment.partition(":")
        token = place or special or ("" if general in self.placeless else general)
        if not token:
            return None
        return self.places.get(token) or _said(token)

    def side(self, token: str) -> Concept:
        """The side of the patient."""
        return self.sides.get(token) or _said(token)


def _said(token: str) -> Concept:
    words = token.replace("_", " ").strip()
    return Concept(words[:1].upper() + words[1:])


@cache
def codes() -> Codes:
    """The table that comes with the package."""
    data = tomllib.loads(files(__package__).joinpath("codes.toml").read_text("utf-8"))
    systems = data["systems"]

    def concepts(section: str, own: str | None) -> dict[str, Concept]:
        found = {}
        for token, row in data[section].items():
            codings = tuple(Coding(systems[system], code, display) for system, code, display in row["codings"])
            if own:
                codings += (Coding(systems[own], token, row["text"]),)
            found[token] = Concept(row["text"], codings)
        return found

    return Codes(
        concepts("event", "own_event"),
        concepts("care", "own_care"),
        concepts("place", None),
        concepts("side", None),
        frozenset(data["no_place"]["compartments"]),
    )
