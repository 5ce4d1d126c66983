"""Facts of patients who never have a procedure go some time after the last of them arrived.

Facts are looked at once each, in the order in which they were recorded, so a step costs what it looks at and never
the history. The time is the database's own: keeping data is a matter of real time, even under a simulated clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from services.charts import kin as groups
from services.charts.tables import adverse_events, contributions, expiry_progress, facts, kin, kin_names
from services.charts.tables import procedure_records as records
from services.clinical.facts import FactKind

OF_A_PROCEDURE = tuple(
    kind.value
    for kind in (FactKind.PROCEDURE, FactKind.CONSOLE_HEADER, FactKind.TREATMENT_SUMMARY, FactKind.ADJUDICATION)
)
"""Kinds of which one alone keeps its whole group: withdrawn versions too, since facts are never taken away."""

_ONLY = 1
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expired:
    """What one step did: facts looked at, groups and facts removed."""

    seen: int = 0
    groups: int = 0
    facts: int = 0


def expire(connection: Connection, days: int, limit: int = 500) -> Expired:
    """Look at about ``limit`` facts older than ``days``, in the caller's transaction, and remove the groups due.

    A group is removed when it holds no fact of a procedure and none that is younger. Another timer's step is not
    waited for.
    """
    connection.execute(insert(expiry_progress).values(id=_ONLY, reached=_BEGINNING).on_conflict_do_nothing())
    reached = connection.execute(select(expiry_progress.c.reached).with_for_update(skip_locked=True)).scalar()
    if reached is None:
        return Expired()
    cutoff = connection.execute(select(func.now() - timedelta(days=days))).scalar_one()
    at = facts.c.recorded_at
    window = [at > reached, at <= cutoff]
    last = connection.execute(select(at).where(*window).order_by(at).limit(1).offset(limit - 1)).scalar()
    upto = last or connection.execute(select(func.max(at)).where(*window)).scalar()
    if upto is None:
        return Expired()
    seen = connection.execute(select(facts.c.kin).where(at > reached, at <= upto)).scalars().all()
    gone = _lonely(connection, groups.lock(connection, sorted(set(seen))), cutoff)
    removed = remove(connection, gone)
    connection.execute(expiry_progress.update().values(reached=upto))
    return Expired(len(seen), len(gone), removed)


def _lonely(connection: Connection, ids: list[int], cutoff: datetime) -> list[int]:
    """Those of the locked groups that have no procedure and nothing younger than the cutoff."""
    kept = exists().where(facts.c.kin == kin.c.id, (facts.c.kind.in_(OF_A_PROCEDURE)) | (facts.c.recorded_at > cutoff))
    published = [exists().where(table.c.kin == kin.c.id) for table in (records, adverse_events, contributions)]
    query = select(kin.c.id).where(kin.c.id.in_(ids), ~kept, *(~one for one in published))
    return list(connection.execute(query).scalars())


def remove(connection: Connection, ids: list[int]) -> int:
    """Remove locked groups with their facts and names; returns how many facts there were."""
    if not ids:
        return 0
    removed = connection.execute(delete(facts).where(facts.c.kin.in_(ids))).rowcount
    connection.execute(delete(kin_names).where(kin_names.c.kin.in_(ids)))
    connection.execute(delete(kin).where(kin.c.id.in_(ids)))
    return removed
