"""Which procedure a CT report speaks of, and in which role.

A report that names its procedure joins it. Otherwise the patient's procedures with the CT in [start - 90 d,
end + 30 d] are candidates: a CT in [start, end + 36 h] of two of them assesses both, a CT before a start is the
baseline of each that it precedes, and a later one belongs to the nearest earlier procedure.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.clinical.identifiers import procedure_name
from services.clinical.moments import Moment
from services.clinical.procedures.windows import Span
from services.clinical.standing_report import StandingReport


class Role(StrEnum):
    """What a CT is to a procedure. ``interim`` lies in the follow-up window but isn't the nearest to 24 h."""

    BASELINE = "baseline"
    END_OF_PROCEDURE = "end_of_procedure"
    INTERIM = "interim"
    FOLLOW_UP = "follow_up"
    LATER = "later"
    UNDECIDED = "undecided"
    OUTSIDE = "outside"


IN_WINDOW = (Role.END_OF_PROCEDURE, Role.INTERIM, Role.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class Placed:
    """A report in its role for one procedure. ``shared`` names the other procedures that it assesses as well."""

    report: StandingReport
    role: Role
    shared: tuple[str, ...] = ()


def role_of(performed: Moment | None, span: Span) -> Role:
    """The role by the time at which the CT was performed; never by when its report came."""
    if performed is None:
        return Role.UNDECIDED
    if performed.before(span.start):
        return Role.BASELINE if performed.within(span.baseline_from, span.start) is not False else Role.OUTSIDE
    if performed.earliest < span.started_by:
        return Role.UNDECIDED
    if performed.within(span.start, span.follow_up_to):
        late = performed.middle >= span.follow_up_from
        return Role.INTERIM if late else Role.END_OF_PROCEDURE
    if performed.earliest > span.follow_up_to:
        return Role.LATER if performed.within(span.start, span.final_at) is not False else Role.OUTSIDE
    return Role.UNDECIDED


def place(
    reports: Iterable[StandingReport], spans: dict[str, Span], procedures: Container[str]
) -> dict[str, list[Placed]]:
    """One patient's reports placed among that patient's procedures (by name, with their spans).

    ``procedures`` are all that are known: a report that names one without a span (its end isn't known, or it is
    withdrawn) belongs to it, and to no other.
    """
    placed: dict[str, list[Placed]] = {name: [] for name in spans}
    for report in reports:
        for name, role, shared in _procedures_of(report, spans, procedures):
            placed[name].append(Placed(report, role, shared))
    return {name: _choose_follow_up(found, spans[name]) for name, found in placed.items()}


def _procedures_of(
    report: StandingReport, spans: dict[str, Span], procedures: Container[str]
) -> list[tuple[str, Role, tuple[str, ...]]]:
    body = report.body
    if body.accession:
        named = procedure_name(body.site, body.accession)
        if named in spans:
            return [(named, role_of(body.performed, spans[named]), ())]
        if named in procedures:
            return []
    roles = {name: role_of(body.performed, span) for name, span in spans.items()}
    inside = sorted(name for name, role in roles.items() if role in (*IN_WINDOW, Role.UNDECIDED))
    found = [(n, roles[n], tuple(o for o in inside if o != n)) for n in inside]
    found += [(name, role, ()) for name, role in sorted(roles.items()) if role is Role.BASELINE]
    if inside:
        return found
    later = [name for name, role in roles.items() if role is Role.LATER]
    if later:
        nearest = max(later, key=lambda name: (spans[name].end, name))
        found.append((nearest, Role.LATER, ()))
    return found


def _choose_follow_up(found: list[Placed], span: Span) -> list[Placed]:
    """The follow-up CT is the one nearest to end + 24 h in the window; of two as near, the earlier.

    One of which nothing can be read takes the place only when there is no other.
    """
    near = [p for p in found if p.role is Role.INTERIM and p.report.body.performed]
    near = [p for p in near if p.report.text.strip() or p.report.body.coded] or near

    def distance(placed: Placed) -> tuple[float, float, str]:
        performed = placed.report.body.performed
        assert performed is not None
        middle = performed.middle
        return abs((middle - span.closes_at).total_seconds()), middle.timestamp(), placed.report.report

    chosen = min(near, key=distance, default=None)
    return [Placed(p.report, Role.FOLLOW_UP, p.shared) if p is chosen else p for p in found]
