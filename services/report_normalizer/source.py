"""Who sent a message, and what was odd in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from services.clinical.moments import Moment
from services.report_normalizer.local_time import Nonexistent, Unreadable
from services.report_normalizer.reasons import InvalidCode, Rejected, WarningCode
from services.runtime.sites import Sender, Sites

LONGEST_IDENTIFIER = 128


@dataclass(slots=True)
class Source:
    """The sender with its site's conventions, collecting warnings while its message is read."""

    sender: Sender
    sites: Sites
    warnings: dict[WarningCode, None] = field(default_factory=dict)

    def warn(self, code: WarningCode) -> None:
        """Note something odd, once."""
        self.warnings[code] = None

    def zone(self) -> tzinfo:
        """The zone of this sender's times without one."""
        if not self.sender.time_zone and self.sender.site not in self.sites.sites:
            self.warn(WarningCode.SITE_NOT_CONFIGURED)
        return self.sites.zone(self.sender)

    def site(self, authority: str, where: str) -> str:
        """The hospital that assigned a number: its authority where that is a known site, else the sender's."""
        site = authority if authority in self.sites.sites else self.sender.site or authority
        if not site or len(site) > LONGEST_IDENTIFIER:
            raise Rejected(InvalidCode.SITE_UNKNOWN, where)
        return site

    def read_time(self, text: str, parse: Callable[[str, Callable[[], tzinfo]], Moment]) -> Moment | None:
        """A time as ``parse`` reads it; None, with a warning, when it can't be read."""
        if not text:
            return None
        try:
            return parse(text, self.zone)
        except Nonexistent:
            self.warn(WarningCode.NONEXISTENT_LOCAL_HOUR)
        except Unreadable:
            self.warn(WarningCode.TIME_UNREADABLE)
        return None

    def instant(self, found: Moment | None) -> datetime | None:
        """The instant of an issue or send time; None, with a warning, when it is only an interval."""
        if found is None:
            return None
        if not found.exact:
            self.warn(WarningCode.ISSUED_NOT_EXACT)
            return None
        return found.earliest

    def required(self, value: str, code: InvalidCode, where: str) -> str:
        """An identifier that must be there, blanks inside it made single."""
        value = " ".join(value.split())
        if not value:
            raise Rejected(code, where)
        if len(value) > LONGEST_IDENTIFIER:
            raise Rejected(InvalidCode.IDENTIFIER_TOO_LONG, where)
        return value

    def optional(self, value: str) -> str | None:
        """An identifier that may be absent; one that is too long is left out with a warning."""
        value = " ".join(value.split())
        if len(value) > LONGEST_IDENTIFIER:
            self.warn(WarningCode.IDENTIFIER_DROPPED)
            return None
        return value or None
