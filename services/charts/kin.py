"""Kin groups in PostgreSQL: names joined under locks, so that two workers can't grow one group apart."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ARRAY, BigInteger, Connection, cast, delete, func, insert, select, update
from sqlalchemy.sql.dml import ReturningInsert

from services.charts.tables import (
    adverse_events,
    contributions,
    facts,
    kin,
    kin_names,
    procedure_records,
)
from services.runtime.batch_rows import as_rows, insertion, one_of

T = TypeVar("T", int, str)
_OWNED = (kin_names, facts, procedure_records, adverse_events, contributions)


def lock(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Lock groups in a fixed order; those that another transaction has just absorbed are left out."""
    found = connection.execute(select(kin.c.id).where(one_of(kin.c.id, ids)).order_by(kin.c.id).with_for_update())
    return list(found.scalars())


def join(connection: Connection, named: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Every name's group, groups joined where a fact names several; all of them locked until the commit."""
    wanted = sorted({name for names in named for name in names})
    fresh: set[int] = set()
    while True:
        # Each time: expiry or an erasure may just have removed a group with its names.
        known = _groups(connection, wanted)
        mine = fresh | set(lock(connection, sorted(set(known.values()) - fresh)))
        if set(known.values()) <= mine:
            fresh |= _enter(connection, known, named)
        groups = _groups(connection, wanted)
        if len(groups) == len(wanted) and set(groups.values()) <= mine | fresh:
            break
    into = _joined([[groups[name] for name in names] for names in named])
    _absorb(connection, {group: first for group, first in into.items() if group != first}, fresh)
    return {name: into.get(group, group) for name, group in groups.items()}


def _joined(links: Iterable[Sequence[T]]) -> dict[T, T]:
    """Each thing to the smallest of all that are linked with it, directly or by way of others."""
    parent: dict[T, T] = {}

    def root(one: Any) -> Any:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for first, *others in links:
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
        root(first)
    return {one: root(one) for one in parent}


def _groups(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(select(kin_names.c.name, kin_names.c.kin).where(one_of(kin_names.c.name, names)))
    return dict(rows.tuples().all())


def _enter(connection: Connection, known: dict[str, int], named: Sequence[tuple[str, ...]]) -> set[int]:
    """Enter the names that aren't known, in order: each into the group of a name that a fact links it with.

    Where there is none, into a new group, one for all that are linked. Returns the new groups: until the commit they
    hold nothing but their names, and no other transaction can see them.
    """
    first_of = _joined([[n for n in linked if n not in known] for linked in named if not known.keys() >= set(linked)])
    if not first_of:
        return set()
    homes: dict[str, int] = {}
    for linked in named:
        held = [known[name] for name in linked if name in known]
        new = {first_of[name] for name in linked if name in first_of} if held else set()
        homes |= {first: min(*held, homes.get(first, held[0])) for first in new}
    firsts = sorted(set(first_of.values()) - homes.keys())
    made: dict[str, int] = {}
    if firsts:
        ids = connection.execute(insert(kin).returning(kin.c.id), [{} for _ in firsts]).scalars()
        made.update(zip(firsts, ids, strict=True))
    rows = [{"name": name, "kin": (homes | made)[first_of[name]]} for name in sorted(first_of)]
    entered = set(connection.execute(_entering(), as_rows(rows)).scalars())
    unused = set(made.values()) - entered
    if unused:
        connection.execute(delete(kin).where(one_of(kin.c.id, unused)))
    return entered & set(made.values())


@cache
def _entering() -> ReturningInsert[Any]:
    return insertion(kin_names, ("name", "kin")).on_conflict_do_nothing().returning(kin_names.c.kin)


def _absorb(connection: Connection, into: dict[int, int], fresh: set[int]) -> None:
    """Give what groups own to others. Groups just made own no more than their names."""
    for table in _OWNED:
        moved = {old: new for old, new in into.items() if table is kin_names or old not in fresh}
        if moved:
            pairs = select(
                func.unnest(cast(list(moved), ARRAY(BigInteger))).label("old"),
                func.unnest(cast(list(moved.values()), ARRAY(BigInteger))).label("new"),
            ).subquery()
            connection.execute(update(table).where(table.c.kin == pairs.c.old).values(kin=pairs.c.new))
    if into:
        connection.execute(delete(kin).where(one_of(kin.c.id, into)))
