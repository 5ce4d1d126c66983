"""A search as the client asks for it: criteria, order, page and shape; refused in words when it can't be understood."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.fhir_gateway.cursor import Cursor, read_cursor
from services.fhir_gateway.parameters import REFUSED, Kind, Parameter, parameters
from services.fhir_gateway.refusal import bad
from services.fhir_gateway.release import Release
from services.fhir_gateway.search_values import alternatives

DEFAULT_COUNT, HIGHEST_COUNT = 50, 200
MOST_PARAMETERS = 40
SORTS = ("_id", "_lastUpdated", "date")
SUMMARIES = ("true", "false", "text", "data", "count")
_MODIFIERS = {
    Kind.TOKEN: ("", "not", "missing"),
    Kind.DATE: ("", "missing"),
    Kind.REFERENCE: ("", "identifier", "missing"),
}
_TYPE = re.compile(r"[A-Z][A-Za-z]+")

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter of a search; any of its values may fit. ``modifier`` is empty, a name, or a resource type."""

    parameter: Parameter
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of each resource is wanted: ``_summary`` and ``_elements``."""

    summary: str = "false"
    elements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was understood. ``used`` is what of the query was used, for the links of the answer.

    The default order is by id: it never changes, so paging neither misses nor repeats an event that is published
    again in the meantime.
    """

    criteria: tuple[Criterion, ...]
    sort: str = "_id"
    descending: bool = False
    count: int = DEFAULT_COUNT
    after: Cursor | None = None
    shape: Shape = Shape()
    used: tuple[tuple[str, str], ...] = ()


def parse_search(pairs: Pairs, release: Release, *, strict: bool) -> Search:
    """The search of a query. ``strict`` refuses unknown parameters; otherwise they are left out of the links."""
    known = parameters(release)
    pairs = list(pairs)
    if len(pairs) > MOST_PARAMETERS:
        raise bad(f"A search takes at most {MOST_PARAMETERS} parameters.", "too-costly")
    criteria, used, control = [], [], {}
    for name, value in pairs:
        base, _, modifier = name.partition(":")
        if base in known:
            criteria.append(_criterion(known[base], modifier, value))
            used.append((name, value))
        elif name in _CONTROLS:
            control[name] = value
            used += [] if name == "_after" else [(name, value)]
        elif base in REFUSED or base.partition(".")[0] in known:
            raise bad(f"Searching by {name[:60]} isn't offered. {_offer(release)}", "not-supported")
        elif strict and not name.startswith("_"):
            raise bad(f"There is no parameter {name[:60]}. {_offer(release)}", "not-supported")
    sort, descending = _sort(control.get("_sort"))
    cursor = read_cursor(control["_after"]) if "_after" in control else None
    if cursor and cursor.sort != sort:
        raise bad("The parameter _after belongs to another search: start again without it.", "value")
    return Search(
        tuple(criteria), sort, descending, parse_count(control.get("_count")), cursor, parse_shape(control), tuple(used)
    )


_CONTROLS = frozenset(("_count", "_sort", "_summary", "_elements", "_after", "_format", "_pretty"))


def parse_shape(control: dict[str, str]) -> Shape:
    """The shape that ``_summary`` and ``_elements`` ask for."""
    summary = control.get("_summary", "false")
    if summary not in SUMMARIES:
        raise bad(f"The parameter _summary is one of {', '.join(SUMMARIES)}.", "value")
    names = [name.strip().removeprefix("AdverseEvent.") for name in control.get("_elements", "").split(",")]
    return Shape(summary, frozenset(name for name in names if name))


def _criterion(parameter: Parameter, modifier: str, value: str) -> Criterion:
    is_type = parameter.kind is Kind.REFERENCE and _TYPE.fullmatch(modifier)
    if modifier not in _MODIFIERS[parameter.kind] and not is_type:
        raise bad(f"The modifier :{modifier[:40]} isn't offered for {parameter.name}.", "not-supported")
    values = tuple(alternatives(parameter.name, value))
    if modifier == "missing" and values not in (("true",), ("false",)):
        raise bad(f"{parameter.name}:missing is true or false.", "value")
    return Criterion(parameter, modifier, values)


def _sort(text: str | None) -> tuple[str, bool]:
    if text is None:
        return "_id", False
    name = text.removeprefix("-")
    if name not in SORTS:
        raise bad(f"Sort by one of {', '.join(SORTS)}, with - in front for the reverse.", "not-supported")
    return name, text.startswith("-")


def parse_count(text: str | None) -> int:
    """The size of a page that ``_count`` asks for, within bounds."""
    if text is None:
        return DEFAULT_COUNT
    if not re.fullmatch(r"\d{1,9}", text):
        raise bad("The parameter _count is a whole number.", "value")
    return min(int(text), HIGHEST_COUNT)


def _offer(release: Release) -> str:
    return f"What can be searched is listed at /{release.value}/metadata."
