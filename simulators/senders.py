"""The sending systems of a site, each with the habits of its vendor."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from simulators.registry import Site


@dataclass(frozen=True, slots=True)
class Sender:
    """An HL7 v2 system: its name (MSH-3, MSH-4), character set, line ends, and whether times bear a zone."""

    application: str
    facility: str
    zone: ZoneInfo
    charset: str
    line_end: str
    times_with_zone: bool

    @property
    def name(self) -> str:
        """The name under which the receiver has it configured: MSH-3|MSH-4, for example ``RIS|IEO``."""
        return f"{self.application}|{self.facility}"

    @property
    def charset_name(self) -> str:
        """What it writes in MSH-18."""
        return {"latin-1": "8859/1", "utf-8": "UNICODE UTF-8", "ascii": ""}[self.charset]

    def time(self, instant: datetime) -> str:
        """An instant as this system writes it, to the second."""
        local = instant.astimezone(self.zone)
        return local.strftime("%Y%m%d%H%M%S%z" if self.times_with_zone else "%Y%m%d%H%M%S")

    def day(self, instant: datetime) -> str:
        """The local day of an instant."""
        return instant.astimezone(self.zone).strftime("%Y%m%d")


class Senders:
    """All systems of one site and the control numbers that they have used."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ris = Sender("RIS", site.code, site.zone, "utf-8", "\r", times_with_zone=True)
        self.pacs = Sender("PACSREP", site.code, site.zone, "latin-1", "\r\n", times_with_zone=False)
        self.adt = Sender("ADT", site.code, site.zone, "utf-8", "\n", times_with_zone=False)
        self.lab = Sender("LIS", site.code, site.zone, "ascii", "\r", times_with_zone=False)
        self.ehr = f"EHR-{site.code}"
        self._numbers = {sender.name: count(1) for sender in self.hl7v2}

    @property
    def hl7v2(self) -> tuple[Sender, ...]:
        """The systems that speak HL7 v2."""
        return (self.ris, self.pacs, self.adt, self.lab)

    def control_number(self, sender: Sender) -> str:
        """The next MSH-10 of a sender, never used twice."""
        return f"{sender.application[:3]}{next(self._numbers[sender.name]):08d}"
