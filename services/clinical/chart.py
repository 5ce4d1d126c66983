"""The chart of a kin group: its facts folded to what counts now, patient links applied.

Folding is commutative, associative and idempotent because it looks at the set of fact versions only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.clinical.canonical import digest
from services.clinical.facts import Fact, FactKind, Standing
from services.clinical.identifiers import patient_name, procedure_name, report_name
from services.clinical.procedures.documentation import Documented, documented
from services.clinical.statements import (
    Adjudication,
    CareEvent,
    ConsoleHeader,
    PatientLink,
    ProcedureStatement,
    ReportAddendum,
    ReportBody,
    ReportStatus,
    TreatmentSummary,
)
from services.clinical.versions import Version, by_id, current, unordered_reissue, versions


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
    by_kind: dict[FactKind, list[list[Fact]]] = {kind: [] for kind in FactKind}
    for _, same in sorted(by_id(facts).items()):
        by_kind[same[0].kind].append(same)
    surviving = _links(by_kind[FactKind.PATIENT_LINK])
    return Chart(
        surviving,
        _procedures(by_kind),
        _reports(by_kind, surviving),
        tuple(care for same in by_kind[FactKind.CARE_EVENT] if (care := _care(same))),
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


_REPORT_KINDS = (FactKind.REPORT_BODY, FactKind.REPORT_ADDENDUM, FactKind.REPORT_STATUS)


def _reports(by_kind: dict[FactKind, list[list[Fact]]], surviving: dict[str, str]) -> tuple[StandingReport, ...]:
    """Every report as it stands, for the patient that it stands for."""
    by_report: dict[str, dict[str, list[Fact]]] = {}
    for kind in _REPORT_KINDS:
        for same in by_kind[kind]:
            for fact in same:
                s = fact.statement
                assert isinstance(s, ReportBody | ReportAddendum | ReportStatus)
                numbers = by_report.setdefault(report_name(s.site, s.report), {})
                numbers.setdefault(patient_name(s.site, s.patient_id), []).append(fact)
    standing = []
    for name, numbers in sorted(by_report.items()):
        candidates = [found for p, facts in _by_patient(numbers, surviving) if (found := _standing(name, p, facts))]
        if len(candidates) == 1:
            standing.append(candidates[0][1])
        elif candidates:
            standing.append(max(candidates, key=lambda pair: pair[0].rank)[1])
    return tuple(standing)


def _by_patient(numbers: dict[str, list[Fact]], surviving: dict[str, str]) -> list[tuple[str, list[Fact]]]:
    """A report's facts by surviving patient.

    Facts under a number from which the report was taken as another patient's are left out, before a merge could mix
    them with the right ones. A withdrawal under a number that never held the report (a merge that wasn't announced)
    speaks of the report wherever it is.
    """
    stray: list[Fact] = []
    pooled: dict[str, list[Fact]] = {}
    for number, facts in sorted(numbers.items()):
        statuses = versions([f for f in facts if f.kind is FactKind.REPORT_STATUS])
        top = statuses[-1] if statuses else None
        held = any(f.kind is FactKind.REPORT_BODY for f in facts)
        if top is not None and top.withdrawn:
            reason = top.fact.statement.reason if isinstance(top.fact.statement, ReportStatus) else None
            if reason == "wrong_patient" and len(numbers) > 1:
                continue
            if not held:
                stray += facts
                continue
        pooled.setdefault(surviving.get(number, number), []).extend(facts)
    return [(patient, [*facts, *stray]) for patient, facts in sorted(pooled.items())]


def _body(ranked: Sequence[Version]) -> ReportBody:
    """The body that counts. A message with codes and no text leaves the text alone; codes go with what issued them.

    Codes are those of the highest version and of equal text issued with it: the same report may come from two systems,
    one of which sends none.
    """
    said = [v.fact.statement for v in ranked if isinstance(v.fact.statement, ReportBody)]
    top = said[-1]
    spoken = next((s for s in reversed(said) if s.text), top)
    together = [s for s, v in zip(said, ranked, strict=True) if v.at == ranked[-1].at and s.text in ("", spoken.text)]
    coded = sorted({code for s in together for code in s.coded}, key=digest)
    return replace(spoken, coded=tuple(coded), performed=spoken.performed or top.performed)


def _standing(name: str, patient: str, facts: list[Fact]) -> tuple[Version, StandingReport] | None:
    """The report as it stands for that patient; None when it was withdrawn or has no body yet."""
    kinds: dict[FactKind, list[Fact]] = {}
    for fact in facts:
        kinds.setdefault(fact.kind, []).append(fact)
    bodies = [v for v in versions(kinds.get(FactKind.REPORT_BODY, [])) if not v.withdrawn]
    statuses = versions(kinds.get(FactKind.REPORT_STATUS, []))
    if not bodies:
        return None
    timeless = bool(statuses) and not statuses[-1].withdrawn and any(v.withdrawn and v.at is None for v in statuses)
    doubtful = timeless or (bool(statuses) and unordered_reissue(statuses))
    if statuses and statuses[-1].withdrawn and not doubtful:
        return None
    top = bodies[-1]
    body = _body(bodies)
    added: dict[str, list[Fact]] = {}
    for fact in kinds.get(FactKind.REPORT_ADDENDUM, []):
        added.setdefault(fact.id, []).append(fact)
    addenda = sorted((v for v in map(current, added.values()) if not v.withdrawn), key=lambda v: v.rank)
    added_texts = [s.text for v in addenda if isinstance(s := v.fact.statement, ReportAddendum)]
    standing = top.fact.standing
    if standing is Standing.PRELIMINARY and statuses and statuses[-1].fact.standing is not Standing.WITHDRAWN:
        standing = statuses[-1].fact.standing
    said = [(v.fact.statement, v.at) for v in (*bodies, *addenda)]
    past = tuple((s.text, at) for s, at in said if isinstance(s, ReportBody | ReportAddendum))
    review = ("reissued_after_withdrawal",) if doubtful else ()
    report = StandingReport(name, patient, body, "\n".join([body.text, *added_texts]), standing, doubtful, review, past)
    return (statuses[-1] if statuses else top), report
