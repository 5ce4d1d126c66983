"""What must be known of the hospital to name its things in FHIR: identifier systems, time zones, the rule set."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from services.runtime.sites import Sites


@dataclass(frozen=True, slots=True)
class Hospital:
    """Identifier systems come from templates in which ``{site}`` is the assigning authority.

    ``ruleset`` names the rule set whose grade becomes R4's severity.
    """

    patient_template: str = "urn:cryowatch:site:{site}:patient"
    accession_template: str = "urn:cryowatch:site:{site}:accession"
    sites: Sites = field(default_factory=Sites)
    ruleset: str = "orsi-2024"

    def patient_system(self, site: str) -> str:
        """The system of that site's patient numbers."""
        return _system(self.patient_template, site)

    def accession_system(self, site: str) -> str:
        """The system of that site's accession numbers."""
        return _system(self.accession_template, site)

    def source_system(self, kind: str, site: str) -> str:
        """The system of that site's reports, care records or consoles."""
        return _system(f"urn:cryowatch:site:{{site}}:{kind}", site)

    def patient_site(self, system: str) -> str | None:
        """The site whose patient numbers have that system; None when the system doesn't tell."""
        return _site(self.patient_template, system)

    def accession_site(self, system: str) -> str | None:
        """The site whose accession numbers have that system; None when the system doesn't tell."""
        return _site(self.accession_template, system)

    def zone(self, site: str) -> ZoneInfo:
        """The time zone in which that site's people read times."""
        known = self.sites.sites.get(site)
        return ZoneInfo(known.time_zone if known else "UTC")

    @property
    def search_zone(self) -> ZoneInfo:
        """The zone of a searched date without one: the only site's, else UTC."""
        return self.zone(next(iter(self.sites.sites))) if len(self.sites.sites) == 1 else ZoneInfo("UTC")


def _system(template: str, site: str) -> str:
    return template.replace("{site}", quote(site, safe=""))


def _site(template: str, system: str) -> str | None:
    before, placeholder, after = template.partition("{site}")
    if not placeholder:
        return None
    found = re.fullmatch(f"{re.escape(before)}(.+?){re.escape(after)}", system)
    return unquote(found[1]) if found else None
