"""The procedure record: what the information system, the console and the reports say of one procedure, joined."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.clinical.events.adverse_event import Phase
from services.clinical.moments import Moment


class FollowUp(StrEnum):
    """``assessed`` by a CT near 24 h, ``waiting`` for it, ``overdue``, or ``undecided`` for want of times."""

    ASSESSED = "assessed"
    WAITING = "waiting"
    OVERDUE = "overdue"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class RecordedLesion:
    """A lesion with what became of it. ``treated`` is None when it can't be told."""

    number: str
    treated: bool | None
    organ: str | None = None
    location: str | None = None
    side: str | None = None
    size_mm: float | None = None
    pleura_mm: float | None = None
    abandoned_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedReport:
    """A CT report and its place: role is baseline, end_of_procedure, follow_up, later or ambiguous."""

    report: str
    role: str
    performed: Moment | None
    standing: str
    reading: str


@dataclass(frozen=True, slots=True)
class ProcedureRecord:
    """One procedure. closes_at is end + 24 h, final_at end + 30 days; both None when no end is known."""

    procedure: str
    status: str
    site: str
    accession: str
    patient_site: str
    patient_id: str
    phase: Phase
    follow_up: FollowUp
    start: Moment | None = None
    end: Moment | None = None
    closes_at: datetime | None = None
    final_at: datetime | None = None
    lesions: tuple[RecordedLesion, ...] = ()
    gauge: str | None = None
    positions: int | None = None
    coolant: str | None = None
    device: str | None = None
    intent: str | None = None
    anesthesia: str | None = None
    patient_class: str | None = None
    treated: bool | None = None
    minimum_tip_c: float | None = None
    freeze_s: float | None = None
    below_minus_20_s: float | None = None
    frames: int = 0
    reports: tuple[PlacedReport, ...] = ()
    events: tuple[str, ...] = ()
    review: tuple[str, ...] = ()
    revision: int = 0
