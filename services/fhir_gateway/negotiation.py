"""Which representation a client asks for: JSON is the only one."""

from services.fhir_gateway.refusal import Refusal
from services.fhir_gateway.release import Release

_JSON = ("application/fhir+json", "application/json", "text/json", "json", "application/json+fhir")
_ANY = ("*/*", "application/*", "text/*")


def media_type(release: Release) -> str:
    """The Content-Type of answers."""
    return f"application/fhir+json; fhirVersion={release.mime_version}; charset=utf-8"


def require_json(accept: str, wanted: str | None, release: Release) -> None:
    """Refuse with 406 what isn't JSON of this release; ``wanted`` is ``_format``, which wins over Accept."""
    # An unescaped + in a query arrives as a space.
    ranges = accept.split(",") if wanted is None else [wanted.replace(" ", "+")]
    for one in ranges if any(ranges) else ["*/*"]:
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        options = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        version = options.get("fhirversion", release.mime_version).strip('"')
        refused = options.get("q", "1").strip("0.") == ""
        if name in (*_JSON, *_ANY) and not refused and version == release.mime_version:
            return
    words = f"This address answers with application/fhir+json of FHIR {release.mime_version} only."
    raise Refusal(406, "not-supported", words)
