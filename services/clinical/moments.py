"""A moment that may be known only as an interval, and the three answers of a comparison with it.

HL7 times come with any precision and often without a zone. A date alone is a whole day; an hour that happens twice
when clocks go back is two hours wide. What can't be decided is said to be undecided, never guessed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """The instant lies in [earliest, latest], both aware and in UTC; exact when the two are equal."""

    earliest: datetime
    latest: datetime

    def __post_init__(self) -> None:
        if self.earliest.tzinfo is None or self.latest.tzinfo is None:
            raise ValueError("a moment needs times with a zone")
        if self.latest < self.earliest:
            raise ValueError("a moment can't end before it begins")

    @property
    def exact(self) -> bool:
        """Whether the instant is known to the second."""
        return self.latest - self.earliest < timedelta(seconds=1)

    @property
    def middle(self) -> datetime:
        """The middle of the interval, for the order in which a person would list things."""
        return self.earliest + (self.latest - self.earliest) / 2

    def before(self, instant: datetime) -> bool | None:
        """Whether it lies strictly before the instant; None when the interval spans it."""
        if self.latest < instant:
            return True
        return False if self.earliest >= instant else None

    def within(self, start: datetime, end: datetime) -> bool | None:
        """Whether it lies in [start, end], both inclusive; None when that can't be decided."""
        if self.earliest >= start and self.latest <= end:
            return True
        return False if self.latest < start or self.earliest > end else None


def at(instant: datetime) -> Moment:
    """An exact moment."""
    utc = instant.astimezone(UTC)
    return Moment(utc, utc)


def iso(instant: datetime) -> str:
    """An instant in canonical text: UTC, seconds, milliseconds only when there are any."""
    utc = instant.astimezone(UTC)
    text = utc.isoformat(timespec="seconds")[:19]
    return f"{text}.{utc.microsecond // 1000:03d}Z" if utc.microsecond >= 1000 else f"{text}Z"


def parse_iso(text: str) -> datetime:
    """An instant from text that names its zone, to the millisecond; ValueError otherwise."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("the time has no zone")
    return instant.astimezone(UTC).replace(microsecond=instant.microsecond // 1000 * 1000)
