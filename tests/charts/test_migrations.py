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


def test_totals_become_one_row_and_many_again_and_grants_stay(postgresql: LocalDatabase) -> None:
    engine = create_engine(postgresql.create_database("totals"))
    config = alembic_config(engine)
    command.upgrade(config, "0010")
    totals = sorted({(site, day, stratum, measure, n) for _, site, day, stratum, measure, n in ROWS})
    months = [("S", "2021-03-01", "all", "procedures.planned", 1)]
    sides = {"day_totals": ("day", totals), "month_totals": ("month", months)}
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE reporting"))
        for table, (_, rows) in sides.items():
            connection.execute(text(f"GRANT SELECT ON {table} TO reporting"))
            for row in rows:
                values = dict(zip(("s", "d", "t", "m", "n"), row, strict=True))
                connection.execute(text(f"INSERT INTO {table} VALUES (:s, :d, :t, :m, :n)"), values)
    granted = "SELECT has_table_privilege('reporting', 'day_totals', 'SELECT')"
    command.upgrade(config, "0011")
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT site, day::text, counts FROM day_totals ORDER BY 2")).all()
        assert [tuple(row) for row in kept] == [
            ("S", "2021-03-01", {"all": {"events.all": 2, "procedures.planned": 1}, "organ=lung": {"events.all": 2}}),
            ("S", "2021-03-02", {"all": {"events.all": 1, "patients.with_event": 1}}),
        ]
        assert connection.execute(text("SELECT counts FROM month_totals")).scalar_one() == {
            "all": {"procedures.planned": 1}
        }
        assert connection.execute(text(granted)).scalar_one()
    command.downgrade(config, "0010")
    with engine.connect() as connection:
        for table, (at, rows) in sides.items():
            query = text(f"SELECT site, {at}::text, stratum, measure, count FROM {table}")
            assert sorted(tuple(row) for row in connection.execute(query)) == rows
        assert connection.execute(text(granted)).scalar_one()
    command.upgrade(config, "head")
    engine.dispose()
