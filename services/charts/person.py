"""Which facts of a kin group are one person's: a group may hold several people whom a misfiled report has joined."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.clinical.chart import Chart, fold
from services.clinical.facts import Fact, FactKind, names
from services.clinical.statements import ReportStatus
from services.clinical.versions import versions

_REPORT_KINDS = (FactKind.REPORT_BODY, FactKind.REPORT_ADDENDUM, FactKind.REPORT_STATUS)


@dataclass(frozen=True, slots=True)
class Person:
    """All numbers of one person after merges, their procedures and their reports, as names."""

    numbers: frozenset[str]
    procedures: frozenset[str]
    reports: frozenset[str]

    def owns(self, fact: Fact) -> bool:
        """Whether a fact is about this person.

        It names one of the numbers; or it is a copy of their report or procedure that was filed under somebody else;
        or it names no patient and one of their procedures (a console's frames, an adjudication).
        """
        named = set(names(fact))
        if named & self.numbers:
            return True
        if fact.kind in _REPORT_KINDS:
            return bool(named & self.reports)
        patients = any(name.startswith("patient:") for name in named)
        return bool(named & self.procedures) and (fact.kind is FactKind.PROCEDURE or not patients)


def person(facts: Iterable[Fact], number: str) -> Person:
    """The person behind a patient's name, from all facts of its kin group; a name without facts stands alone."""
    facts = tuple(facts)
    chart = fold(facts)
    one = chart.surviving.get(number, number)
    patients = {name for fact in facts for name in names(fact) if name.startswith("patient:")}
    numbers = frozenset(n for n in {number, *patients} if chart.surviving.get(n, n) == one)
    naming = [fact for fact in facts if numbers & set(names(fact))]
    return Person(numbers, _procedures(chart, naming, one), _reports(naming))


def _procedures(chart: Chart, naming: list[Fact], one: str) -> frozenset[str]:
    """Procedures documented for the person, and those that only their own facts name."""
    theirs: set[str] = set()
    foreign: set[str] = set()
    for documented in chart.procedures:
        said = documented.statement
        if said is not None:
            (theirs if chart.patient_of(said.site, said.patient_id) == one else foreign).add(documented.procedure)
    named = {name for fact in naming for name in names(fact) if name.startswith("procedure:")}
    return frozenset(theirs | (named - foreign))


def _reports(naming: list[Fact]) -> frozenset[str]:
    """The person's reports, without those that were taken from them as another patient's."""
    statuses: dict[str, list[Fact]] = {}
    for fact in naming:
        for name in names(fact):
            if name.startswith("report:"):
                statuses.setdefault(name, []).extend([fact] if fact.kind is FactKind.REPORT_STATUS else [])
    return frozenset(name for name, said in statuses.items() if not _taken_away(said))


def _taken_away(statuses: list[Fact]) -> bool:
    ranked = versions(statuses)
    top = ranked[-1].fact.statement if ranked and ranked[-1].withdrawn else None
    return isinstance(top, ReportStatus) and top.reason == "wrong_patient"
