"""What the hospital says of its sites and senders: time zone, character set, language (a TOML file).

::

    [sites.IEO]
    time_zone = "Europe/Rome"
    language = "it"

    [senders."PACSREP|IEO"]        # MSH-3|MSH-4 of HL7 v2, or the sender's name for FHIR and consoles
    site = "IEO"
    charset = "ISO-8859-1"         # when MSH-18 is empty
    addenda_alone = true           # text that begins with an addendum heading and doesn't repeat the body
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Site:
    """One hospital, as named by its assigning authority."""

    name: str
    time_zone: str = "UTC"
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """One sending application. Its time zone, when empty, is its site's."""

    name: str
    site: str
    time_zone: str | None = None
    charset: str = "UTF-8"
    addenda_alone: bool = True


@dataclass(frozen=True, slots=True)
class Sites:
    """All sites and senders. An unknown sender takes its facility (or the only site) and that site's zone."""

    sites: dict[str, Site] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)

    def sender(self, name: str, facility: str = "") -> Sender:
        """The sender of that name, or one made from the facility that it names."""
        known = self.senders.get(name)
        if known:
            return known
        only = next(iter(self.sites)) if len(self.sites) == 1 else ""
        return Sender(name=name, site=facility if facility in self.sites or not only else only)

    def zone(self, sender: Sender) -> ZoneInfo:
        """The zone in which that sender writes times without one."""
        site = self.sites.get(sender.site)
        return ZoneInfo(sender.time_zone or (site.time_zone if site else "UTC"))

    def language(self, site: str) -> str | None:
        """The language in which a site's reports are written, where it is stated."""
        known = self.sites.get(site)
        return known.language if known else None


def load_sites(path: Path) -> Sites:
    """Read the file; ValueError in words when it names a zone or key that doesn't exist."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        sites = {name: Site(name=name, **values) for name, values in data.get("sites", {}).items()}
        senders = {name: Sender(name=name, **values) for name, values in data.get("senders", {}).items()}
        for zone in [s.time_zone for s in sites.values()] + [s.time_zone for s in senders.values() if s.time_zone]:
            ZoneInfo(zone)
    except (OSError, tomllib.TOMLDecodeError, TypeError, KeyError) as problem:
        raise ValueError(f"{path}: can't be read as a sites file ({type(problem).__name__}: {problem})") from None
    return Sites(sites, senders)
