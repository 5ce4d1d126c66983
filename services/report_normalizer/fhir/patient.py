"""Patient: retired numbers (link) and death."""

from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import CareEvent, PatientLink
from services.report_normalizer.fhir.bundle import Resources
from services.report_normalizer.fhir.elements import Element, child, children, text
from services.report_normalizer.fhir.subject import patient_number
from services.report_normalizer.iso_time import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, WarningCode
from services.report_normalizer.source import Source


def patient_facts(resource: Element, resources: Resources, source: Source, where: str) -> list[Fact]:
    """Links of type replaced-by and replaces, and whether the patient is dead.

    deceasedBoolean false takes a death back; an absent element says nothing.
    """
    links = [link for link in children(resource, "link") if text(link, "type") in ("replaced-by", "replaces")]
    died, denied = _death(resource)
    if not links and not died and not denied:
        raise NotOurs(IgnoredCode.NO_CARE_IN_MESSAGE)
    missing = InvalidCode.PATIENT_NOT_IDENTIFIED
    site, own = patient_number(children(resource, "identifier"), source, f"{where}.identifier", missing)
    sent = source.instant(read_time(source, child(resource, "meta").get("lastUpdated")))
    facts = []
    for link in links:
        identifiers = resources.identifiers(child(link, "other"), resource)
        absent = InvalidCode.RETIRED_PATIENT_NOT_IDENTIFIED
        _, other = patient_number(identifiers, source, f"{where}.link.other", absent)
        retired, surviving = (own, other) if text(link, "type") == "replaced-by" else (other, own)
        if retired != surviving:
            facts.append(state(PatientLink(site, retired, surviving), sent=sent))
    if died or denied:
        given = read_time(source, resource.get("deceasedDateTime"))
        if died and given is None:
            source.warn(WarningCode.TIME_MISSING)
        event = CareEvent(site, f"death:{own}", own, "death", given)
        facts.append(state(event, Standing.FINAL if died else Standing.WITHDRAWN, sent=sent))
    if not facts:
        raise NotOurs(IgnoredCode.NO_CARE_IN_MESSAGE)
    return facts


def _death(resource: Element) -> tuple[bool, bool]:
    """Whether the resource says that the patient is dead, and whether it plainly says the contrary."""
    stated = resource.get("deceasedBoolean")
    died = stated is True or bool(text(resource, "deceasedDateTime"))
    return died, stated is False and not died
