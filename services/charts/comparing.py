"""Two schemas' charts compared, table by table, byte for byte."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.charts.rebuilding import SCHEMA


@dataclass(frozen=True, slots=True)
class Compared:
    """One table of both: rows in each, rows that only one has, rows that differ; some of their keys."""

    table: str
    live: int
    rebuilt: int
    only_live: int
    only_rebuilt: int
    different: int
    examples: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether both hold the same rows."""
        return not (self.only_live or self.only_rebuilt or self.different)


@dataclass(frozen=True, slots=True)
class _Side:
    key: tuple[str, ...]
    value: str
    where: str = "true"
    source: str = ""


_SUMMED = "NOT EXISTS (SELECT FROM {live}.dirty_days d WHERE (d.site, d.day) = (t.site, t.day))"
_MONTH_SUMMED = (
    "NOT EXISTS (SELECT FROM {live}.dirty_days d"
    " WHERE (d.site, date_trunc('month', d.day::timestamp)::date) = (t.site, t.month))"
)
_EVENT = "procedure, patient, site, code, status, certainty, timing, onset, recorded, revision, body::text"
_RECORD = "site, status, follow_up, closes_at, revision, body::text"
TABLES: dict[str, _Side] = {
    "facts": _Side(("id", "version"), "(kind, weight, body::text)"),
    "kin_names": _Side(
        ("name",), "first", source="(SELECT name, min(name) OVER (PARTITION BY kin) AS first FROM {schema}.kin_names)"
    ),
    "telemetry_frames": _Side(("site", "accession", "console", "frame", "content"), "digest::text"),
    "procedure_records": _Side(("procedure",), f"({_RECORD})"),
    "adverse_events": _Side(("id",), f"({_EVENT})", "t.status = 'live'"),
    "contributions": _Side(("owner", "site", "day"), "counts"),
    "day_totals": _Side(("site", "day"), "counts", _SUMMED),
    "month_totals": _Side(("site", "month"), "counts", _MONTH_SUMMED),
}
"""What is compared: by which key, which value, and which rows. Events: those that stand (decision 3)."""


def compare(connection: Connection, live: str, show: int = 0) -> list[Compared]:
    """Every derived table of schema ``live`` with the rebuilt one; ``show`` keys of each difference."""
    return [_compare(connection, name, side, live, show) for name, side in TABLES.items()]


def _compare(connection: Connection, name: str, side: _Side, live: str, show: int) -> Compared:
    key = ", ".join(side.key)
    halves = {}
    for label, schema in (("l", live), ("r", SCHEMA)):
        source = (side.source or f"{{schema}}.{name}").format(schema=schema)
        where = side.where.format(live=live)
        halves[label] = f"(SELECT {key}, {side.value}::text AS value, true AS there FROM {source} t WHERE {where})"
    joined = f"{halves['l']} l FULL JOIN {halves['r']} r USING ({key})"
    counts = connection.execute(
        text(
            "SELECT count(l.there), count(r.there), count(*) FILTER (WHERE r.there IS NULL),"
            " count(*) FILTER (WHERE l.there IS NULL), count(*) FILTER (WHERE l.value <> r.value)"
            f" FROM {joined}"
        )
    ).one()
    found: tuple[str, ...] = ()
    if show and any(counts[2:]):
        query = f"SELECT concat_ws(' ', {key}) FROM {joined} WHERE l.value IS DISTINCT FROM r.value ORDER BY 1 LIMIT :n"
        found = tuple(connection.execute(text(query), {"n": show}).scalars())
    live_rows, rebuilt_rows, gone, new, other = counts
    return Compared(name, live_rows, rebuilt_rows, gone, new, other, found)
