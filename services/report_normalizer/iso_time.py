"""ISO 8601 dates and times as FHIR writes them. A time without a zone, which FHIR forbids, takes the sender's."""

import re
from collections.abc import Callable
from datetime import tzinfo

from services.clinical.moments import Moment
from services.report_normalizer.local_time import Unreadable, moment, offset
from services.report_normalizer.source import Source

_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?)?)?)?"
    r"(Z|z|[+-][0-9]{2}:?[0-9]{2})?"
)


def parse_time(text: str, zone: Callable[[], tzinfo]) -> Moment:
    """A moment; ``zone`` is asked when the text has none. Unreadable or Nonexistent otherwise."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Unreadable
    parts = [int(part) for part in match.groups()[:6] if part is not None]
    millisecond = int(((match[7] or "") + "000")[:3])
    return moment(parts, millisecond, offset(match[8]) if match[8] else zone())


def read_time(source: Source, value: object) -> Moment | None:
    """The moment that an element gives; None when it is absent or, with a warning, can't be read."""
    return source.read_time(value if isinstance(value, str) else "", parse_time)
