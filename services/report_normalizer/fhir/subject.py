"""Which patient, and which hospital's numbering, a resource speaks of."""

import re

from services.report_normalizer.fhir.bundle import Resources, type_codes
from services.report_normalizer.fhir.elements import Element, child, text
from services.report_normalizer.reasons import InvalidCode
from services.report_normalizer.source import Source


def subject_of(resource: Element, element: str, resources: Resources, source: Source, where: str) -> tuple[str, str]:
    """Site and patient number of the resource's subject (or patient) reference."""
    identifiers = resources.identifiers(child(resource, element), resource)
    return patient_number(identifiers, source, f"{where}.{element}", InvalidCode.PATIENT_NOT_IDENTIFIED)


def patient_number(identifiers: list[Element], source: Source, where: str, missing: InvalidCode) -> tuple[str, str]:
    """Site and number among a patient's identifiers: type MR first, then none, then any but an old one."""
    best: tuple[tuple[bool, bool, bool], Element] | None = None
    for identifier in identifiers:
        kinds = type_codes(identifier)
        fit = (text(identifier, "use") != "old", "MR" in kinds, not kinds)
        if text(identifier, "value") and (best is None or fit > best[0]):
            best = (fit, identifier)
    chosen = best[1] if best else {}
    number = source.required(text(chosen, "value"), missing, where)
    return source.site(authority_of(chosen, source), where), number


def authority_of(identifier: Element, source: Source) -> str:
    """The known site that assigned an identifier: its assigner's name, or a part of its system."""
    assigner = text(child(identifier, "assigner"), "display")
    parts = {part.lower() for part in re.split(r"[/:.#|]", text(identifier, "system"))}
    for site in source.sites.sites:
        if site == assigner or site.lower() in parts:
            return site
    return "" if source.sites.sites else assigner
