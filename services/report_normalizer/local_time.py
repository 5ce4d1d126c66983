"""A written date and time, of any precision and with or without a zone, to the moment that it means.

A date alone is the whole local day, an hour alone the whole hour, an hour that happens twice spans both; minutes are
taken as written (:00). A local time that clocks skip means nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from services.clinical.moments import Moment

FIRST_YEAR, LAST_YEAR = 1900, 2199
_SECOND = timedelta(seconds=1)


class Unreadable(ValueError):
    """The text is no date or time."""


class Nonexistent(ValueError):
    """Clocks skip that local time."""


def moment(parts: Sequence[int], millisecond: int, zone: tzinfo) -> Moment:
    """The moment of (year, month?, day?, hour?, minute?, second?) in a zone; Unreadable or Nonexistent."""
    if not FIRST_YEAR <= parts[0] <= LAST_YEAR:
        raise Unreadable
    padded = (*parts, *(0, 1, 1, 0, 0, 0)[len(parts) :])
    try:
        year, month, day, hour, minute, second = padded
        first = datetime(year, month, day, hour, minute, second, millisecond * 1000)  # noqa: DTZ001  # a local time
    except ValueError:
        raise Unreadable from None
    last = _last(first, len(parts))
    earliest, latest = _instants(first, zone), _instants(last, zone)
    if len(parts) >= 4 and not earliest and not latest:
        raise Nonexistent
    return Moment(min(earliest or _shifted(first, zone)), max(latest or _shifted(last, zone)))


def offset(text: str) -> tzinfo:
    """The zone of ``Z``, ``+0100`` or ``+01:00``; Unreadable when it is out of range."""
    if text in ("Z", "z"):
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise Unreadable
    width = timedelta(hours=hours, minutes=minutes)
    return timezone(-width if text[0] == "-" else width)


def _last(first: datetime, precision: int) -> datetime:
    if precision >= 5:
        return first
    if precision == 4:
        return first + timedelta(hours=1) - _SECOND
    if precision == 3:
        return first + timedelta(days=1) - _SECOND
    year, month = (first.year, first.month + 1) if precision == 2 else (first.year + 1, 1)
    return datetime(year + (month > 12), 1 if month > 12 else month, 1) - _SECOND  # noqa: DTZ001  # as above


def _instants(local: datetime, zone: tzinfo) -> list[datetime]:
    """The instants at which that zone's clocks show that time: one, two, or none."""
    return [i for i in _shifted(local, zone) if i.astimezone(zone).replace(tzinfo=None) == local]


def _shifted(local: datetime, zone: tzinfo) -> list[datetime]:
    return sorted({local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
