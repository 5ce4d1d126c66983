"""Finding records of the trail: newest first, a page at a time, by time, agent, act, outcome and patient."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Select, literal, or_, select, tuple_

from services.audit.act import Outcome, Patient
from services.audit.trail import patient_key
from services.runtime.tables import audit_events

Json = dict[str, Any]

DEFAULT_COUNT, HIGHEST_COUNT = 50, 500
_records = audit_events.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"(\d{1,15})/(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the time and the number of its last record.

    Records that are written while somebody turns pages are newer, so none is shown twice.
    """

    recorded: datetime
    number: int

    def text(self) -> str:
        """For a link: milliseconds since 1970, a stroke, the number."""
        return f"{(self.recorded - _EPOCH) // timedelta(milliseconds=1)}/{self.number}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The place of a link; ValueError when it isn't one."""
        found = _PLACE.fullmatch(text)
        if not found:
            raise ValueError("take it from the link of the page before")
        try:
            return cls(_EPOCH + timedelta(milliseconds=int(found[1])), int(found[2]))
        except OverflowError:
            raise ValueError("take it from the link of the page before") from None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: all that is given must fit. ``since`` is the first instant, ``until`` the first one after.

    ``agent`` is a whole name: of the client, or of the person it acted for. ``act`` is our word for an act.
    """

    since: datetime | None = None
    until: datetime | None = None
    agent: str | None = None
    act: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    patient: Patient | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        found: list[ColumnElement[bool]] = []
        if self.since:
            found.append(_records.recorded >= self.since)
        if self.until:
            found.append(_records.recorded < self.until)
        if self.agent is not None:
            found.append(or_(_records.client == self.agent, _records.person == self.agent))
        if self.act is not None:
            found.append(_records.acts.any_() == self.act)
        if self.outcomes:
            found.append(_records.outcome.in_([outcome.value for outcome in self.outcomes]))
        if self.patient:
            found.append(_records.patient == patient_key(self.patient))
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """AuditEvents, newest first, and where the next page begins; None on the last one."""

    records: tuple[Json, ...]
    after: Place | None


def find(connection: Connection, wanted: Wanted, count: int = DEFAULT_COUNT, after: Place | None = None) -> Page:
    """One page. Nothing is counted: what a page costs doesn't grow with the trail."""
    size = max(1, min(count, HIGHEST_COUNT))
    rows = connection.execute(page_query(wanted, size + 1, after)).all()
    shown = rows[:size]
    last = Place(shown[-1].recorded, shown[-1].number) if len(rows) > size else None
    return Page(tuple(row.body for row in shown), last)


def page_query(wanted: Wanted, limit: int, after: Place | None) -> Select[tuple[datetime, int, Json]]:
    """The query of a page."""
    query = (
        select(_records.recorded, _records.number, _records.body)
        .where(*wanted.conditions())
        .order_by(_records.recorded.desc(), _records.number.desc())
        .limit(limit)
    )
    if after:
        place = tuple_(_records.recorded, _records.number)
        query = query.where(place < tuple_(literal(after.recorded), literal(after.number)))
    return query
