"""A patient's erasure, in one transaction: charts, archive, outbox; and a hash that keeps what comes again out.

It first locks the list of erased patients for itself. Every writer reads that list at the start of its transaction, so
those under way end before, and those that come later see the patient on it: nothing slips in between.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from services.charts import day_sums, erased_messages
from services.charts import kin as groups
from services.charts.expiry import OF_A_PROCEDURE
from services.charts.outgoing_bodies import EVENTS, RECORDS
from services.charts.person import Person, person
from services.charts.publishing import Publisher
from services.charts.tables import (
    adverse_event_versions,
    adverse_events,
    contributions,
    facts,
    kin,
    kin_names,
    procedure_records,
    telemetry_frames,
)
from services.clinical.facts import Fact, Standing, fact_from_json, names, state
from services.clinical.identifiers import patient_name, routing_key, site_of, value_of
from services.clinical.statements import CareEvent, ConsoleHeader, ProcedureStatement, TreatmentSummary
from services.runtime.archive import Archived
from services.runtime.outbox import Outgoing, put
from services.runtime.subjects import hashed
from services.runtime.tables import erased_subjects, erasures

LOCK_SECONDS = 60
_LAST = 2**63 - 1
"""A tombstone's revision: no row that waits in the outbox replaces it."""


@dataclass(frozen=True, slots=True)
class Request:
    """Whom to erase, who asks for it and why. The reason must not name the patient: it is kept."""

    site: str
    patient_id: str
    operator: str
    reason: str


@dataclass(slots=True)
class Erased:
    """What an erasure removed, as counts."""

    numbers: int = 0
    procedures: int = 0
    facts: int = 0
    records: int = 0
    events: int = 0
    frames: int = 0
    messages: int = 0
    redacted: int = 0
    dead_letters: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Eraser:
    """What an erasure depends on: the publisher, the key of subjects, and the handlers that read a message again."""

    publisher: Publisher
    subject_key: bytes
    read: Callable[[Archived], Sequence[Any]]

    def erase(self, connection: Connection, request: Request, as_of: datetime) -> Erased:
        """Erase in the caller's transaction."""
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        connection.execute(text("LOCK TABLE erased_subjects IN ACCESS EXCLUSIVE MODE"))
        number = patient_name(request.site, request.patient_id)
        group, held = _group(connection, number)
        who = person((fact for fact, _ in held), number)
        theirs = [(fact, weight) for fact, weight in held if who.owns(fact)]
        others = [fact for fact, _ in held if not who.owns(fact)]
        out = Erased(len(who.numbers), len(who.procedures), len(theirs), others=_people(others))
        self._remember(connection, who)
        self._charts(connection, who, [fact for fact, _ in theirs], out)
        erased_messages.erase(connection, who, [fact for fact, _ in theirs], self.subject_key, self.read, out)
        if group is not None:
            self._group_goes_on(connection, group, others, sum(weight for _, weight in theirs), as_of)
        _put_on_record(connection, request, out)
        return out

    def _remember(self, connection: Connection, who: Person) -> None:
        rows = [
            {"subject": hashed(self.subject_key, name)} for name in sorted(who.numbers | who.procedures | who.reports)
        ]
        connection.execute(upsert(erased_subjects).on_conflict_do_nothing(), rows)

    def _charts(self, connection: Connection, who: Person, theirs: list[Fact], out: Erased) -> None:
        """Facts, frames, records, events with their versions, contributions; tombstones for the compacted topics."""
        keys = {fact.key for fact in theirs}
        if keys:
            connection.execute(delete(facts).where(tuple_(facts.c.id, facts.c.version).in_(sorted(keys))))
        out.frames = _frames(connection, who, theirs)
        column = procedure_records.c.procedure
        gone = delete(procedure_records).where(column.in_(who.procedures)).returning(column)
        records = list(connection.execute(gone).scalars())
        events = adverse_events.c
        about = or_(events.procedure.in_(who.procedures), events.patient.in_(who.numbers))
        ids = list(connection.execute(delete(adverse_events).where(about).returning(events.id)).scalars())
        versions = adverse_event_versions
        connection.execute(delete(versions).where(versions.c.id.in_(ids)))
        owned = contributions.c.owner.in_(who.procedures | who.numbers)
        rows = delete(contributions).where(owned).returning(contributions.c.site, contributions.c.day)
        # The days lose what was theirs: rates describe the procedures that are held.
        day_sums.mark(connection, {(row.site, row.day) for row in connection.execute(rows)})
        slots = [(RECORDS, routing_key(self.publisher.routing_key, name)) for name in records]
        slots += [(EVENTS, name) for name in ids]
        put(connection, (Outgoing(topic, slot, slot, None, _LAST) for topic, slot in slots))
        out.records, out.events = len(records), len(ids)

    def _group_goes_on(
        self, connection: Connection, group: int, others: list[Fact], removed: int, as_of: datetime
    ) -> None:
        """Remove the names that nobody else has; publish the others again, at a revision that doesn't fall."""
        stands_for = placeholders(others, removed)
        named = {name for fact in [*others, *stands_for] for name in names(fact)}
        gone = delete(kin_names).where(kin_names.c.kin == group, kin_names.c.name.not_in(sorted(named)))
        connection.execute(gone)
        if not others:
            connection.execute(delete(contributions).where(contributions.c.kin == group))
            connection.execute(delete(kin).where(kin.c.id == group))
            return
        if not self.publisher.enter(connection, stands_for, as_of):
            self.publisher.publish(connection, [group], as_of)


def _group(connection: Connection, number: str) -> tuple[int | None, list[tuple[Fact, int]]]:
    """The patient's kin group, locked, and its facts with their weights."""
    query = select(kin_names.c.kin).where(kin_names.c.name == number)
    while (group := connection.execute(query).scalar()) is not None:
        if groups.lock(connection, [group]) and connection.execute(query).scalar() == group:
            break
    rows = connection.execute(select(facts.c.body, facts.c.weight).where(facts.c.kin == group))
    return group, [(fact_from_json(body), weight) for body, weight in rows]


def placeholders(others: list[Fact], count: int) -> list[Fact]:
    """Withdrawn statements that say nothing: each counts as one fact version of a group that loses ``count``.

    A published revision counts the versions that its group holds, and may not fall for those who stay in it. None is
    needed where nothing of the others was ever published.
    """
    procedures = [fact.statement for fact in others if isinstance(fact.statement, ProcedureStatement)]
    if not any(fact.kind.value in OF_A_PROCEDURE for fact in others) or not procedures:
        return []
    of, token = procedures[0], f"erased-{secrets.token_hex(8)}"
    return [
        state(CareEvent(of.site, f"{token}-{n}", token, "erased", accession=of.accession), Standing.WITHDRAWN)
        for n in range(count)
    ]


def _people(others: list[Fact]) -> int:
    return len({name for fact in others for name in names(fact) if name.startswith("patient:")})


def _frames(connection: Connection, who: Person, theirs: list[Fact]) -> int:
    said = [f.statement for f in theirs if isinstance(f.statement, ConsoleHeader | TreatmentSummary)]
    pairs = {(s.site, s.accession) for s in said} | {(site_of(name), value_of(name)) for name in who.procedures}
    if not pairs:
        return 0
    place = tuple_(telemetry_frames.c.site, telemetry_frames.c.accession)
    return connection.execute(delete(telemetry_frames).where(place.in_(sorted(pairs)))).rowcount


def _put_on_record(connection: Connection, request: Request, out: Erased) -> None:
    """That there was an erasure, never of whom."""
    row = {"site": request.site, "operator": request.operator, "reason": request.reason, "counts": asdict(out)}
    connection.execute(insert(erasures).values(**row))
