"""A time given on the command line."""

from datetime import UTC, datetime

import click


def instant(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """An option's callback: its text as a time, UTC unless it names a zone."""
    try:
        when = datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        raise click.BadParameter("write a time such as 2026-03-02T08:00+01:00") from None
    return when.replace(tzinfo=UTC) if when and not when.tzinfo else when
