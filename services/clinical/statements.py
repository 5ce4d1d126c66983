"""Statements: what one system said about one thing. A fact is a version of a statement."""

from dataclasses import dataclass
from datetime import datetime

from services.clinical.moments import Moment


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
