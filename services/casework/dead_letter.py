"""A dead letter as the desk shows it, and which ones are wanted. A list shows no content."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from services.audit.act import Thing
from services.audit.audit_event import BASE
from services.casework.problem import Kind, Problem
from services.runtime.tables import dead_letter_edits, dead_letters, message_ledger

STATES = ("open", "replayed", "discarded")
DEFAULT_COUNT, HIGHEST_COUNT = 50, 500
PLACE_SYSTEM = f"{BASE}/identifier/message-place"

_letters, _edits, _ledger = dead_letters.c, dead_letter_edits.c, message_ledger.c
_PLACE = re.compile(r"[A-Za-z0-9._-]{1,249}/\d{1,9}/\d{1,18}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters: all filters must fit. ``since`` is when they were buried, or later."""

    topic: str | None = None
    code: str | None = None
    service: str | None = None
    state: str | None = "open"
    since: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        given = (("topic", self.topic), ("code", self.code), ("service", self.service), ("state", self.state))
        found: list[ColumnElement[bool]] = [_letters[name] == value for name, value in given if value is not None]
        return found + ([_letters.recorded_at >= self.since] if self.since else [])

    def text(self) -> str:
        """As the query of an audit record."""
        given = {"topic": self.topic, "code": self.code, "service": self.service, "state": self.state}
        given["since"] = self.since.isoformat() if self.since else None
        return "&".join(f"{name}={value}" for name, value in given.items() if value is not None)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter without its content. ``became`` is the outcome of its latest replay, where it is known."""

    id: int
    place: str
    service: str
    sender: str | None
    type: str | None
    code: str
    where: str
    state: str
    recorded_at: datetime
    replay_of: str | None
    replays: int
    edits: int
    handled_by: str | None
    handled_at: datetime | None
    reason: str | None
    became: str | None

    def json(self) -> dict[str, Any]:
        """For people and programs, times in RFC 3339."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "id"}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.items()}

    def thing(self) -> Thing:
        """As what an audit record is about."""
        return thing(self.place)


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters, newest first, where the next page begins, and how many fit in all, by topic and code."""

    letters: tuple[Letter, ...]
    after: int | None
    counts: dict[tuple[str, str], int]


def thing(place: str) -> Thing:
    """A dead letter's place as what an audit record is about."""
    return Thing(system=PLACE_SYSTEM, value=place, display="Dead letter")


def checked(place: str) -> str:
    """The place, as it is written on every dead letter; Problem when it can't be one."""
    if not _PLACE.fullmatch(place):
        raise Problem(Kind.INVALID, "A dead letter's place is topic/partition/offset, such as hl7v2-inbound/0/17.")
    return place


def page(connection: Connection, wanted: Wanted, count: int, after: int | None) -> Page:
    """One page of the letters that are wanted, and how many there are of each code."""
    chosen = wanted.conditions()
    counted = select(_letters.topic, _letters.code, func.count().label("n")).where(*chosen)
    counts = {(r.topic, r.code): r.n for r in connection.execute(counted.group_by(_letters.topic, _letters.code))}
    if after is not None:
        chosen.append(_letters.id < after)
    rows = connection.execute(_selected().where(*chosen).order_by(_letters.id.desc()).limit(count + 1)).all()
    found = tuple(_letter(row) for row in rows[:count])
    return Page(found, found[-1].id if len(rows) > count and found else None, counts)


def one(connection: Connection, place: str, *, lock: bool = False) -> Letter:
    """The letter of that place; ``lock`` keeps others from it until the transaction ends. Problem when unknown."""
    if lock:
        connection.execute(select(_letters.id).where(_letters.place == checked(place)).with_for_update(nowait=True))
    row = connection.execute(_selected().where(_letters.place == checked(place))).one_or_none()
    if row is None:
        raise Problem(Kind.UNKNOWN, "There is no dead letter at this place. The list shows those that there are.")
    return _letter(row)


def take(connection: Connection, wanted: Wanted, count: int, after: int) -> list[Letter]:
    """Lock the oldest letters behind ``after``, those that nobody else has in hand."""
    query = select(_letters.id).where(*wanted.conditions(), _letters.id > after).order_by(_letters.id)
    ids = list(connection.execute(query.limit(count).with_for_update(skip_locked=True)).scalars())
    return [_letter(r) for r in connection.execute(_selected().where(_letters.id.in_(ids)).order_by(_letters.id))]


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter holds. ``original`` is None when it was erased; ``edited`` the last correction, if there is one."""

    key: bytes | None
    headers: dict[str, bytes]
    original: bytes | None
    edited: bytes | None


def content(connection: Connection, letter: Letter) -> Content:
    """Key, headers and bytes of a letter."""
    same = and_(
        _ledger.topic == _letters.topic, _ledger.partition == _letters.partition, _ledger.offset == _letters.offset
    )
    row = connection.execute(
        select(_letters.key, _letters.headers, func.coalesce(_ledger.body, _letters.body).label("body"))
        .select_from(dead_letters.outerjoin(message_ledger, same))
        .where(_letters.id == letter.id)
    ).one()
    last = select(_edits.body).where(_edits.letter == letter.id).order_by(_edits.number.desc()).limit(1)
    headers = {name: base64.b64decode(value) for name, value in row.headers.items()}
    return Content(row.key, headers, row.body, connection.execute(last).scalar_one_or_none())


def _selected() -> Select[Any]:
    replay = (
        select(_ledger.outcome)
        .where(_ledger.replay_of == _letters.place)
        .order_by(_ledger.recorded_at.desc(), _ledger.offset.desc())
        .limit(1)
        .scalar_subquery()
    )
    edits = select(func.count()).where(_edits.letter == _letters.id).scalar_subquery()
    shown = [c for c in dead_letters.c if c.name not in ("key", "headers", "body", "topic", "partition", "offset")]
    return select(*shown, replay.label("became"), edits.label("edits"))


def _letter(row: Row[Any]) -> Letter:
    return Letter(**{name: row._mapping[name] for name in Letter.__slots__})
