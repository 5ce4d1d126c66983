"""The CapabilityStatement: what this server offers, no more than it does."""

from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from services.fhir_gateway.definitions import definitions
from services.fhir_gateway.elements import Json
from services.fhir_gateway.parameters import parameters
from services.fhir_gateway.release import Release
from services.runtime.access import READ_EVENTS, READ_EVIDENCE

CHANGED = "2026-11-24"
"""When the statement last changed."""

_SERVICES = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_DOCUMENTATION = (
    "Adverse events of cryoablation, graded on the SIR scale. Ids are deterministic; a version is a revision. "
    "A withdrawn event stays readable: in R4 it carries a modifierExtension (entered-in-error) and the tag withdrawn, "
    "in R5 status entered-in-error; _tag:not=withdrawn leaves it out of a search. Possible events aren't published. "
    "Subject and procedure are logical references: search with subject:identifier=system|value. "
    "To follow changes, ask again for _lastUpdated=ge with an overlap of some minutes: a version bears the time at "
    "which its transaction began."
)


class Secured(StrEnum):
    """What readers have to show: nothing, a token that this server knows, or a JWT (where a token may do as well)."""

    OPEN = "open"
    TOKEN = "token"
    JWT = "jwt"


def capability(release: Release, base: str, *, secured: Secured) -> Json:
    """The statement of one release; ``base`` is its address."""
    rest: Json = {
        "mode": "server",
        "documentation": _rest_words(release),
        "resource": [_adverse_event(release), *_conformance(release)],
    }
    if secured is not Secured.OPEN:
        rest["security"] = _security(secured)
    return {
        "resourceType": "CapabilityStatement",
        "id": "cryowatch-gateway",
        "name": "CryoWatchGateway",
        "title": "CryoWatch FHIR gateway",
        "status": "active",
        "experimental": False,
        "date": CHANGED,
        "publisher": "CryoWatch",
        "description": "Adverse events of cryoablation, read only.",
        "kind": "instance",
        "software": {"name": "CryoWatch", "version": software_version()},
        "implementation": {"description": "CryoWatch FHIR gateway", "url": base},
        "fhirVersion": release.version,
        "format": ["application/fhir+json", "json"],
        "rest": [rest],
    }


def _security(secured: Secured) -> Json:
    words = "Every request but this one needs the header Authorization: Bearer with a token."
    if secured is Secured.TOKEN:
        return {"description": words}
    coding = {"system": _SERVICES, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
    return {
        "service": [{"coding": [coding], "text": "OAuth2: SMART Backend Services"}],
        "description": f"{words} It is a JWT with the scope {READ_EVENTS}; {READ_EVIDENCE} shows evidence sentences. "
        "Where to get one is said at .well-known/smart-configuration under this server's address.",
    }


def software_version() -> str:
    """The version that is installed."""
    try:
        return version("cryowatch")
    except PackageNotFoundError:
        return "unpackaged"


def _rest_words(release: Release) -> str:
    own = [one for one in parameters(release).values() if one.ours]
    if not own:
        return "Read and search of adverse events."
    # FHIR's own parameters alone are listed with the resource: generic clients refuse to know others.
    named = ", ".join(f"{one.name} ({one.definition})" for one in own)
    return f"Read and search of adverse events. Search parameters of our own: {named}."


def _adverse_event(release: Release) -> Json:
    own = [one for one in parameters(release).values() if not one.ours]
    return {
        "type": "AdverseEvent",
        "documentation": _DOCUMENTATION,
        "interaction": [{"code": code} for code in ("read", "vread", "history-instance", "search-type")],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalRead": "full-support",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchParam": [
            {"name": one.name, "definition": one.definition, "type": one.kind.value, "documentation": one.words}
            for one in own
        ],
    }


def _conformance(release: Release) -> list[Json]:
    url = "conformance-url" if release is Release.R4 else "CanonicalResource-url"
    search = {"name": "url", "definition": f"http://hl7.org/fhir/SearchParameter/{url}", "type": "uri"}
    return [
        {
            "type": kind,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "versioning": "no-version",
            "searchParam": [search],
        }
        for kind, found in sorted(definitions(release).items())
        if found
    ]
