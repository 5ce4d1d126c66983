"""Values of search parameters as FHIR writes them: commas mean or, a bar parts system and code, a backslash escapes."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.fhir_gateway.refusal import bad

MOST_VALUES = 200
_DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)(T(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(:(?P<second>\d\d)(?P<fraction>\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")


@dataclass(frozen=True, slots=True)
class Token:
    """``code`` in any system (system None), in none (empty), or in one; an empty code means any of that system."""

    system: str | None
    code: str

    def fits(self, system: str, code: str) -> bool:
        """Whether a coding is meant."""
        return self.system in (None, system) and self.code in ("", code)


@dataclass(frozen=True, slots=True)
class DateRange:
    """A searched date as the instants that it covers, [start, end), and its prefix."""

    prefix: str
    start: datetime
    end: datetime


def alternatives(name: str, text: str) -> list[str]:
    """The values between commas, still escaped. Refused when one is empty or there are too many."""
    values = _split(text, ",")
    if not all(value.strip() for value in values):
        raise bad(f"The parameter {name} has no value.", "value")
    if len(values) > MOST_VALUES:
        raise bad(f"The parameter {name} has more than {MOST_VALUES} values: split the search.", "too-long")
    return values


def token(name: str, text: str) -> Token:
    """One token; refused when nothing is said on either side of the bar."""
    parts = [_unescape(part.strip()) for part in _split(text, "|")]
    if len(parts) > 2 or not any(parts):
        raise bad(f"Write {name} as code, system|code or system|.", "value")
    return Token(None, parts[0]) if len(parts) == 1 else Token(parts[0], parts[1])


def date_range(name: str, text: str, zone: ZoneInfo) -> DateRange:
    """A date of any precision with its prefix; refused when it isn't one."""
    found = _DATE.fullmatch(text.strip().replace(" ", "+"))  # an unescaped + in a query arrives as a space
    prefix = (found and found["prefix"]) or "eq"
    if not found or prefix not in PREFIXES:
        raise bad(f"Write {name} as a FHIR date, such as ge2024-03-01; prefixes are {', '.join(PREFIXES)}.", "value")
    try:
        start = _start(found, zone)
        return DateRange(prefix, start, start + _width(found, start))
    except (ValueError, OverflowError):
        raise bad(f"The date of {name} doesn't exist.", "value") from None


def _start(found: re.Match[str], zone: ZoneInfo) -> datetime:
    numbers = [int(found[part] or low) for part, low in (("year", 1), ("month", 1), ("day", 1))]
    clock = [int(found[part] or 0) for part in ("hour", "minute", "second")]
    micro = int(float(f"0{found['fraction'] or '.0'}") * 1_000_000)
    written = found["zone"]
    at = datetime(*numbers, *clock, micro, tzinfo=zone)  # type: ignore[misc, arg-type]  # six numbers and a zone
    if not written:
        return at
    shift = "+00:00" if written == "Z" else written
    return at.replace(tzinfo=datetime.strptime(shift, "%z").tzinfo)


def _width(found: re.Match[str], start: datetime) -> timedelta:
    if found["fraction"]:
        return timedelta(seconds=10.0 ** -min(len(found["fraction"]) - 1, 6))
    if found["hour"]:
        return timedelta(seconds=1) if found["second"] else timedelta(minutes=1)
    if found["day"]:
        later = start + timedelta(days=1)
    elif found["month"]:
        later = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    else:
        later = start.replace(year=start.year + 1)
    return later.astimezone(ZoneInfo("UTC")) - start.astimezone(ZoneInfo("UTC"))


def _split(text: str, separator: str) -> list[str]:
    return re.split(rf"(?<!\\){re.escape(separator)}", text)


def _unescape(text: str) -> str:
    return re.sub(r"\\([\\,|$])", r"\1", text)
