"""Parts of a resource (``_summary``, ``_elements``), tagged so that nobody takes a part for the whole.

A modifierExtension is always kept: without it a withdrawn event would read as a live one.
"""

from services.fhir_gateway.adverse_event import summary_elements
from services.fhir_gateway.elements import Json
from services.fhir_gateway.release import Release
from services.fhir_gateway.search import Shape

_ALWAYS = frozenset(
    ("resourceType", "id", "meta", "implicitRules", "modifierExtension", "status", "actuality", "subject")
)
_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}


def shaped(resource: Json, shape: Shape, release: Release) -> Json:
    """The resource itself, or a part of it."""
    kept = _kept(shape, resource, release)
    if kept is None:
        return resource
    part = {name: value for name, value in resource.items() if name in kept}
    meta = resource["meta"]
    return part | {"meta": meta | {"tag": [*meta.get("tag", ()), _SUBSETTED]}}


def _kept(shape: Shape, resource: Json, release: Release) -> frozenset[str] | None:
    if shape.elements:
        return _ALWAYS | shape.elements
    if shape.summary == "true":
        return _ALWAYS | summary_elements(release)
    if shape.summary == "text":
        return _ALWAYS | {"text"}
    return frozenset(resource) - {"text"} if shape.summary == "data" else None
