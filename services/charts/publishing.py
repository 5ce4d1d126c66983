"""The join's one transaction: enter what is new, lock its kin, fold, and replace what is published from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from services.charts import kin as groups
from services.charts.refolding import facts_of
from services.charts.tables import (
    adverse_event_versions,
    adverse_events,
    contributions,
    dirty_days,
    facts,
    kin,
    procedure_records,
)
from services.clinical.canonical import canonical, to_json
from services.clinical.events.adverse_event import AdverseEvent, EventStatus
from services.clinical.facts import Fact, fact_json, names
from services.clinical.identifiers import patient_name, routing_key
from services.clinical.procedures.record import ProcedureRecord
from services.clinical.publish import Rules, publish
from services.clinical.rates.contributions import Contribution
from services.runtime.outbox import Outgoing, put

RECORDS, EVENTS = "procedure-records", "adverse-events"


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing depends on beside the facts: the rules, and the key that hashes Kafka keys."""

    rules: Rules
    routing_key: bytes

    def enter(self, connection: Connection, batch: Iterable[Fact], as_of: datetime) -> int:
        """Enter facts and publish the groups that they change. Returns how many were new."""
        unique = {(f.id, _version(f)): f for f in sorted(batch, key=lambda f: (f.id, f.weight, f.version))}
        if not unique:
            return 0
        found = groups.join(connection, [names(f) for f in unique.values()])
        new = _insert(connection, unique, found)
        self.publish(connection, sorted({found[names(unique[key])[0]] for key in new}), as_of)
        return len(new)

    def publish(self, connection: Connection, ids: Sequence[int], as_of: datetime) -> None:
        """Fold locked groups and replace what is published from them."""
        if not ids:
            return
        held = facts_of(connection, list(ids))
        outgoing: list[Outgoing] = []
        days: set[tuple[str, date]] = set()
        for group in ids:
            published = publish(held[group], self.rules, as_of)
            outgoing += _records(connection, group, published.records, self.routing_key)
            outgoing += _events(connection, group, published.events, published.records)
            days |= _contributions(connection, group, published.contributions)
            settled = {"next_due": published.next_due, "rules": self.rules.stamp}
            connection.execute(update(kin).where(kin.c.id == group).values(settled))
        put(connection, outgoing)
        _mark(connection, days)


def _version(fact: Fact) -> str:
    return "" if fact.replaces else fact.version


def _insert(
    connection: Connection, unique: dict[tuple[str, str], Fact], found: dict[str, int]
) -> list[tuple[str, str]]:
    rows = [
        {
            "id": key[0],
            "version": key[1],
            "kind": fact.kind.value,
            "weight": fact.weight,
            "kin": found[names(fact)[0]],
            "body": fact_json(fact),
        }
        for key, fact in sorted(unique.items())
    ]
    statement = insert(facts)
    new = statement.excluded
    returned = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id", "version"],
            set_={"weight": new.weight, "body": new.body},
            where=(facts.c.version == "") & (facts.c.weight < new.weight),
        ).returning(facts.c.id, facts.c.version),
        rows,
    )
    return [(row.id, row.version) for row in returned]


def _records(connection: Connection, group: int, records: Sequence[ProcedureRecord], key: bytes) -> list[Outgoing]:
    before = {
        row.procedure: row.body
        for row in connection.execute(
            select(procedure_records.c.procedure, procedure_records.c.body).where(procedure_records.c.kin == group)
        )
    }
    out = []
    for record in records:
        body = to_json(record)
        if before.get(record.procedure) == body:
            continue
        values = {
            "kin": group,
            "site": record.site,
            "status": record.status,
            "follow_up": record.follow_up.value,
            "closes_at": record.closes_at,
            "revision": record.revision,
            "body": body,
        }
        statement = insert(procedure_records).values(procedure=record.procedure, **values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["procedure"],
                set_={**values, "published_at": func.now()},
                where=procedure_records.c.revision <= record.revision,
            )
        )
        slot = routing_key(key, record.procedure)
        value = canonical({"schema": "procedure-records.v1", **body}).encode()
        out.append(Outgoing(RECORDS, slot, slot, value, record.revision))
    return out


def _events(
    connection: Connection, group: int, events: Sequence[AdverseEvent], records: Sequence[ProcedureRecord]
) -> list[Outgoing]:
    """Replace the group's events. One that was published and no longer holds is withdrawn: a value, not a deletion."""
    columns = adverse_events.c
    before: dict[str, dict[str, Any]] = {
        row.id: row.body for row in connection.execute(select(columns.id, columns.body).where(columns.kin == group))
    }
    bodies = {event.id: to_json(event) for event in events}
    newest = max((r.revision for r in records), default=0)
    for name, body in before.items():
        if name not in bodies:
            gone = {"status": EventStatus.WITHDRAWN.value, "revision": max(newest, body["revision"])}
            bodies[name] = {key: value for key, value in body.items() if key != "review"} | gone
    out = []
    for name, body in sorted(bodies.items()):
        if before.get(name) == body:
            continue
        if name not in before and body["status"] == EventStatus.WITHDRAWN.value:
            continue
        _write_event(connection, group, name, body, before.get(name))
        value = canonical({"schema": "adverse-events.v1", **body}).encode()
        out.append(Outgoing(EVENTS, name, name, value, body["revision"]))
    return out


def _write_event(
    connection: Connection, group: int, name: str, body: dict[str, Any], before: dict[str, Any] | None
) -> None:
    """Write the event. What differs by its revision alone is no new version for those who read it."""
    onset = body.get("onset")
    changed = before is None or before | {"revision": 0} != body | {"revision": 0}
    values = {
        "kin": group,
        "procedure": body["procedure"],
        "patient": patient_name(body["patient_site"], body["patient_id"]),
        "site": body["site"],
        "code": body["event"],
        "status": body["status"],
        "certainty": body["certainty"],
        "timing": body["timing"],
        "onset": onset["earliest"] if onset else None,
        "recorded": body.get("recorded"),
        "revision": body["revision"],
        "body": body,
    }
    statement = insert(adverse_events).values(id=name, edition=body["revision"], **values)
    noted = {"edition": body["revision"], "published_at": func.now()} if changed else {}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={**values, **noted},
            where=adverse_events.c.revision <= body["revision"],
        )
    )
    if not changed:
        return
    version = insert(adverse_event_versions).values(id=name, revision=body["revision"], body=body)
    connection.execute(
        version.on_conflict_do_update(
            index_elements=["id", "revision"], set_={"body": version.excluded.body, "published_at": func.now()}
        )
    )


def _contributions(connection: Connection, group: int, wanted: Sequence[Contribution]) -> set[tuple[str, date]]:
    """Replace the group's contributions; the (site, day) pairs whose totals must be summed again."""
    columns = contributions.c
    key = (columns.owner, columns.site, columns.day, columns.stratum, columns.measure)
    before = {
        tuple(row[:5]): row[5] for row in connection.execute(select(*key, columns.count).where(columns.kin == group))
    }
    after = {(c.owner, c.site, c.day, c.stratum, c.measure): c.count for c in wanted}
    gone = [k for k in before if k not in after]
    changed = [k for k, count in after.items() if before.get(k) != count]
    for start in range(0, len(gone), 5000):  # a statement holds 65 535 parameters
        some = gone[start : start + 5000]
        connection.execute(delete(contributions).where(tuple_(*key).in_(some), columns.kin == group))
    if changed:
        statement = insert(contributions)
        names_ = ("owner", "site", "day", "stratum", "measure")
        rows = [dict(zip(names_, k, strict=True)) | {"count": after[k], "kin": group} for k in sorted(changed)]
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(names_), set_={"count": statement.excluded.count, "kin": statement.excluded.kin}
            ),
            rows,
        )
    return {(k[1], k[2]) for k in [*gone, *changed]}


def _mark(connection: Connection, days: set[tuple[str, date]]) -> None:
    """Mark days dirty, last and in one order: they are the only rows that groups share.

    An update, not "do nothing": it waits for a sum in progress, whose deletion of the mark would lose this one.
    """
    if days:
        mark = insert(dirty_days)
        connection.execute(
            mark.on_conflict_do_update(index_elements=["site", "day"], set_={"marks": dirty_days.c.marks + 1}),
            [{"site": site, "day": day, "marks": 1} for site, day in sorted(days)],
        )
