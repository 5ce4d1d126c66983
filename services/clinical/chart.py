"""The chart of a kin group: its facts folded to what counts now, patient links applied.

Folding is commutative, associative and idempotent because it looks at the set of fact versions only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.clinical.facts import Fact, FactKind, Standing
from services.clinical.identifiers import patient_name, procedure_name
from services.clinical.merges import Link, Merges
from services.clinical.procedures.documentation import Documented, documented
from services.clinical.standing_report import REPORT_KINDS, StandingReport, standing_reports
from services.clinical.statements import (
    Adjudication,
    CareEvent,
    ConsoleHeader,
    PatientLink,
    ProcedureStatement,
    TreatmentSummary,
)
from services.clinical.versions import by_id, current, versions


@dataclass(frozen=True, slots=True)
class Chart:
    """What counts now in one kin group. Patients are names after merges; ids as assigned stay in the statements."""

    surviving: dict[str, str]
    procedures: tuple[Documented, ...]
    reports: tuple[StandingReport, ...]
    care: tuple[CareEvent, ...]
    adjudications: tuple[Adjudication, ...]

    def patient_of(self, site: str, patient_id: str) -> str:
        """The surviving name of a patient."""
        name = patient_name(site, patient_id)
        return self.surviving.get(name, name)


def fold(facts: Iterable[Fact]) -> Chart:
    """Facts of one kin group, in any order and any number of repeats, to its chart."""
    by_kind: dict[FactKind, list[list[Fact]]] = {kind: [] for kind in FactKind}
    for _, same in sorted(by_id(facts).items()):
        by_kind[same[0].kind].append(same)
    merges = _merges(by_kind[FactKind.PATIENT_LINK])
    surviving = merges.surviving()
    return Chart(
        surviving,
        _procedures(by_kind),
        standing_reports([fact for kind in REPORT_KINDS for same in by_kind[kind] for fact in same], merges),
        tuple(care for same in _deaths_denied(by_kind[FactKind.CARE_EVENT], merges) if (care := _care(same))),
        tuple(s for s in _live(by_kind[FactKind.ADJUDICATION]) if isinstance(s, Adjudication)),
    )


def _live(groups: list[list[Fact]]) -> list[object]:
    tops = [current(same) for same in groups]
    return [top.fact.statement for top in tops if not top.withdrawn]


def _care(facts: list[Fact]) -> CareEvent | None:
    """A care event as it stands; a time or reason that the current version lacks is taken from the one before."""
    ranked = versions(facts)
    top = ranked[-1].fact.statement
    assert isinstance(top, CareEvent)
    if ranked[-1].withdrawn:
        return None
    for version in reversed(ranked[:-1]):
        older = version.fact.statement
        if not isinstance(older, CareEvent) or version.withdrawn:
            continue
        if top.given is None:
            top = replace(top, given=older.given, ended=top.ended or older.ended)
        top = replace(top, reason=top.reason or older.reason)
    return top


def _deaths_denied(groups: list[list[Fact]], merges: Merges) -> list[list[Fact]]:
    """Care by what it is. A death that a patient's own record takes back is gone under the numbers merged into it, too.

    Under a retired number "not dead" speaks of that number alone: whoever retires a duplicate writes so.
    """
    denials = [f for same in groups for f in same if _of_record(f) and f.standing is Standing.WITHDRAWN]

    def with_denials(same: list[Fact]) -> list[Fact]:
        if not _of_record(same[0]):
            return same
        name = _patient(same[0])
        return [*same, *(f for f in denials if merges.merged(name, _patient(f), f.issued or f.sent))]

    return [with_denials(same) for same in groups]


def _of_record(fact: Fact) -> bool:
    """Whether it is what a patient's own record says of a death (PID-29, PID-30, Patient.deceased)."""
    care = fact.statement
    return isinstance(care, CareEvent) and care.care_id == f"death:{care.patient_id}"


def _patient(fact: Fact) -> str:
    care = fact.statement
    assert isinstance(care, CareEvent)
    return patient_name(care.site, care.patient_id)


def _merges(groups: list[list[Fact]]) -> Merges:
    step: dict[str, str] = {}
    history: dict[str, tuple[Link, ...]] = {}
    for same in groups:
        said = []
        for fact in same:
            link = fact.statement
            assert isinstance(link, PatientLink)
            surviving = patient_name(link.site, link.surviving)
            said.append(Link(surviving, fact.issued or fact.sent, fact.standing is Standing.WITHDRAWN))
        top = current(same)
        assert isinstance(top.fact.statement, PatientLink)
        retired = patient_name(top.fact.statement.site, top.fact.statement.retired)
        history[retired] = tuple(said)
        if not top.withdrawn:
            step[retired] = patient_name(top.fact.statement.site, top.fact.statement.surviving)
    return Merges(step, history)


def _procedures(by_kind: dict[FactKind, list[list[Fact]]]) -> tuple[Documented, ...]:
    grouped: dict[str, dict[FactKind, list[list[Fact]]]] = {}
    for kind in (FactKind.PROCEDURE, FactKind.CONSOLE_HEADER, FactKind.TREATMENT_SUMMARY):
        for same in by_kind[kind]:
            statement = same[0].statement
            assert isinstance(statement, ProcedureStatement | ConsoleHeader | TreatmentSummary)
            name = procedure_name(statement.site, statement.accession)
            grouped.setdefault(name, {}).setdefault(kind, []).append(same)
    return tuple(documented(name, kinds) for name, kinds in sorted(grouped.items()))
