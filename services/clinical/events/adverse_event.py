"""An adverse event as it is published, with what it stands on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.clinical.moments import Moment


class EventStatus(StrEnum):
    """``live``, or ``withdrawn``: was published once and no longer holds."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"


class Certainty(StrEnum):
    """Possible events are counted apart: the rate is a band from definite to definite + possible."""

    DEFINITE = "definite"
    POSSIBLE = "possible"


class Timing(StrEnum):
    """Against the window: within 24 h (or on the follow-up CT), delayed (to 30 days), or undecidable."""

    WITHIN_24H = "within_24h"
    DELAYED = "delayed"
    UNDECIDED = "undecided"


class Phase(StrEnum):
    """Where a procedure is in its life: open < closed (24 h window over) < final (30 days over)."""

    OPEN = "open"
    CLOSED = "closed"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade of one rule set, with the rule that gave it and why. SIR grades run from 1 (mild) to 5 (death)."""

    ruleset: str
    version: str
    scale: str
    grade: int
    rule: str
    words: str
    reasons: tuple[str, ...]
    provisional: bool
    adjudicated: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place that shows the event: offsets into a report's text, or a care event. The text itself stays behind."""

    source: str
    says: str
    performed: Moment | None = None
    section: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Management:
    """What was done about it: a token of the management vocabulary, and which source says so."""

    care: str
    source: str
    given: Moment | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the safety lead decided about the event, and who, when and why."""

    verdict: str
    who: str
    when: datetime
    why: str
    grade: int | None = None
    causality: str | None = None


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One adverse event of one procedure. Its id is a keyed hash of procedure, compartment and side.

    ``basis`` stands for what the machine says of it; a decision names the basis on which it was made.
    """

    id: str
    status: EventStatus
    site: str
    procedure: str
    accession: str
    patient_site: str
    patient_id: str
    event: str
    compartment: str
    certainty: Certainty
    timing: Timing
    onset: Moment | None
    recorded: datetime | None
    grades: tuple[Grade, ...]
    evidence: tuple[Evidence, ...]
    side: str | None = None
    place: str | None = None
    hemorrhagic: bool = False
    severity: str | None = None
    management: tuple[Management, ...] = ()
    lesion: str | None = None
    organ: str | None = None
    causality: str = "unknown"
    outcome: str = "unknown"
    preliminary: bool = False
    review: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    basis: str = ""
    phase: Phase = Phase.OPEN
    revision: int = 0
    reader: str = ""
    procedure_start: Moment | None = None
    procedure_end: Moment | None = None

    def grade(self, ruleset: str) -> Grade:
        """The grade of that rule set; KeyError when the event wasn't graded by it."""
        for grade in self.grades:
            if grade.ruleset == ruleset:
                return grade
        raise KeyError(ruleset)
