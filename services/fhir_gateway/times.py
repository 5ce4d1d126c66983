"""Moments as FHIR dates: never more precise than what is known, in the hospital's own time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.clinical.moments import Moment


def instant(when: datetime) -> str:
    """A FHIR instant in UTC, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def date_time(when: datetime, zone: ZoneInfo) -> str:
    """A FHIR dateTime to the second, or to the millisecond where there is one."""
    local = when.astimezone(zone)
    text = local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def period(moment: Moment, zone: ZoneInfo) -> dict[str, str]:
    """A FHIR Period that holds the moment."""
    return {"start": date_time(moment.earliest, zone), "end": date_time(moment.latest, zone)}


def one_date(moment: Moment, zone: ZoneInfo) -> str | None:
    """One FHIR dateTime: exact, else the day, month or year that holds the moment; None when no year does."""
    if moment.exact:
        return date_time(moment.earliest, zone)
    first, last = moment.earliest.astimezone(zone), moment.latest.astimezone(zone)
    for width, pattern in (3, "%Y-%m-%d"), (2, "%Y-%m"), (1, "%Y"):
        if first.timetuple()[:width] == last.timetuple()[:width]:
            return first.strftime(pattern)
    return None


def when_value(moment: Moment, zone: ZoneInfo) -> dict[str, object]:
    """An extension's value: valueDateTime when exact, else valuePeriod."""
    if moment.exact:
        return {"valueDateTime": date_time(moment.earliest, zone)}
    return {"valuePeriod": period(moment, zone)}


def words(moment: Moment | None, zone: ZoneInfo) -> str:
    """For people: ``2024-03-01 14:05``, or the day, month or year that is known."""
    if moment is None:
        return "at an unknown time"
    if moment.exact:
        return f"{moment.earliest.astimezone(zone):%Y-%m-%d %H:%M %Z}"
    return one_date(moment, zone) or " to ".join(period(moment, zone).values())
