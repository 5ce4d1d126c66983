"""The search parameters of AdverseEvent in each release: FHIR's own, and two of ours that R4 lacks."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from services.fhir_gateway.codes import BASE
from services.fhir_gateway.release import Release

_FHIR = "http://hl7.org/fhir/SearchParameter"


class Kind(StrEnum):
    """FHIR's type of a search parameter."""

    TOKEN = "token"
    DATE = "date"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter. ``never``: AdverseEvent has the element, our events never do, so nothing matches."""

    name: str
    kind: Kind
    definition: str
    words: str
    never: bool = False

    @property
    def ours(self) -> bool:
        """Whether it is defined by us, not by FHIR."""
        return self.definition.startswith(BASE)


_BY_IDENTIFIER = "References are logical: search with the modifier :identifier and system|value"
_NEVER = "Never present in these events: nothing matches"


def _event(name: str, kind: Kind, words: str, definition: str = "", *, never: bool = False) -> Parameter:
    return Parameter(name, kind, definition or f"{_FHIR}/AdverseEvent-{name}", words, never)


_BOTH = (
    _event("actuality", Kind.TOKEN, "Every event is actual"),
    _event("category", Kind.TOKEN, _NEVER, never=True),
    _event("location", Kind.REFERENCE, _NEVER, never=True),
    _event("recorder", Kind.REFERENCE, _NEVER, never=True),
    _event("seriousness", Kind.TOKEN, "serious or non-serious; none on withdrawn events"),
    _event("study", Kind.REFERENCE, _NEVER, never=True),
    _event("subject", Kind.REFERENCE, _BY_IDENTIFIER),
    _event("substance", Kind.REFERENCE, f"The procedure. {_BY_IDENTIFIER}"),
)
_CODE = "SNOMED CT, ICD-10-CM or our own code"
_DATE = "When the event was first shown or treated. Dates without a zone are the hospital's local dates"
_R4 = (
    _event("date", Kind.DATE, _DATE),
    _event("event", Kind.TOKEN, _CODE),
    _event("resultingcondition", Kind.REFERENCE, _NEVER, never=True),
    _event("severity", Kind.TOKEN, "mild, moderate or severe: from the SIR grade of the rule set in use"),
    _event("patient", Kind.REFERENCE, _BY_IDENTIFIER, f"{BASE}/SearchParameter/AdverseEvent-patient"),
    _event("identifier", Kind.TOKEN, "The event's identifier", f"{BASE}/SearchParameter/AdverseEvent-identifier"),
)
_R5 = (
    _event("code", Kind.TOKEN, _CODE, f"{_FHIR}/clinical-code"),
    _event("date", Kind.DATE, _DATE, f"{_FHIR}/clinical-date"),
    _event("identifier", Kind.TOKEN, "The event's identifier", f"{_FHIR}/clinical-identifier"),
    _event("patient", Kind.REFERENCE, _BY_IDENTIFIER, f"{_FHIR}/clinical-patient"),
    _event("resultingeffect", Kind.REFERENCE, _NEVER, never=True),
    _event("status", Kind.TOKEN, "in-progress (grades may still change), completed, entered-in-error (withdrawn)"),
)
_COMMON = (
    Parameter("_id", Kind.TOKEN, f"{_FHIR}/Resource-id", "Id"),
    Parameter("_lastUpdated", Kind.DATE, f"{_FHIR}/Resource-lastUpdated", "When the version was published"),
    Parameter("_tag", Kind.TOKEN, f"{_FHIR}/Resource-tag", "_tag:not=withdrawn leaves withdrawn events out"),
)
REFUSED = frozenset(("_content", "_filter", "_has", "_list", "_profile", "_query", "_security", "_source", "_text"))
"""FHIR's parameters that narrow a search and aren't offered: ignoring one would answer with more than was asked for."""


@cache
def parameters(release: Release) -> dict[str, Parameter]:
    """Every search parameter that is understood in that release, by name."""
    own = _R4 if release is Release.R4 else _R5
    return {one.name: one for one in sorted((*_COMMON, *_BOTH, *own), key=lambda p: p.name)}
