"""Published events read from the database, each answer from one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Row,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.charts.evidence import sentences as evidence_sentences
from services.charts.tables import adverse_event_versions, adverse_events
from services.clinical.canonical import from_json
from services.clinical.events.adverse_event import AdverseEvent
from services.fhir_gateway.conditions import condition, held_once, visible
from services.fhir_gateway.cursor import Cursor
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.fhir_gateway.search import Search

STATEMENT_SECONDS = 10
"""A query that takes longer is given up, and the client asked to come again."""

_events, _versions = adverse_events.c, adverse_event_versions.c
_VERSION = literal(["revision"], ARRAY(Text))
_NEWEST = (func.jsonb_set(_events.body, _VERSION, func.to_jsonb(_events.edition)).label("body"), _events.published_at)
"""The newest version, under the revision at which it last changed: that is the one that readers know it by."""


@dataclass(frozen=True, slots=True)
class Found:
    """An edition with the sentences that prove it: one per evidence, or none where they may not be shown."""

    edition: Edition
    sentences: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a search found: how many there are in all, those of this page, and where the next one begins."""

    total: int
    found: tuple[Found, ...]
    after: Cursor | None = None


class Repository:
    """Reads for the gateway. ``evidence`` says of each whether sentences may be shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
            yield connection

    def answers(self) -> bool:
        """Whether the database answers and has its tables."""
        with self._snapshot() as connection:
            connection.execute(select(_events.id).limit(1))
        return True

    def read(self, event_id: str, *, evidence: bool) -> Found | None:
        """The newest version of an event; None when there is none that readers may see."""
        query = select(*_NEWEST).where(_events.id == event_id, visible)
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
            return self._found(connection, row, newest=True, evidence=evidence) if row else None

    def version(self, event_id: str, revision: int, *, evidence: bool) -> Found | None:
        """One version; None when there is none that readers may see."""
        with self._snapshot() as connection:
            first, newest = self._bounds(connection, event_id)
            if first is None or not first <= revision:
                return None
            chosen = (_versions.id == event_id, _versions.revision == revision)
            row = connection.execute(select(_versions.body, _versions.published_at).where(*chosen)).one_or_none()
            return self._found(connection, row, newest=revision == newest, evidence=evidence) if row else None

    def history(
        self, event_id: str, since: datetime | None, before: int | None, count: int, *, evidence: bool
    ) -> Page | None:
        """Versions, newest first, published at or after ``since`` and older than revision ``before``."""
        with self._snapshot() as connection:
            first, newest = self._bounds(connection, event_id)
            if first is None:
                return None
            chosen = [_versions.id == event_id, _versions.revision >= first]
            if since is not None:
                chosen.append(_versions.published_at >= since)
            total = connection.execute(select(func.count()).where(*chosen)).scalar_one()
            query = select(_versions.body, _versions.published_at).where(*chosen)
            if before is not None:
                query = query.where(_versions.revision < before)
            rows = connection.execute(query.order_by(_versions.revision.desc()).limit(count + 1)).all()
            found = tuple(
                self._found(connection, row, newest=row.body["revision"] == newest, evidence=evidence)
                for row in rows[:count]
            )
        more = len(rows) > count and count > 0
        return Page(total, found, Cursor("_history", None, found[-1].edition.version) if more else None)

    def search(self, search: Search, hospital: Hospital, release: Release, *, evidence: bool) -> Page:
        """One page of a search, and how many events it finds in all."""
        chosen = [visible, *(condition(one, hospital, release) for one in search.criteria)]
        key = _sort_key(search)
        with self._snapshot() as connection:
            total = connection.execute(select(func.count()).select_from(adverse_events).where(*chosen)).scalar_one()
            if search.shape.summary == "count" or search.count == 0:
                return Page(total, ())
            if search.after:
                chosen.append(_beyond(search, search.after, key))
            order = [key.desc() if search.descending else key, _events.id]
            query = select(*_NEWEST, _events.onset).where(*chosen)
            rows = connection.execute(query.order_by(*order).limit(search.count + 1)).all()
            found = tuple(self._found(connection, row, newest=True, evidence=evidence) for row in rows[: search.count])
        more = len(rows) > search.count
        return Page(total, found, _cursor(search, rows[search.count - 1]) if more else None)

    def _bounds(self, connection: Connection, event_id: str) -> tuple[int | None, int | None]:
        """The first revision that readers see, and the newest one."""
        query = select(func.min(_versions.revision).filter(held_once), func.max(_versions.revision))
        row = connection.execute(query.where(_versions.id == event_id)).one()
        return row[0], row[1]

    def _found(self, connection: Connection, row: Row[*tuple[Any, ...]], *, newest: bool, evidence: bool) -> Found:
        event: AdverseEvent = from_json(AdverseEvent, row.body)
        edition = Edition(event, row.published_at, newest)
        # Offsets belong to the text that the version was made from: an older version's, or a withdrawn one's,
        # would cut other sentences from the text as it stands now.
        shown = evidence and newest and edition.withdrawal is None and event.evidence
        return Found(edition, tuple(evidence_sentences(connection, event)) if shown else ())


def _sort_key(search: Search) -> ColumnElement[Any]:
    if search.sort == "_id":
        return _events.id
    if search.sort == "_lastUpdated":
        return _events.published_at
    nowhere = cast("-infinity" if search.descending else "infinity", DateTime(timezone=True))
    return func.coalesce(_events.onset, nowhere)


def _beyond(search: Search, after: Cursor, key: ColumnElement[Any]) -> ColumnElement[bool]:
    last: ColumnElement[Any] = literal(after.value, DateTime(timezone=True))
    if search.sort == "_id":
        last = literal(after.id)
    elif after.value is None:
        last = cast("-infinity" if search.descending else "infinity", DateTime(timezone=True))
    return or_(key < last if search.descending else key > last, and_(key == last, _events.id > after.id))


def _cursor(search: Search, row: Row[*tuple[Any, ...]]) -> Cursor:
    value = {"_id": None, "_lastUpdated": row.published_at, "date": row.onset}[search.sort]
    return Cursor(search.sort, value, row.body["id"])
