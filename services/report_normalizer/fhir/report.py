"""DiagnosticReport, R4 and R5, as a CT report."""

from services.clinical.facts import Fact, Standing
from services.clinical.statements import CodedResult
from services.report_normalizer.coded_finding import Code, coded_findings, yes_or_no
from services.report_normalizer.examination import ct_examination
from services.report_normalizer.fhir.bundle import Resources, identifier_of_type, untyped_identifier
from services.report_normalizer.fhir.elements import (
    Element,
    attachment_text,
    child,
    children,
    codings,
    concept_text,
    text,
)
from services.report_normalizer.fhir.subject import subject_of
from services.report_normalizer.iso_time import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, WarningCode
from services.report_normalizer.report_text import normalize, with_conclusion
from services.report_normalizer.said_report import SaidReport, report_facts
from services.report_normalizer.source import Source

_FILLER, _ACCESSION = frozenset(("FILL",)), frozenset(("ACSN",))
_STATUS = {
    "partial": Standing.PRELIMINARY,
    "preliminary": Standing.PRELIMINARY,
    "modified": Standing.PRELIMINARY,
    "final": Standing.FINAL,
    "amended": Standing.CORRECTED,
    "corrected": Standing.CORRECTED,
    "appended": Standing.CORRECTED,
    "cancelled": Standing.WITHDRAWN,
    "entered-in-error": Standing.WITHDRAWN,
}


def diagnostic_report_facts(resource: Element, resources: Resources, source: Source, where: str) -> list[Fact]:
    """What a DiagnosticReport says when it is a CT report."""
    code = child(resource, "code")
    categories = [c for concept in children(resource, "category") for c in codings(concept)]
    examined = ct_examination(
        [c.code for c in codings(code)],
        [text(code, "text"), *(c.display for c in codings(code))],
        [c.code for c in categories if c.code],
    )
    if examined is None:
        raise NotOurs(IgnoredCode.NOT_A_CT_REPORT)
    content = _text(resource, source)
    standing = _standing(text(resource, "status"), bool(content), source)
    site, patient_id = subject_of(resource, "subject", resources, source, where)
    identifiers = children(resource, "identifier")
    number = identifier_of_type(identifiers, _FILLER) or untyped_identifier(identifiers)
    performed = resource.get("effectiveDateTime") or child(resource, "effectivePeriod").get("start")
    said = SaidReport(
        site=site,
        report=source.required(number, InvalidCode.REPORT_NOT_IDENTIFIED, f"{where}.identifier"),
        patient_id=patient_id,
        standing=standing,
        reason="cancelled" if standing is Standing.WITHDRAWN else None,
        text=content,
        performed=read_time(source, performed),
        regions=examined.regions,
        contrast=examined.contrast,
        coded=_coded(resource, resources),
        accession=_accession(resource, resources, source),
        issued=source.instant(read_time(source, resource.get("issued"))),
        sent=source.instant(read_time(source, child(resource, "meta").get("lastUpdated"))),
    )
    return report_facts(said, source)


def _standing(status: str, has_text: bool, source: Source) -> Standing:
    if status == "registered" and not has_text:
        raise NotOurs(IgnoredCode.REPORT_NOT_WRITTEN_YET)
    if status in _STATUS:
        return _STATUS[status]
    if status != "registered":
        source.warn(WarningCode.STATUS_UNKNOWN if status else WarningCode.STATUS_MISSING)
    return Standing.PRELIMINARY if status else Standing.FINAL


def _text(resource: Element, source: Source) -> str:
    """The whole report from presentedForm, with the conclusion where the form has none."""
    parts = []
    for attachment in children(resource, "presentedForm"):
        found = attachment_text(attachment)
        if found is None:
            source.warn(WarningCode.ATTACHMENT_NOT_READ)
        elif normalize(found) not in parts:
            parts.append(normalize(found))
    conclusion = normalize(text(resource, "conclusion"))
    return with_conclusion("".join(parts), conclusion, source.sites.language(source.sender.site))


def _coded(resource: Element, resources: Resources) -> tuple[CodedResult, ...]:
    """conclusionCode, and the coded Observations that come with the report."""
    found = list(coded_findings((), _codes(resource, "conclusionCode"), ()))
    for reference in children(resource, "result"):
        observation = resources.resolve(reference, resource)
        if text(observation, "status") in ("cancelled", "entered-in-error"):
            continue
        values = [*_codes(observation, "valueCodeableConcept"), *yes_or_no(observation.get("valueBoolean"))]
        places = [word for c in codings(child(observation, "bodySite")) for word in (c.code, c.display)]
        found += coded_findings(_codes(observation, "code"), values, places)
    return tuple(dict.fromkeys(found))


def _codes(resource: Element, element: str) -> list[Code]:
    concepts = children(resource, element)
    return [(c.system, c.code, concept_text(concept) or None) for concept in concepts for c in codings(concept)]


def _accession(resource: Element, resources: Resources, source: Source) -> str | None:
    """The procedure that the report names: an identifier of type ACSN, or without a type, behind basedOn."""
    for element in ("basedOn", "procedure", "partOf"):
        for reference in children(resource, element):
            found = resources.identifiers(reference, resource)
            named = identifier_of_type(found, _ACCESSION) or untyped_identifier(found)
            if named:
                return source.optional(named)
    return None
