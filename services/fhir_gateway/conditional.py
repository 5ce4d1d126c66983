"""Conditional reads: ETag, If-None-Match, If-Modified-Since (to the second: the ETag is the exact one)."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def etag(version: str) -> str:
    """The weak ETag of a version."""
    return f'W/"{version}"'


def last_modified(when: datetime) -> str:
    """The header's text: HTTP dates have no fractions of a second."""
    return format_datetime(when.astimezone(UTC).replace(microsecond=0), usegmt=True)


def unchanged(version: str, when: datetime, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the client's copy is still good. If-None-Match counts alone where it is sent."""
    if if_none_match is not None:
        known = {tag.strip().removeprefix("W/").strip('"') for tag in if_none_match.split(",")}
        return version in known or "*" in known
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):
        return False  # HTTP: a date that can't be read is ignored
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return when.astimezone(UTC).replace(microsecond=0) <= since
