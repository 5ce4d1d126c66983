"""Facts: what a system said, as it said it.

A fact holds a statement, never an interpretation: a CT report's text, not what can be read in it. A correction is
another version of the same logical fact (same id); which version counts is decided in ``versions``, by the set of
versions alone, so the order in which they came can't matter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from services.clinical.canonical import Json, canonical, digest, digest_of, from_json, to_json
from services.clinical.identifiers import patient_name, procedure_name, report_name
from services.clinical.statements import (
    Adjudication,
    CareEvent,
    ConsoleHeader,
    PatientLink,
    ProcedureStatement,
    ReportAddendum,
    ReportBody,
    ReportStatus,
    Statement,
    TreatmentSummary,
)


class FactKind(StrEnum):
    """The kinds of fact. Procedure and console header describe one procedure from two systems."""

    PROCEDURE = "procedure"
    CONSOLE_HEADER = "console-header"
    TREATMENT_SUMMARY = "treatment-summary"
    REPORT_BODY = "report-body"
    REPORT_ADDENDUM = "report-addendum"
    REPORT_STATUS = "report-status"
    CARE_EVENT = "care-event"
    PATIENT_LINK = "patient-link"
    ADJUDICATION = "adjudication"


class Standing(StrEnum):
    """How a version stands: OBR-25 / OBX-11 (tables 0123, 0085), TXA-17, or FHIR status."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


STATEMENTS: dict[FactKind, type] = {
    FactKind.PROCEDURE: ProcedureStatement,
    FactKind.CONSOLE_HEADER: ConsoleHeader,
    FactKind.TREATMENT_SUMMARY: TreatmentSummary,
    FactKind.REPORT_BODY: ReportBody,
    FactKind.REPORT_ADDENDUM: ReportAddendum,
    FactKind.REPORT_STATUS: ReportStatus,
    FactKind.CARE_EVENT: CareEvent,
    FactKind.PATIENT_LINK: PatientLink,
    FactKind.ADJUDICATION: Adjudication,
}
KINDS = {statement: kind for kind, statement in STATEMENTS.items()}


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of one logical fact. Build it with :func:`state`, which derives the id."""

    kind: FactKind
    id: str
    standing: Standing
    statement: Statement
    issued: datetime | None = None
    sent: datetime | None = None
    _digests: tuple[str, str] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def version(self) -> str:
        """Identifies this version among those of the same id: equal content said at the same times is one version."""
        return self._digested()[0]

    @property
    def key(self) -> tuple[str, str]:
        """Under what it is kept: its id and version, but for a fact of which only the fullest version is kept."""
        return self.id, "" if self.replaces else self.version

    @property
    def content(self) -> str:
        """Stands for the statement alone."""
        return self._digested()[1]

    def _digested(self) -> tuple[str, str]:
        found = self._digests
        if found is None:  # asked for several times in every fold
            said = canonical(self.statement)
            around = ",".join(canonical(one) for one in (self.standing, self.issued, self.sent))
            found = digest_of(f"[{around},{said}]"), digest_of(said)
            object.__setattr__(self, "_digests", found)
        return found

    @property
    def weight(self) -> int:
        """What this fact adds to a revision: one, or the number of frames that it was made from."""
        return self.statement.frames if isinstance(self.statement, TreatmentSummary | ConsoleHeader) else 1

    @property
    def replaces(self) -> bool:
        """Whether its versions replace one another, the one made from more frames winning: only that one is kept."""
        return isinstance(self.statement, TreatmentSummary | ConsoleHeader)


def _key(statement: Statement) -> str:
    match statement:
        case ProcedureStatement():
            return procedure_name(statement.site, statement.accession)
        case ConsoleHeader() | TreatmentSummary():
            return f"{procedure_name(statement.site, statement.accession)}:{statement.console}"
        case ReportBody():
            return report_name(statement.site, statement.report)
        case ReportAddendum():
            return f"{report_name(statement.site, statement.report)}:{digest(statement.text)}"
        case ReportStatus():
            patient = patient_name(statement.site, statement.patient_id)
            return f"{report_name(statement.site, statement.report)}:{patient}"
        case CareEvent():
            return f"care:{statement.site}:{statement.care_id}"
        case PatientLink():
            return patient_name(statement.site, statement.retired)
        case Adjudication():
            return f"{statement.event}:{digest((statement.who, statement.when, statement.verdict))}"


def state(
    statement: Statement,
    standing: Standing = Standing.FINAL,
    *,
    issued: datetime | None = None,
    sent: datetime | None = None,
) -> Fact:
    """A fact from what was said. ``issued`` is OBR-22 / FHIR issued, ``sent`` is MSH-7 / meta.lastUpdated."""
    kind = KINDS[type(statement)]
    return Fact(kind, f"{kind}/{_key(statement)}", standing, statement, issued, sent)


def names(fact: Fact) -> tuple[str, ...]:
    """Everything a fact names. Facts that share a name belong to one kin group, for good."""
    s = fact.statement
    found: list[str] = []
    if isinstance(s, ReportBody | ReportAddendum | ReportStatus):
        found.append(report_name(s.site, s.report))
    if isinstance(s, PatientLink):
        found += [patient_name(s.site, s.retired), patient_name(s.site, s.surviving)]
    elif not isinstance(s, ConsoleHeader | TreatmentSummary | Adjudication):
        found.append(patient_name(s.site, s.patient_id))
    if isinstance(s, CareEvent):
        found.append(f"care:{s.site}:{s.care_id}")
    named = s.accession if not isinstance(s, ReportAddendum | ReportStatus | PatientLink) else None
    if named:
        found.append(procedure_name(s.site, named))
    return tuple(sorted(set(found)))


def fact_json(fact: Fact) -> Json:
    """A fact as the clinical-facts topic carries it."""
    value: Json = to_json(fact)
    return {"schema": "clinical-facts.v1", **value}


def fact_from_json(value: Json) -> Fact:
    """The reverse of :func:`fact_json`; ValueError or KeyError when it doesn't fit."""
    kind = FactKind(value["kind"])
    body = {k: v for k, v in value.items() if k not in ("schema", "statement")}
    fields = from_json(_Envelope, body)
    return Fact(
        kind, fields.id, fields.standing, from_json(STATEMENTS[kind], value["statement"]), fields.issued, fields.sent
    )


@dataclass(frozen=True, slots=True)
class _Envelope:
    kind: FactKind
    id: str
    standing: Standing
    issued: datetime | None = None
    sent: datetime | None = None
