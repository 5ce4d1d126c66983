"""What a person should look at: live events and procedure records with something to review. Codes, no text."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, and_, literal, literal_column, or_, select, union_all

from services.audit.act import Act, Agent, Pattern, patient_of
from services.casework.audited_act import Casework
from services.charts.tables import adverse_events, procedure_records
from services.clinical.events.adjudication import MOVED

HIGHEST_COUNT = 500


@dataclass(frozen=True, slots=True)
class Review:
    """An event or a procedure with the codes of what to look at. ``id`` is the event's id, or the procedure's name."""

    kind: str
    id: str
    site: str
    accession: str
    what: str
    codes: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """For people and programs."""
        return {name: getattr(self, name) for name in self.__slots__} | {"codes": list(self.codes)}


def reviews(
    casework: Casework, by: Agent, patient_system: str, site: str | None, count: int, after: str | None
) -> tuple[tuple[Review, ...], str | None]:
    """One page, by kind and id, and where the next begins. ``patient_system`` is a template with ``{site}``.

    ``after`` is what the page before gave: ``kind/id`` of its last one.
    """
    query, size = f"reviews?site={site}" if site else "reviews", max(1, min(count, HIGHEST_COUNT))
    with casework.engine.begin() as connection:
        read = connection.execute(flagged(site, size + 1, after)).all()
        shown = read[:size]
        patients = dict.fromkeys((r.body["patient_site"], r.body["patient_id"]) for r in shown)
        named = tuple(patient_of(patient_system, where, number) for where, number in patients)
        act = Act(Pattern.QUERY, "reviews-list", "search-type", by, patients=named, query=query)
        casework.trail.record(connection, act)
    page = tuple(_review(row.kind, row.id, row.body) for row in shown)
    return page, f"{page[-1].kind}/{page[-1].id}" if len(read) > len(page) else None


def flagged(site: str | None, limit: int, after: str | None) -> Select[Any]:
    """The query of a page: events and procedure records with something to review."""
    kind, _, name = (after or "").partition("/")
    found = union_all(_rows("event", adverse_events, "id"), _rows("procedure", procedure_records, "procedure")).cte()
    rows = select(found).order_by(found.c.kind, found.c.id).limit(limit)
    if site:
        rows = rows.where(found.c.site == site)
    if after:
        rows = rows.where(or_(found.c.kind > kind, and_(found.c.kind == kind, found.c.id > name)))
    return rows


def _rows(kind: str, table: Any, name: str) -> Select[Any]:
    columns = (literal(kind, Text).label("kind"), table.c[name].label("id"), table.c.site, table.c.body)
    stands = or_(
        table.c.status != "withdrawn", table.c.body["review"].has_key(MOVED)
    )  # a rejection may need a second look
    # Written out, not bound: an index that holds such rows alone is chosen whatever plan the server keeps.
    has_codes = table.c.body.has_key(literal_column("'review'"))  # absent when empty
    return select(*columns).where(has_codes, stands)


def _review(kind: str, name: str, body: dict[str, Any]) -> Review:
    what = body["event"] if kind == "event" else body["follow_up"]
    return Review(kind, name, body["site"], body["accession"], what, tuple(body["review"]))
