"""What the trail is asked, and the answer as a FHIR searchset."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from pydantic import Field, field_validator, model_validator

from services.audit.act import Outcome, Patient
from services.audit.search import DEFAULT_COUNT, HIGHEST_COUNT, Page, Place, Wanted
from services.desk.requests import Asked, Name

MEDIA_TYPE = "application/fhir+json"
MANY = ("date",)
"""Parameters that may come more than once."""

_DATE = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt)?(?P<day>\d{4}-\d\d-\d\d)"
    r"(T(?P<clock>\d\d:\d\d)((?P<second>:\d\d)(?P<fraction>\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?",
    re.ASCII,
)
_AS = "write it as ge2026-03-01 or lt2026-03-01T08:00:00+01:00 (eq, ge, gt, le, lt; a day is one of UTC)"
_SOONEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

Span = tuple[datetime, datetime]


class TrailQuery(Asked):
    """The query of the audit trail. All filters must fit; ``date`` may come twice, for a beginning and an end."""

    date: tuple[str, ...] = Field((), max_length=4)
    agent: Name | None = None
    act: Name | None = None
    outcome: str | None = Field(None, max_length=20)
    patient: Name | None = None
    count: int = Field(DEFAULT_COUNT, ge=1, le=HIGHEST_COUNT)
    after: str | None = None

    @field_validator("date")
    @classmethod
    def _dates(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for text in given:
            _span(text)
        return given

    @field_validator("outcome")
    @classmethod
    def _outcomes(cls, given: str | None) -> str | None:
        known = {outcome.value for outcome in Outcome}
        if given is not None and not set(given.split(",")) <= known:
            raise ValueError("one or more of 0 (done), 4 (refused or failed) and 8 (again and again), with commas")
        return given

    @field_validator("patient")
    @classmethod
    def _named(cls, given: str | None) -> str | None:
        if given is not None and not all(given.partition("|")):
            raise ValueError("write it as system|number, with the system of your patients' numbers")
        return given

    @model_validator(mode="after")
    def _continues(self) -> Self:
        self.place()
        return self

    def wanted(self) -> Wanted:
        """The filters."""
        spans = [_span(text) for text in self.date]
        since = max((start for start, _ in spans if start > _SOONEST), default=None)
        until = min((end for _, end in spans if end < _LATEST), default=None)
        system, _, number = (self.patient or "").partition("|")
        outcomes = tuple(map(Outcome, self.outcome.split(","))) if self.outcome else ()
        patient = Patient(system, number) if self.patient else None
        return Wanted(since, until, self.agent, self.act, outcomes, patient)

    def place(self) -> Place | None:
        """Where the page before ended."""
        return Place.read(self.after) if self.after is not None else None

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that were used, without the place."""
        given = self.model_dump(exclude={"date", "after"}, exclude_unset=True, exclude_none=True)
        return [*(("date", text) for text in self.date), *((name, str(value)) for name, value in given.items())]


def searchset(query: TrailQuery, page: Page) -> dict[str, Any]:
    """The page as a FHIR R4 Bundle. It gives no total: the trail isn't counted.

    Links are relative to the address that was asked: behind a proxy another address would be wrong, and one of plain
    HTTP would send the next request's token in the clear.
    """
    links = [{"relation": "self", "url": _url([*query.pairs(), *_place(query.after)])}]
    if page.after:
        links.append({"relation": "next", "url": _url([*query.pairs(), *_place(page.after.text())])})
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one, "search": {"mode": "match"}} for one in page.records
    ]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})


def _place(text: str | None) -> Iterable[tuple[str, str]]:
    return [("after", text)] if text is not None else []


def _url(pairs: list[tuple[str, str]]) -> str:
    return f"audit?{urlencode(pairs)}" if pairs else "audit"


def _span(text: str) -> Span:
    """A date with its prefix as the instants that it admits, [start, end); ValueError in words."""
    found = _DATE.fullmatch(text.replace(" ", "+"))  # an unescaped + in a query arrives as a space
    if not found:
        raise ValueError(_AS)
    try:
        written = datetime.fromisoformat(found[0].removeprefix(found["prefix"] or ""))
        start = written.astimezone(UTC) if found["clock"] else written.replace(tzinfo=UTC)
        end = start + _width(found)
    except (ValueError, OverflowError):
        raise ValueError("there is no such date") from None
    return {"ge": (start, _LATEST), "gt": (end, _LATEST), "le": (_SOONEST, end), "lt": (_SOONEST, start)}.get(
        found["prefix"] or "eq", (start, end)
    )


def _width(found: re.Match[str]) -> timedelta:
    if not found["clock"]:
        return timedelta(days=1)
    if not found["second"]:
        return timedelta(minutes=1)
    return timedelta(milliseconds=1) if found["fraction"] else timedelta(seconds=1)
