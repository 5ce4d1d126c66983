"""Search criteria as SQL conditions on the adverse events' indexed columns."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from services.charts.tables import adverse_event_versions, adverse_events
from services.clinical.events.adverse_event import Certainty, EventStatus, Phase
from services.clinical.identifiers import patient_name, procedure_name, value_of
from services.fhir_gateway.codes import codes
from services.fhir_gateway.elements import EVENT_IDENTIFIER, SERIOUS_FROM, SERIOUSNESS_SYSTEM, STATE_SYSTEM
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.parameters import Kind
from services.fhir_gateway.r4 import SEVERITY_SYSTEM
from services.fhir_gateway.r5 import SERIOUSNESS_SYSTEM as R5_SERIOUSNESS_SYSTEM
from services.fhir_gateway.r5 import STATUS_SYSTEM
from services.fhir_gateway.refusal import bad
from services.fhir_gateway.release import Release
from services.fhir_gateway.search import Criterion
from services.fhir_gateway.search_values import DateRange, Token, date_range, token

Condition = ColumnElement[bool]

_events, _versions = adverse_events.c, adverse_event_versions.c
_DEFINITE, _LIVE = Certainty.DEFINITE.value, EventStatus.LIVE.value

live: Condition = and_(_events.status == _LIVE, _events.certainty == _DEFINITE)
"""Whether the newest version is live for readers."""

held_once: Condition = and_(_versions.body["status"].astext == _LIVE, _versions.body["certainty"].astext == _DEFINITE)
"""Whether a version was live and definite: from the first such version on, readers see the event."""

visible: Condition = or_(live, exists(select(literal(1)).where(_versions.id == _events.id, held_once)))
"""Whether readers see the event at all; what was only ever possible is none of theirs."""

WIDEST = timedelta(days=367)
"""No onset is known less precisely than a year."""

_ACTUALITY_SYSTEM = "http://hl7.org/fhir/adverse-event-actuality"


def condition(criterion: Criterion, hospital: Hospital, release: Release) -> Condition:
    """The SQL condition of one criterion."""
    name, modifier = criterion.parameter.name, criterion.modifier
    if modifier == "missing":
        there = _present(name, hospital) if not criterion.parameter.never else false()
        return not_(there) if criterion.values == ("true",) else there
    if criterion.parameter.kind is Kind.DATE:
        ranges = [date_range(name, value, hospital.search_zone) for value in criterion.values]
        return or_(*((_published if name == "_lastUpdated" else _onset)(one) for one in ranges))
    tokens = [token(name, value) for value in criterion.values]
    if criterion.parameter.kind is Kind.REFERENCE:
        # Our references are logical: a literal one, or one of a type, matches none of them.
        if criterion.parameter.never or modifier != "identifier":
            return false()
        found = or_(*((_procedure if name == "substance" else _patient)(one, hospital) for one in tokens))
    elif criterion.parameter.never:
        found = false()
    else:
        found = or_(*(_TOKENS[name](one, hospital, release) for one in tokens))
    return not_(found) if modifier == "not" else found


def _present(name: str, hospital: Hospital) -> Condition:
    if name == "date":
        return _events.onset.is_not(None)
    if name == "severity":
        return and_(live, _graded(1, 5, hospital.ruleset))
    if name == "seriousness":
        return live
    return not_(live) if name == "_tag" else true()


def _onset(searched: DateRange) -> Condition:
    """FHIR's comparison of two ranges. The bounds of ``onset`` beside the exact ones are for the index."""
    first, start, end = _events.onset, searched.start, searched.end
    last = cast(_events.body["onset"]["latest"].astext, DateTime(timezone=True))
    equal = and_(first >= start, first < end, last < end)
    later = and_(first >= end - WIDEST, last >= end)
    earlier = first < start
    return {
        "eq": equal,
        "ne": not_(equal),
        "gt": later,
        "lt": earlier,
        "ge": or_(later, equal),
        "le": or_(earlier, equal),
        "sa": first >= end,
        "eb": and_(first < start, last < start),
    }[searched.prefix]


def _published(searched: DateRange) -> Condition:
    at, start, end = _events.published_at, searched.start, searched.end
    return {
        "eq": and_(at >= start, at < end),
        "ne": or_(at < start, at >= end),
        "gt": at >= end,
        "lt": at < start,
        "ge": at >= start,
        "le": at < end,
        "sa": at >= end,
        "eb": at < start,
    }[searched.prefix]


def _patient(one: Token, hospital: Hospital) -> Condition:
    site = hospital.patient_site(one.system) if one.system else None
    return _named(one, site, hospital.patient_system(""), _events.patient, patient_name, "patient_id")


def _procedure(one: Token, hospital: Hospital) -> Condition:
    site = hospital.accession_site(one.system) if one.system else None
    return _named(one, site, hospital.accession_system(""), _events.procedure, procedure_name, "accession")


def _named(
    one: Token,
    site: str | None,
    shared_system: str,
    column: ColumnElement[str],
    name: Callable[[str, str], str],
    field: str,
) -> Condition:
    """By the indexed name where the system tells the site, else by the number alone."""
    if not one.code:
        raise bad("An identifier needs a value: write system|value.", "value")
    if site is not None:
        return column == name(site, one.code)
    if one.system not in (None, shared_system):
        return false()
    by_number: Condition = _events.body[field].astext.in_({one.code, value_of(name("-", one.code))})
    return by_number


def _id(one: Token, hospital: Hospital, release: Release) -> Condition:
    return _events.id == one.code if one.system is None else false()


def _identifier(one: Token, hospital: Hospital, release: Release) -> Condition:
    if one.system not in (None, EVENT_IDENTIFIER):
        return false()
    return _events.id == one.code if one.code else true()


def _event_code(one: Token, hospital: Hospital, release: Release) -> Condition:
    concepts = codes().events.items()
    meant = [name for name, concept in concepts if any(one.fits(c.system, c.code) for c in concept.codings)]
    return _events.code.in_(meant)


def _actuality(one: Token, hospital: Hospital, release: Release) -> Condition:
    return true() if one.fits(_ACTUALITY_SYSTEM, "actual") else false()


def _tag(one: Token, hospital: Hospital, release: Release) -> Condition:
    return not_(live) if one.fits(STATE_SYSTEM, "withdrawn") else false()


def _status(one: Token, hospital: Hospital, release: Release) -> Condition:
    final = _events.body["phase"].astext == Phase.FINAL.value
    states = {"in-progress": and_(live, not_(final)), "completed": and_(live, final), "entered-in-error": not_(live)}
    return or_(false(), *(found for code, found in states.items() if one.fits(STATUS_SYSTEM, code)))


def _severity(one: Token, hospital: Hospital, release: Release) -> Condition:
    steps = {"mild": (1, 1), "moderate": (2, 2), "severe": (3, 5)}
    meant = [bounds for code, bounds in steps.items() if one.fits(SEVERITY_SYSTEM, code)]
    return and_(live, or_(false(), *(_graded(low, high, hospital.ruleset) for low, high in meant)))


def _seriousness(one: Token, hospital: Hospital, release: Release) -> Condition:
    system = SERIOUSNESS_SYSTEM if release is Release.R4 else R5_SERIOUSNESS_SYSTEM
    serious = _graded(SERIOUS_FROM, 5)
    states = {"serious": serious, "non-serious": not_(serious)}
    return and_(live, or_(false(), *(found for code, found in states.items() if one.fits(system, code))))


def _graded(low: int, high: int, ruleset: str | None = None) -> Condition:
    which = "@.ruleset == $ruleset && " if ruleset is not None else ""
    path = f"$.grades[*] ? ({which}@.grade >= $low && @.grade <= $high)"
    names = {"low": low, "high": high} | ({"ruleset": ruleset} if ruleset is not None else {})
    found: Condition = func.jsonb_path_exists(_events.body, cast(path, JSONPATH), cast(names, JSONB), type_=Boolean)
    return found


_TOKENS: dict[str, Callable[[Token, Hospital, Release], Condition]] = {
    "_id": _id,
    "_tag": _tag,
    "actuality": _actuality,
    "code": _event_code,
    "event": _event_code,
    "identifier": _identifier,
    "seriousness": _seriousness,
    "severity": _severity,
    "status": _status,
}
