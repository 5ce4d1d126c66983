"""Many rows in one statement of one parameter: one round trip and one plan, whatever their number.

Rows travel as one JSON text: psycopg quotes arrays of text in Python, item by item. What is only looked for travels as
an array.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert


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


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN values`` as one parameter: IN has one for each, and so another text and another plan each time."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def _as_text(value: object) -> str:
    """What JSON has no form for, as PostgreSQL reads it."""
    if isinstance(value, date):  # datetime is one
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(type(value).__name__)
