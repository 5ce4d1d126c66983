"""The chart of a kin group: its facts folded to what counts now, patient links applied.

Folding is commutative, associative and idempotent because it looks at the set of fact versions only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.clinical.facts import (
    Adjudication,
    CareEvent,
    ConsoleHeader,
    Fact,
    FactKind,
    PatientLink,
    ProcedureStatement,
    ReportAddendum,
    ReportBody,
    ReportStatus,
    Standing,
    TreatmentSummary,
)
from services.clinical.identifiers import patient_name, procedure_name, report_name
from services.clinical.procedures.documentation import Documented, documented
from services.clinical.versions import Version, current, unordered_reissue, versions


@dataclass(frozen=True, slots=True)
class StandingReport:
    """A report that stands for a patient. ``doubtful`` caps what it shows at possible."""

    report: str
    patient: str
    body: ReportBody
    text: str
    standing: Standing
    doubtful: bool
    review: tuple[str, ...]
    past: tuple[tuple[str, datetime | None], ...]


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
    by_id: dict[str, list[Fact]] = {}
    for fact in sorted({(f.id, f.version): f for f in facts}.items()):
        by_id.setdefault(fact[0][0], []).append(fact[1])
    by_kind: dict[FactKind, list[list[Fact]]] = {kind: [] for kind in FactKind}
    for same in by_id.values():
        by_kind[same[0].kind].append(same)
    surviving = _links(by_kind[FactKind.PATIENT_LINK])
    return Chart(
        surviving,
        _procedures(by_kind),
        _reports(by_kind, surviving),
        tuple(s for s in _live(by_kind[FactKind.CARE_EVENT]) if isinstance(s, CareEvent)),
        tuple(s for s in _live(by_kind[FactKind.ADJUDICATION]) if isinstance(s, Adjudication)),
    )


def _live(groups: list[list[Fact]]) -> list[object]:
    tops = [current(same) for same in groups]
    return [top.fact.statement for top in tops if not top.withdrawn]


def _links(groups: list[list[Fact]]) -> dict[str, str]:
    """Retired name to surviving name, chains followed; a ring keeps its smallest name."""
    step: dict[str, str] = {}
    for statement in _live(groups):
        assert isinstance(statement, PatientLink)
        step[patient_name(statement.site, statement.retired)] = patient_name(statement.site, statement.surviving)
    final: dict[str, str] = {}
    for name in step:
        path = [name]
        while (following := step.get(path[-1])) is not None and following not in path:
            path.append(following)
        ring = path[path.index(following) :] if following is not None else []
        final[name] = min(ring) if ring else path[-1]
    return final


def _procedures(by_kind: dict[FactKind, list[list[Fact]]]) -> tuple[Documented, ...]:
    grouped: dict[str, dict[FactKind, list[list[Fact]]]] = {}
    for kind in (FactKind.PROCEDURE, FactKind.CONSOLE_HEADER, FactKind.TREATMENT_SUMMARY):
        for same in by_kind[kind]:
            statement = same[0].statement
            assert isinstance(statement, ProcedureStatement | ConsoleHeader | TreatmentSummary)
            name = procedure_name(statement.site, statement.accession)
            grouped.setdefault(name, {}).setdefault(kind, []).append(same)
    return tuple(documented(name, kinds) for name, kinds in sorted(grouped.items()))


def _reports(by_kind: dict[FactKind, list[list[Fact]]], surviving: dict[str, str]) -> tuple[StandingReport, ...]:
    parts: dict[tuple[str, str], dict[FactKind, list[Fact]]] = {}
    for kind in (FactKind.REPORT_BODY, FactKind.REPORT_ADDENDUM, FactKind.REPORT_STATUS):
        for same in by_kind[kind]:
            for fact in same:
                s = fact.statement
                assert isinstance(s, ReportBody | ReportAddendum | ReportStatus)
                named = patient_name(s.site, s.patient_id)
                key = (str(report_name(s.site, s.report)), surviving.get(named, str(named)))
                parts.setdefault(key, {}).setdefault(kind, []).append(fact)
    by_report: dict[str, list[tuple[Version, StandingReport]]] = {}
    for (name, patient), kinds in sorted(parts.items()):
        found = _standing(name, patient, kinds)
        if found:
            by_report.setdefault(name, []).append(found)
    standing = []
    for candidates in by_report.values():
        _, best = max(candidates, key=lambda pair: pair[0].rank)
        standing.append(best)
    return tuple(standing)


def _standing(name: str, patient: str, kinds: dict[FactKind, list[Fact]]) -> tuple[Version, StandingReport] | None:
    """The report as it stands for that patient; None when it was withdrawn or has no body yet."""
    bodies = [v for v in versions(kinds.get(FactKind.REPORT_BODY, [])) if not v.withdrawn]
    statuses = versions(kinds.get(FactKind.REPORT_STATUS, []))
    if not bodies:
        return None
    doubtful = bool(statuses) and unordered_reissue(statuses)
    if statuses and statuses[-1].withdrawn and not doubtful:
        return None
    top = bodies[-1]
    body = top.fact.statement
    assert isinstance(body, ReportBody)
    added: dict[str, list[Fact]] = {}
    for fact in kinds.get(FactKind.REPORT_ADDENDUM, []):
        added.setdefault(fact.id, []).append(fact)
    addenda = sorted((v for v in map(current, added.values()) if not v.withdrawn), key=lambda v: v.rank)
    added_texts = [s.text for v in addenda if isinstance(s := v.fact.statement, ReportAddendum)]
    standing = top.fact.standing
    if standing is Standing.PRELIMINARY and statuses and statuses[-1].fact.standing is not Standing.WITHDRAWN:
        standing = statuses[-1].fact.standing
    past = tuple((v.fact.statement.text, v.at) for v in bodies if isinstance(v.fact.statement, ReportBody))
    review = ("reissued_after_withdrawal",) if doubtful else ()
    report = StandingReport(name, patient, body, "\n".join([body.text, *added_texts]), standing, doubtful, review, past)
    return (statuses[-1] if statuses else top), report
