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
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from services.runtime.charsets import codec_of


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"there is no time zone {name}; one looks like Europe/Rome")
    return name


def _charset(name: str) -> str:
    if codec_of(name) is None:
        raise ValueError(f"there is no character set {name}; one looks like ISO-8859-1")
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Charset = Annotated[str, AfterValidator(_charset)]


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


class _Site(BaseModel):
    model_config = ConfigDict(extra="forbid")
    time_zone: Zone = "UTC"
    language: str | None = None


class _Sender(BaseModel):
    model_config = ConfigDict(extra="forbid")
    site: str
    time_zone: Zone | None = None
    charset: Charset = "UTF-8"
    addenda_alone: bool = True


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sites: dict[str, _Site] = {}
    senders: dict[str, _Sender] = {}


def load_sites(path: Path) -> Sites:
    """Read the file; ValueError in words when it can't be read, or names a key, zone, charset or site that isn't."""
    try:
        found = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as problem:
        raise ValueError(f"can't read {path} ({problem.strerror})") from None
    except ValidationError as problem:
        said = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in problem.errors()]
        raise ValueError(f"{path}: {'; '.join(said)}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path} is no TOML file: {problem}") from None
    for name, sender in found.senders.items():
        if sender.site not in found.sites:
            raise ValueError(f"{path}: senders.{name}: there is no [sites.{sender.site}]")
    return Sites(
        {name: Site(name=name, **site.model_dump()) for name, site in found.sites.items()},
        {name: Sender(name=name, **sender.model_dump()) for name, sender in found.senders.items()},
    )
