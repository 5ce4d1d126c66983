"""The join's one transaction: enter what is new, lock its kin, fold, and replace what is published from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Table,
    Update,
    any_,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.sql.dml import ReturningInsert

from services.charts import day_sums
from services.charts import kin as groups
from services.charts.outgoing_bodies import outgoing_event, outgoing_record
from services.charts.refolding import facts_of
from services.charts.tables import (
    adverse_event_versions,
    adverse_events,
    contributions,
    facts,
    kin,
    procedure_records,
)
from services.clinical.canonical import to_json
from services.clinical.events.adverse_event import EventStatus
from services.clinical.facts import Fact, fact_json, names
from services.clinical.identifiers import patient_name
from services.clinical.publish import Published, Rules, publish
from services.runtime.batch_rows import as_rows, insertion, one_of, rows_of
from services.runtime.outbox import Outgoing, put


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing depends on beside the facts: the rules, and the key that hashes Kafka keys."""

    rules: Rules
    routing_key: bytes

    def enter(self, connection: Connection, batch: Iterable[Fact], as_of: datetime) -> int:
        """Enter facts and publish the groups that they change. Returns how many were new."""
        unique = {f.key: f for f in sorted(batch, key=lambda f: (f.id, f.weight, f.version))}
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
        published = {group: publish(held[group], self.rules, as_of) for group in ids}
        outgoing = _records(connection, published, self.routing_key)
        outgoing += _events(connection, published)
        days = _contributions(connection, published)
        dues = [{"id": group, "next_due": one.next_due} for group, one in published.items()]
        connection.execute(_settling(), as_rows(dues) | {"stamp": self.rules.stamp, "ids": list(published)})
        put(connection, outgoing)
        day_sums.mark(connection, days)  # last: of all that is locked, only days are shared by groups


@cache
def _settling() -> Update:
    """The groups are named twice: joined with rows alone, PostgreSQL may read all of them."""
    due = rows_of(kin, ("id", "next_due")).subquery()
    named = kin.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    return update(kin).where(kin.c.id == due.c.id, named).values(next_due=due.c.next_due, rules=bindparam("stamp"))


@cache
def _keeping() -> ReturningInsert[Any]:
    """Of a fact that keeps its fullest version only, a fuller one takes the place."""
    statement = insertion(facts, ("id", "version", "kind", "weight", "kin", "body"))
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["id", "version"],
        set_={"weight": new.weight, "body": new.body},
        where=(facts.c.version == "") & (facts.c.weight < new.weight),
    ).returning(facts.c.id, facts.c.version)


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
    returned = connection.execute(_keeping(), as_rows(rows))
    return [(row.id, row.version) for row in returned]


def _records(connection: Connection, published: Mapping[int, Published], key: bytes) -> list[Outgoing]:
    columns = procedure_records.c
    query = select(columns.procedure, columns.body).where(one_of(columns.kin, published))
    before = dict(connection.execute(query).tuples().all())
    rows, out = [], []
    for group, record in ((group, record) for group, one in published.items() for record in one.records):
        body = to_json(record)
        if before.get(record.procedure) == body:
            continue
        rows.append(
            {
                "procedure": record.procedure,
                "kin": group,
                "site": record.site,
                "status": record.status,
                "follow_up": record.follow_up.value,
                "closes_at": record.closes_at,
                "revision": record.revision,
                "body": body,
            }
        )
        out.append(outgoing_record(body, key))
    _replace(connection, procedure_records, ("procedure",), rows)
    return out


def _events(connection: Connection, published: Mapping[int, Published]) -> list[Outgoing]:
    """Replace the groups' events. One that was published and no longer holds is withdrawn: a value, not a deletion."""
    columns = adverse_events.c
    query = select(columns.kin, columns.id, columns.body).where(one_of(columns.kin, published))
    before: dict[int, dict[str, dict[str, Any]]] = {group: {} for group in published}
    for group, name, body in connection.execute(query):
        before[group][name] = body
    changed, same, versions, out = [], [], [], []
    for group, one in published.items():
        bodies = {event.id: to_json(event) for event in one.events}
        newest = max((r.revision for r in one.records), default=0)
        for name, body in before[group].items():
            if name not in bodies:
                gone = {"status": EventStatus.WITHDRAWN.value, "revision": max(newest, body["revision"])}
                bodies[name] = {key: value for key, value in body.items() if key != "review"} | gone
        for name, body in sorted(bodies.items()):
            if before[group].get(name) == body:
                continue
            if name not in before[group] and body["status"] == EventStatus.WITHDRAWN.value:
                continue
            held = before[group].get(name)
            if held is None or held | {"revision": 0} != body | {"revision": 0}:
                changed.append(_event_row(group, name, body) | {"edition": body["revision"]})
                versions.append({"id": name, "revision": body["revision"], "body": body})
            else:  # what differs by its revision alone is no new version for those who read it
                same.append(_event_row(group, name, body) | {"edition": body["revision"]})
            out.append(outgoing_event(body))
    _replace(connection, adverse_events, ("id",), changed)
    _replace(connection, adverse_events, ("id",), same, leaving=("edition", "published_at"))
    if versions:
        connection.execute(_keeping_versions(), as_rows(versions))
    return out


@cache
def _keeping_versions() -> Insert:
    version = insertion(adverse_event_versions, ("id", "revision", "body"))
    return version.on_conflict_do_update(
        index_elements=["id", "revision"], set_={"body": version.excluded.body, "published_at": func.now()}
    )


def _event_row(group: int, name: str, body: dict[str, Any]) -> dict[str, Any]:
    onset = body.get("onset")
    return {
        "id": name,
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


def _replace(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    rows: list[dict[str, Any]],
    leaving: tuple[str, ...] = (),
) -> None:
    """Write rows over those of the same key, unless a later revision is there; ``leaving`` are left as they are."""
    if rows:
        connection.execute(_replacing(table, tuple(rows[0]), key, leaving), as_rows(rows))


@cache
def _replacing(table: Table, names_: tuple[str, ...], key: tuple[str, ...], leaving: tuple[str, ...]) -> Insert:
    statement = insertion(table, names_)
    new = {name: statement.excluded[name] for name in names_} | {"published_at": func.now()}
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_={name: value for name, value in new.items() if name not in (*key, *leaving)},
        where=table.c.revision <= statement.excluded.revision,
    )


def _contributions(connection: Connection, published: Mapping[int, Published]) -> set[tuple[str, date]]:
    """Replace the groups' contributions; the (site, day) pairs whose totals must be summed again."""
    columns = contributions.c
    key = (columns.kin, columns.owner, columns.site, columns.day)
    query = select(*key, columns.counts).where(one_of(columns.kin, published))
    before = {tuple(row[:4]): row[4] for row in connection.execute(query)}
    after = {(group, *c[:3]): c.counts for group, one in published.items() for c in one.contributions}
    gone = [k for k in before if k not in after]
    changed = sorted(k for k, counts in after.items() if before.get(k) != counts)
    for start in range(0, len(gone), 5000):  # a statement holds 65 535 parameters
        connection.execute(delete(contributions).where(tuple_(*key).in_(gone[start : start + 5000])))
    if changed:
        rows = [dict(zip(("kin", "owner", "site", "day"), k, strict=True)) | {"counts": after[k]} for k in changed]
        connection.execute(_contributing(), as_rows(rows))
    return {k[2:] for k in [*gone, *changed]}


@cache
def _contributing() -> Insert:
    statement = insertion(contributions, ("kin", "owner", "site", "day", "counts"))
    new = {"counts": statement.excluded.counts, "kin": statement.excluded.kin}
    return statement.on_conflict_do_update(index_elements=["owner", "site", "day"], set_=new)
