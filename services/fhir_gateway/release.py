"""The two FHIR releases that are served, and what differs between them by name alone."""

from enum import StrEnum


class Release(StrEnum):
    """A FHIR release; its value is the path under which it is served."""

    R4 = "r4"
    R5 = "r5"

    @property
    def version(self) -> str:
        """The full version, as CapabilityStatement.fhirVersion says it."""
        return {"r4": "4.0.1", "r5": "5.0.0"}[self.value]

    @property
    def mime_version(self) -> str:
        """The version as the media type's parameter says it."""
        return self.version.rpartition(".")[0]
