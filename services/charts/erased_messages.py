"""A person's messages in the ledger and the outbox: bytes, control ids and places go, the row stays to be counted."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, tuple_, update

from services.charts.outgoing_facts import TOPIC as FACTS
from services.charts.person import Person
from services.charts.subjects import redacted, subjects_of
from services.clinical.facts import Fact, fact_from_json
from services.clinical.identifiers import value_of
from services.runtime import dead_letters
from services.runtime.archive import COLUMNS, Archived, archived
from services.runtime.subjects import ERASED, REDACTED, hashed
from services.runtime.tables import dead_letter_edits as edits
from services.runtime.tables import dead_letters as letters
from services.runtime.tables import message_identity, message_ledger, message_subjects, outbox

_ledger = message_ledger.c
_PLACE = tuple_(_ledger.topic, _ledger.partition, _ledger.offset)
_SOME = 500


class Counts(Protocol):
    """Where the numbers of messages go."""

    messages: int
    redacted: int
    dead_letters: int


def erase(
    connection: Connection,
    who: Person,
    facts: Sequence[Fact],
    key: bytes,
    read: Callable[[Archived], Sequence[Any]],
    out: Counts,
) -> None:
    """Wipe what speaks of the person alone, and redact what speaks of others too; ``facts`` are the person's."""
    theirs = {fact.key for fact in facts}
    direct = {hashed(key, name) for name in who.numbers | who.procedures}
    misfiled = {hashed(key, name) for fact in facts for name in subjects_of(fact)} - direct
    for row in _messages(connection, direct | misfiled):
        said = read(archived(row)) if row.body is not None else ()
        left = [one for one in said if isinstance(one, Fact) and not (who.owns(one) or one.key in theirs)]
        if left and len(left) == len(said):
            continue  # of somebody else under whose number one of their reports had been filed
        if left:
            _redact(connection, row, left)
            out.redacted += 1
        elif row.subjects & direct or said:
            _wipe(connection, row)
            out.messages += 1
        else:
            continue
        gone = message_subjects.c
        connection.execute(
            delete(message_subjects).where(
                gone.subject.in_(row.subjects & direct if left else row.subjects),
                tuple_(gone.topic, gone.partition, gone.offset) == tuple_(row.topic, row.partition, row.offset),
            )
        )
    out.dead_letters = _dead_letters(connection, who)
    _waiting(connection, who, theirs)


class _Message:
    """A ledger row with the subjects under which it was found."""

    def __init__(self, row: Row[*tuple[Any, ...]], subjects: set[bytes]) -> None:
        self._row, self.subjects = row, subjects

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


def _at(row: Any) -> ColumnElement[bool]:
    return and_(_ledger.topic == row.topic, _ledger.partition == row.partition, _ledger.offset == row.offset)


def _messages(connection: Connection, subjects: set[bytes]) -> Iterator[Any]:
    """The ledger's rows of subjects, some at a time."""
    links = message_subjects.c
    query = select(links.topic, links.partition, links.offset, links.subject).where(links.subject.in_(sorted(subjects)))
    places: dict[tuple[str, int, int], set[bytes]] = {}
    for topic, partition, offset, subject in connection.execute(query):
        places.setdefault((topic, partition, offset), set()).add(subject)
    wanted = sorted(places)
    for start in range(0, len(wanted), _SOME):
        rows = select(*COLUMNS, _ledger.control_id, _ledger.content).where(_PLACE.in_(wanted[start : start + _SOME]))
        for row in connection.execute(rows).all():
            yield _Message(row, places[(row.topic, row.partition, row.offset)])


def _wipe(connection: Connection, row: Any) -> None:
    connection.execute(
        update(message_ledger)
        .where(_at(row))
        .values(
            outcome="ignored",
            code=ERASED,
            control_id=None,
            content=None,
            where=None,
            warnings=None,
            results=0,
            body=None,
        )
    )
    _forget_identity(connection, row)


def _redact(connection: Connection, row: Any, left: list[Fact]) -> None:
    warnings = [*(row.warnings or ()), *([] if REDACTED in (row.warnings or ()) else [REDACTED])]
    connection.execute(
        update(message_ledger)
        .where(_at(row))
        .values(control_id=None, content=None, results=len(left), warnings=warnings, body=redacted(left))
    )
    _forget_identity(connection, row)


def _forget_identity(connection: Connection, row: Any) -> None:
    columns = message_identity.c
    same = (columns.sender == row.sender, columns.control_id == row.control_id, columns.content == row.content)
    connection.execute(delete(message_identity).where(*same))


def _dead_letters(connection: Connection, who: Person) -> int:
    """Dead letters in whose bytes one of the person's numbers stands by itself: they can't be read otherwise.

    What the desk holds of them goes too: bytes that the ledger doesn't have, headers and corrections.
    """
    values = {value_of(name) for name in (*who.numbers, *who.procedures, *who.reports)}
    spellings = {value.encode(code) for value in values for code in ("utf-8", "utf-16-le", "utf-16-be")}
    sought = re.compile(rb"(?<![0-9A-Za-z])(?:" + b"|".join(map(re.escape, sorted(spellings))) + rb")(?![0-9A-Za-z])")
    gone = set()
    query = select(*COLUMNS, _ledger.control_id, _ledger.content).where(
        _ledger.outcome == "dead_letter", _ledger.body.is_not(None)
    )
    for row in connection.execute(query, execution_options={"yield_per": 200}):
        if sought.search(bytes(row.body)):
            gone.add(f"{row.topic}/{row.partition}/{row.offset}")
    own = select(letters.c.place, letters.c.body).where(letters.c.body.is_not(None))
    corrected = select(letters.c.place, edits.c.body).join(edits, edits.c.letter == letters.c.id)
    for place, body in connection.execute(own.union_all(corrected.where(edits.c.body.is_not(None)))):
        if sought.search(bytes(body)):
            gone.add(place)
    for place in gone:
        topic, partition, offset = place.rsplit("/", 2)
        at = (_ledger.topic == topic, _ledger.partition == int(partition), _ledger.offset == int(offset))
        kept = connection.execute(select(*COLUMNS, _ledger.control_id, _ledger.content).where(*at)).one_or_none()
        if kept is not None:
            _wipe(connection, kept)
        connection.execute(delete(letters).where(letters.c.place == place))
        connection.execute(delete(outbox).where(outbox.c.topic == dead_letters.TOPIC, outbox.c.slot == place))
    return len(gone)


def _waiting(connection: Connection, who: Person, theirs: set[tuple[str, str]]) -> None:
    """Facts that wait to be published."""
    gone = []
    for row in connection.execute(select(outbox.c.id, outbox.c.value).where(outbox.c.topic == FACTS)):
        fact = fact_from_json(json.loads(row.value))
        if who.owns(fact) or fact.key in theirs:
            gone.append(row.id)
    if gone:
        connection.execute(delete(outbox).where(outbox.c.id.in_(gone)))
