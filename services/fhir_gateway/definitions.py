"""Our own definitions (extensions, code systems, value sets, search parameters) from ``schemas/fhir``, as served."""

import json
from collections.abc import Mapping
from functools import cache

from services.contracts.registry import SCHEMAS
from services.fhir_gateway.elements import Json
from services.fhir_gateway.release import Release

TYPES = ("CodeSystem", "SearchParameter", "StructureDefinition", "ValueSet")
_R4_ALONE = frozenset(("SearchParameter", "mitigation", "onset-interval"))
"""What R5 has parameters and elements of its own for."""


@cache
def definitions(release: Release) -> Mapping[str, Mapping[str, Json]]:
    """Type to id to resource. The files are R4's; R5's differ by the version that they name."""
    found: dict[str, dict[str, Json]] = {}
    for kind in TYPES:
        found[kind] = {}
        for path in sorted((SCHEMAS / "fhir" / kind).glob("*.json")):
            if release is Release.R5 and _R4_ALONE & {kind, path.stem}:
                continue
            one: Json = json.loads(path.read_text("utf-8"))
            if "fhirVersion" in one:
                one["fhirVersion"] = release.version
            found[kind][one["id"]] = one
    return found
