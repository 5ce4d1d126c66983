"""Every kin group read again, in batches: to publish it anew after a change of rules or reader, or to compare."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, func, select

from services.charts import kin as groups
from services.charts.tables import facts, kin
from services.clinical.facts import Fact, fact_from_json
from services.runtime.batch_rows import one_of


def count(connection: Connection, after: int = 0) -> int:
    """How many groups there are behind ``after``."""
    return connection.execute(select(func.count()).where(kin.c.id > after)).scalar_one()


def batches(engine: Engine, after: int = 0, size: int = 100) -> Iterator[tuple[Connection, list[int]]]:
    """Groups in the order of their ids, each batch locked in a transaction of its own that ends with the next step."""
    while True:
        with engine.begin() as connection:
            query = select(kin.c.id).where(kin.c.id > after).order_by(kin.c.id).limit(size)
            ids = groups.lock(connection, list(connection.execute(query).scalars()))
            if not ids:
                return
            yield connection, ids
            after = ids[-1]


def stored(connection: Connection, size: int = 100) -> Iterator[dict[int, list[Fact]]]:
    """The facts of every group, batch by batch in the order of their ids, nothing locked: a reader's snapshot."""
    after = 0
    while ids := list(
        connection.execute(select(kin.c.id).where(kin.c.id > after).order_by(kin.c.id).limit(size)).scalars()
    ):
        yield facts_of(connection, ids)
        after = ids[-1]


def facts_of(connection: Connection, ids: list[int]) -> dict[int, list[Fact]]:
    """The stored facts of groups."""
    held: dict[int, list[Fact]] = {group: [] for group in ids}
    for group, body in connection.execute(select(facts.c.kin, facts.c.body).where(one_of(facts.c.kin, ids))):
        held[group].append(fact_from_json(body))
    return held
