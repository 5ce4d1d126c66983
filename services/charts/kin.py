"""Kin groups in PostgreSQL: names joined under locks, so that two workers can't grow one group apart."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.charts.tables import (
    adverse_events,
    contributions,
    facts,
    kin,
    kin_names,
    procedure_records,
)

_OWNED = (kin_names, facts, procedure_records, adverse_events, contributions)


def lock(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Lock groups in a fixed order; those that another transaction has just absorbed are left out."""
    found = connection.execute(select(kin.c.id).where(kin.c.id.in_(ids)).order_by(kin.c.id).with_for_update())
    return list(found.scalars())


def join(connection: Connection, named: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Every name's group, groups joined where a fact names several; all of them locked until the commit."""
    wanted = sorted({name for names in named for name in names})
    while True:
        _create(connection, wanted)  # each time: expiry or an erasure may just have removed a group with its names
        groups = _groups(connection, wanted)
        locked = set(lock(connection, sorted(set(groups.values()))))
        again = _groups(connection, wanted)
        if groups == again and locked == set(groups.values()):
            break
    for names in named:
        ids = sorted({groups[name] for name in names})
        for absorbed in ids[1:]:
            _absorb(connection, absorbed, ids[0])
            groups = {name: ids[0] if group == absorbed else group for name, group in groups.items()}
    return groups


def _groups(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(select(kin_names.c.name, kin_names.c.kin).where(kin_names.c.name.in_(names)))
    return dict(rows.tuples().all())


def _create(connection: Connection, names: Sequence[str]) -> None:
    """A group of its own for each name not seen before, entered in the order of names."""
    known = _groups(connection, names)
    new = [name for name in names if name not in known]
    if not new:
        return
    ids = list(connection.execute(insert(kin).returning(kin.c.id), [{} for _ in new]).scalars())
    rows = [{"name": name, "kin": group} for name, group in zip(new, ids, strict=True)]
    entered = set(
        connection.execute(upsert(kin_names).on_conflict_do_nothing().returning(kin_names.c.kin), rows).scalars()
    )
    connection.execute(delete(kin).where(kin.c.id.in_([i for i in ids if i not in entered])))


def _absorb(connection: Connection, absorbed: int, into: int) -> None:
    for table in _OWNED:
        connection.execute(update(table).where(table.c.kin == absorbed).values(kin=into))
    connection.execute(delete(kin).where(kin.c.id == absorbed))
