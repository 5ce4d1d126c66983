"""Many rows in one statement of one parameter: one round trip and one plan, whatever their number.

They travel as one JSON text: psycopg quotes arrays of text in Python, item by item.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import JSON, Select, Table, Text, bindparam, cast, column, func, literal_column, select
from sqlalchemy.dialects.postgresql import Insert, insert


@cache
def insertion(table: Table, names: tuple[str, ...]) -> Insert:
    """The insertion of rows that name these columns; to be executed with :func:`as_rows`."""
    return insert(table).from_select(list(names), rows_of(table, names))


@cache
def rows_of(table: Table, names: tuple[str, ...]) -> Select[Any]:
    """Rows that name these columns of ``table``, as a query; to be executed with :func:`as_rows`."""
    written = cast(bindparam("rows", type_=Text()), JSON)
    record = func.json_populate_recordset(literal_column(f'NULL::"{table.name}"'), written)
    return select(*record.table_valued(*(column(name, table.c[name].type) for name in names)).c)


def as_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The parameter of such a statement."""
    return {"rows": json.dumps(rows, default=_as_text)}


def _as_text(value: object) -> str:
    """What JSON has no form for, as PostgreSQL reads it."""
    if isinstance(value, date):  # datetime is one
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(type(value).__name__)
