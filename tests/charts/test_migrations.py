"""Migrations keep what is in the tables, both ways."""

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from deploy.local.database import LocalDatabase
from services.command.migrate import alembic_config

pytestmark = pytest.mark.live
ROWS = [
    ("procedure:S:1", "S", "2021-03-01", "all", "events.all", 2),
    ("procedure:S:1", "S", "2021-03-01", "all", "procedures.planned", 1),
    ("procedure:S:1", "S", "2021-03-01", "organ=lung", "events.all", 2),
    ("procedure:S:1", "S", "2021-03-02", "all", "events.all", 1),
    ("patient:S:P", "S", "2021-03-02", "all", "patients.with_event", 1),
]


def test_contributions_are_put_together_and_apart(postgresql: LocalDatabase) -> None:
    engine = create_engine(postgresql.create_database("migrations"))
    config = alembic_config(engine)
    command.upgrade(config, "0004")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO kin (id) OVERRIDING SYSTEM VALUE VALUES (7)"))
        for row in ROWS:
            values = dict(zip(("o", "s", "d", "t", "m", "n"), row, strict=True))
            connection.execute(text("INSERT INTO contributions VALUES (:o, :s, :d, :t, :m, :n, 7)"), values)
    command.upgrade(config, "0005")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT owner, day::text, counts, kin FROM contributions ORDER BY 1, 2")).all()
    assert [tuple(row) for row in kept] == [
        ("patient:S:P", "2021-03-02", {"all": {"patients.with_event": 1}}, 7),
        (
            "procedure:S:1",
            "2021-03-01",
            {"all": {"events.all": 2, "procedures.planned": 1}, "organ=lung": {"events.all": 2}},
            7,
        ),
        ("procedure:S:1", "2021-03-02", {"all": {"events.all": 1}}, 7),
    ]
    command.downgrade(config, "0004")
    with engine.connect() as connection:
        query = text("SELECT owner, site, day::text, stratum, measure, count FROM contributions")
        assert sorted(tuple(row) for row in connection.execute(query)) == sorted(ROWS)
    command.upgrade(config, "head")
    engine.dispose()
