"""Facts: what a system said, as it said it.

A fact holds a statement, never an interpretation: a CT report's text, not what can be read in it. A correction is
another version of the same logical fact (same id); which version counts is decided in ``versions``, by the set of
versions alone, so the order in which they came can't matter.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.clinical.canonical import Json, digest, from_json, to_json
from services.clinical.identifiers import patient_name, procedure_name, report_name
from services.clinical.moments import Moment


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


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion as the procedure's documentation lists it. Sizes and distances in mm."""

    number: str
    organ: str | None = None
    location: str | None = None
    side: str | None = None
    size_mm: float | None = None
    pleura_mm: float | None = None
    abandoned: bool = False
    abandoned_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ProcedureStatement:
    """A cryoablation as the radiology information system documents it (HL7 ORM/OMI/ORU, FHIR Procedure).

    organ is bone, lung or soft_tissue; coolant LN2 or argon; gauge such as 10G; patient_class inpatient or outpatient.
    """

    site: str
    accession: str
    patient_id: str
    start: Moment | None = None
    end: Moment | None = None
    lesions: tuple[Lesion, ...] = ()
    gauge: str | None = None
    positions: int | None = None
    coolant: str | None = None
    device: str | None = None
    intent: str | None = None
    anesthesia: str | None = None
    patient_class: str | None = None
    planned_discharge: Moment | None = None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class ConsoleHeader:
    """The same procedure as the console knows it. The information system's word wins, field by field.

    ``frames`` is how many frames of the console are held: like a summary's, it is the version.
    """

    site: str
    accession: str
    console: str
    frames: int = 0
    started: Moment | None = None
    ended: Moment | None = None
    device: str | None = None
    coolant: str | None = None
    gauge: str | None = None
    positions: int | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """One freeze-thaw cycle of one insertion. Seconds and degrees Celsius at the probe's tip."""

    insertion: int
    cycle: int
    freeze_s: float
    thaw_s: float
    minimum_tip_c: float | None
    below_minus_20_s: float
    below_minus_40_s: float


@dataclass(frozen=True, slots=True)
class Excursion:
    """A vital sign out of range during one phase: its worst value, and how long."""

    vital: str
    phase: str
    worst: float
    seconds: float
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that a console raised."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TreatmentSummary:
    """What the console's frames add up to. ``frames`` is how many distinct frames are held: it is the version."""

    site: str
    accession: str
    console: str
    frames: int
    first_at: datetime
    last_at: datetime
    treated: bool
    cycles: tuple[Cycle, ...] = ()
    missing_frames: int = 0
    minimum_tip_c: float | None = None
    freeze_s: float = 0.0
    below_minus_20_s: float = 0.0
    below_minus_40_s: float = 0.0
    alarms: tuple[Alarm, ...] = ()
    excursions: tuple[Excursion, ...] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class CodedResult:
    """A coded finding that came with a report (HL7 coded OBX, FHIR conclusionCode or Observation).

    ``assertion`` is present or absent where a coded value says which; a code alone says that it is there. ``side`` is
    left, right or bilateral (OBX-20, Observation.bodySite).
    """

    system: str
    code: str
    text: str | None = None
    assertion: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class ReportBody:
    """A CT report's body. ``text`` has lines ended by a newline; regions are chest, abdomen, pelvis, ..."""

    site: str
    report: str
    patient_id: str
    text: str
    performed: Moment | None = None
    regions: tuple[str, ...] = ()
    contrast: bool | None = None
    coded: tuple[CodedResult, ...] = ()
    accession: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ReportAddendum:
    """Text that was added to a report without repeating its body."""

    site: str
    report: str
    patient_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """That a report stands, or no longer stands, for a patient. ``reason`` is cancelled, wrong_patient or none.

    ``text`` is the digest of the text that came with it, so that a re-issue with other words can be told apart.
    """

    site: str
    report: str
    patient_id: str
    reason: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class CareEvent:
    """Care that was given: ``care`` is a token of the management vocabulary, or admission, discharge, death, ...

    A discharge's ``given`` is when the patient left; an intensive-care stay has ``given`` and ``ended``.
    """

    site: str
    care_id: str
    patient_id: str
    care: str
    given: Moment | None = None
    ended: Moment | None = None
    side: str | None = None
    accession: str | None = None
    encounter: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PatientLink:
    """That a patient number was retired in favor of another (ADT^A40, FHIR Patient.link)."""

    site: str
    retired: str
    surviving: str


@dataclass(frozen=True, slots=True)
class Adjudication:
    """What the safety lead decided about an event: verdict is confirm, reject, regrade or causality.

    ``basis`` is the event's basis at that time, so that a decision on other grounds can be told.
    """

    site: str
    accession: str
    event: str
    verdict: str
    who: str
    when: datetime
    why: str
    grade: int | None = None
    causality: str | None = None
    basis: str | None = None


Statement = (
    ProcedureStatement
    | ConsoleHeader
    | TreatmentSummary
    | ReportBody
    | ReportAddendum
    | ReportStatus
    | CareEvent
    | PatientLink
    | Adjudication
)

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

    @property
    def version(self) -> str:
        """Identifies this version among those of the same id: equal content said at the same times is one version."""
        return digest((self.standing, self.issued, self.sent, self.statement))

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
