"""Bundles: a page of a search, and a page of an event's history."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from services.fhir_gateway.conditional import etag
from services.fhir_gateway.cursor import Cursor
from services.fhir_gateway.elements import Json
from services.fhir_gateway.times import instant

Query = Iterable[tuple[str, str]]


def searchset(
    address: str, query: Query, total: int, resources: Sequence[Json], after: Cursor | None, now: datetime
) -> Json:
    """A searchset; ``address`` is that of the resource type."""
    entries = [{"fullUrl": f"{address}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in resources]
    return _bundle("searchset", address, query, total, entries, after, now)


def history(
    address: str,
    query: Query,
    total: int,
    resources: Sequence[Json],
    after: Cursor | None,
    now: datetime,
    *,
    complete: bool,
) -> Json:
    """An instance's history; ``address`` is that of the instance. ``complete``: the last one created it.

    Every version came by PUT, as it would reach an EHR.
    """
    entries = []
    for place, one in enumerate(resources, 1):
        created = complete and after is None and place == len(resources)
        meta = one["meta"]
        response = {"etag": etag(meta["versionId"]), "lastModified": meta["lastUpdated"]}
        entries.append(
            {
                "fullUrl": address,
                "resource": one,
                "request": {"method": "PUT", "url": f"AdverseEvent/{one['id']}"},
                "response": {"status": "201 Created" if created else "200 OK"} | response,
            }
        )
    return _bundle("history", f"{address}/_history", query, total, entries, after, now)


def _bundle(
    kind: str, address: str, query: Query, total: int, entries: list[Json], after: Cursor | None, now: datetime
) -> Json:
    pairs = list(query)
    links = [{"relation": "self", "url": _url(address, pairs)}]
    if after:
        links.append({"relation": "next", "url": _url(address, [*pairs, ("_after", after.text())])})
    written: Json = {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": instant(now.astimezone(UTC))},
        "type": kind,
        "total": total,
        "link": links,
    }
    return written | ({"entry": entries} if entries else {})


def _url(address: str, pairs: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(pairs)}" if pairs else address
