"""HL7 v2 times (TS, DTM, DT): ``YYYY[MM[DD[HH[MM[SS[.S...]]]]]][+/-ZZZZ]``, and ISO 8601 from senders that use it."""

import re
from collections.abc import Callable
from datetime import tzinfo

from services.clinical.moments import Moment
from services.report_normalizer import iso_time
from services.report_normalizer.local_time import Unreadable, moment, offset
from services.report_normalizer.source import Source

_TIME = re.compile(
    r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]+))?)?)?)?)?)?"
    r"(Z|[+-][0-9]{4})?"
)


def parse_time(text: str, zone: Callable[[], tzinfo]) -> Moment:
    """A moment; ``zone`` is asked when the text has none. Unreadable or Nonexistent otherwise."""
    match = _TIME.fullmatch(text.replace(" ", ""))
    if match is None:
        return iso_time.parse_time(text, zone)
    parts = [int(part) for part in match.groups()[:6] if part is not None]
    if set(match[0]) <= {"0"}:
        raise Unreadable
    millisecond = int(((match[7] or "") + "000")[:3])
    return moment(parts, millisecond, offset(match[8]) if match[8] else zone())


def read_time(source: Source, text: str) -> Moment | None:
    """The moment that a field gives; None when it is empty or, with a warning, can't be read."""
    return source.read_time(text, parse_time)
