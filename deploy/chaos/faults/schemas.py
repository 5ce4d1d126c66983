"""A table is away for a moment, as in a botched migration: no outage but a bug, which stops a service loudly."""

import psycopg

from deploy.chaos.ground import Ground


def rename_away(ground: Ground, table: str) -> None:
    """The services find no such table."""
    ground.bugs_expected = True
    _rename(ground, table, f"{table}_away")


def rename_back(ground: Ground, table: str) -> None:
    """The table is back under its name."""
    _rename(ground, f"{table}_away", table)


def _rename(ground: Ground, old: str, new: str) -> None:
    """Rename when nobody uses the table: a joiner may, waiting for a row on its way to a broker that is away."""
    with ground.connect() as connection:
        connection.execute("SET lock_timeout = '60s'")
        name = psycopg.sql.Identifier
        connection.execute(psycopg.sql.SQL("ALTER TABLE {} RENAME TO {}").format(name(old), name(new)))
