"""A CT report as its author means it, before any system has given it a form."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from simulators.radiologist.anatomy import Exam
from simulators.radiologist.codes import Code


class Purpose(StrEnum):
    """Why a CT was made."""

    BASELINE = "baseline"
    END = "end_of_procedure"
    URGENT = "urgent"
    FOLLOW_UP = "follow_up_24h"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class ReportText:
    """What a report says, section by section; each entry is one sentence or a few that belong together."""

    indication: str
    technique: str
    comparison: str
    findings: tuple[str, ...]
    impression: tuple[str, ...]
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class CtReport:
    """One CT examination and its report; ``accession`` names the procedure only where the system says so.

    Instants are UTC. ``performed_precision`` is ``minute`` or ``day``.
    """

    filler: str
    placer: str
    purpose: Purpose
    exam: Exam
    performed: datetime
    issued: datetime
    text: ReportText
    radiologist: str
    accession: str | None = None
    performed_precision: str = "minute"
