"""Rows that travel as one JSON text arrive as they were: times, bytes, JSON, nothing, and characters of every kind."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Column, Date, DateTime, Engine, LargeBinary, Text, select
from sqlalchemy import MetaData as Metadata
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from services.runtime.batch_rows import as_rows, insertion
from services.runtime.database import rejected

pytestmark = pytest.mark.live
TABLE = SqlTable(
    "odd_values",
    Metadata(),
    Column("id", Text, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("day", Date),
    Column("bytes", LargeBinary),
    Column("body", JSONB(none_as_null=True)),
)
NAMES = ("id", "at", "day", "bytes", "body")
ROWS = [
    ("plain", datetime(2021, 3, 1, 9, 0, 0, 123456, UTC), date(2021, 3, 1), b"\x00\xff\\x'\"", {"a": [1, 2.5, None]}),
    ('quo"te \\ {braces}, \t\u2028 \U0001f9ca', None, None, None, None),
    ("empty", datetime(1, 1, 1, tzinfo=UTC), date(9999, 12, 31), b"", {}),
]


def test_what_goes_in_comes_out(database: Engine) -> None:
    with database.begin() as connection:
        TABLE.create(connection)
        rows = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
        connection.execute(insertion(TABLE, NAMES), as_rows(rows))
        kept = [tuple(row) for row in connection.execute(select(TABLE)).all()]
    assert sorted(kept, key=repr) == sorted(ROWS, key=repr)


@pytest.mark.parametrize("text", ["nul \x00", "half a pair \ud800"])
def test_what_no_text_of_the_database_can_hold_is_rejected_not_lost(database: Engine, text: str) -> None:
    with database.begin() as connection:
        TABLE.create(connection)
    with pytest.raises(DBAPIError) as refusal, database.begin() as connection:
        connection.execute(insertion(TABLE, ("id",)), as_rows([{"id": "good"}, {"id": text}]))
    assert rejected(refusal.value)
    with database.connect() as connection:
        assert connection.execute(select(TABLE)).all() == []
