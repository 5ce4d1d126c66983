"""What a reading is made of: coded findings, each with the sentence that says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

READER_VERSION = "2026.11-3"
"""Names the meaning of the tables; a new value asks for a refold of stored facts."""


class Assertion(StrEnum):
    """What the text says about a finding."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    RESOLVED = "resolved"
    HYPOTHETICAL = "hypothetical"
    OTHER_SUBJECT = "other_subject"


class Side(StrEnum):
    """The side of the patient."""

    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class Severity(StrEnum):
    """How much of it there is, in the four steps that reports use."""

    TRACE = "trace"
    SMALL = "small"
    MODERATE = "moderate"
    LARGE = "large"


class Change(StrEnum):
    """How it stands against the comparison."""

    NEW = "new"
    INCREASED = "increased"
    UNCHANGED = "unchanged"
    DECREASED = "decreased"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a sentence says.

    `start` and `end` delimit the sentence in the report: normalization keeps every character's
    place, so they hold in the text as given too, and `sentence` is that slice.
    """

    finding: str
    kind: str
    assertion: Assertion
    side: Side | None
    size_mm: float | None
    severity: Severity | None
    change: Change | None
    site: str | None
    qualifiers: tuple[str, ...]
    section: str
    sentence: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier examination that the report compares with; `date` is ISO, where it is stated.

    `stage` is "before" for one that is named as older than the procedure, "since" for one of the procedure's end.
    """

    text: str
    date: str | None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole report, read.

    `findings` is the report's final position per finding, side and site; `mentions` is every
    mention in text order, before reconciliation. `outcome` is one of read, empty,
    unknown_language, not_text, too_long, contradictory.
    """

    language: str
    reader_version: str
    outcome: str
    findings: tuple[Finding, ...]
    mentions: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
