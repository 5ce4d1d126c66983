"""MedicationAdministration, R4 and R5, as care."""

from services.clinical.facts import Fact
from services.report_normalizer.care import care_of
from services.report_normalizer.fhir.bundle import Resources
from services.report_normalizer.fhir.elements import Coding, Element, child, children, codings
from services.report_normalizer.fhir.procedure import care_fact
from services.report_normalizer.reasons import IgnoredCode, NotOurs
from services.report_normalizer.source import Source


def administration_facts(resource: Element, resources: Resources, source: Source, where: str) -> list[Fact]:
    """What a MedicationAdministration says, when the medication manages adverse events."""
    care = care_of((c.system, c.code) for c in _codings(resource, resources))
    if care is None:
        raise NotOurs(IgnoredCode.NOT_CARE)
    return [care_fact(resource, care, resources, source, where)]


def _codings(resource: Element, resources: Resources) -> list[Coding]:
    """The codes of the medication, stated (R4 and R5) or referred to."""
    stated = child(resource, "medicationCodeableConcept") or child(resource, "medication")
    found = codings(stated)
    reference = child(resource, "medicationReference") or child(stated, "reference")
    found += codings(child(resources.resolve(reference, resource), "code"))
    return found + [c for concept in children(resource, "category") for c in codings(concept)]
