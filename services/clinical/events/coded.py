"""What a report says in codes beside its text, and the two reconciled.

The text is what the radiologist signed, so where it speaks of a finding, it counts; a code that says otherwise is shown
as a disagreement and changes nothing. Where the text is silent, or can't be read, the code counts.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from services.clinical.events.compartments import compartments
from services.clinical.reading import Assertion, Finding, Reading, Side, read
from services.clinical.standing_report import StandingReport
from services.clinical.statements import CodedResult

DISPUTED = "coded_finding_contradicts_text"
SECTION = "coded"
"""The section of a finding that comes from a code: it has no sentence."""

_ABOUT_NOW = (Assertion.PRESENT, Assertion.POSSIBLE, Assertion.ABSENT, Assertion.RESOLVED)


@dataclass(frozen=True, slots=True)
class Said:
    """What one report says: its text's reading with what codes add, and the findings on which the two disagree."""

    reading: Reading
    findings: tuple[Finding, ...]
    disputed: frozenset[tuple[str, Side | None]]

    @property
    def assesses(self) -> bool:
        """Whether it says anything of the patient: an empty or unreadable text without codes doesn't."""
        return self.reading.outcome in ("read", "contradictory", "too_long") or bool(self.findings)


@lru_cache(maxsize=8192)
def reading_of(text: str, language: str | None) -> Reading:
    """A text's reading, memoized: reading is a pure function of it."""
    return read(text, language=language)


def said(report: StandingReport) -> Said:
    """What the report as it stands says, in text and codes."""
    return _said(report.text, report.body.language, report.body.coded)


@lru_cache(maxsize=8192)
def _said(text: str, language: str | None, coded: tuple[CodedResult, ...]) -> Said:
    reading = reading_of(text, language)
    added: list[Finding] = []
    disputed = set()
    for finding in sorted(coded_findings(coded), key=lambda f: (f.finding, f.side or "", f.assertion)):
        spoken = [f for f in reading.findings if f.kind == "finding" and _same(f, finding)]
        if not spoken:
            added.append(finding)
        elif all((f.assertion in (Assertion.PRESENT, Assertion.POSSIBLE)) != _there(finding) for f in spoken):
            disputed |= {(f.finding, f.side) for f in spoken}
    return Said(reading, (*reading.findings, *added), frozenset(disputed))


def coded_findings(coded: Iterable[CodedResult]) -> set[Finding]:
    """The findings that the codes name; codes that name none of ours are left out."""
    table = codes()
    found = set()
    for one in coded:
        row = table.get((one.system, one.code))
        if row:
            side = Side(one.side) if one.side else row[1]
            found.add(_finding(row[0], Assertion(one.assertion or "present"), side))
    return found


@cache
def codes() -> dict[tuple[str, str], tuple[str, Side | None]]:
    """(system, code) to finding and side: the table ``coded.toml``."""
    data = tomllib.loads(files(__package__).joinpath("coded.toml").read_text("utf-8"))
    table: dict[tuple[str, str], tuple[str, Side | None]] = {}
    for system, rows in data.items():
        for code, row in rows.items():
            finding, side = (row["finding"], Side(row["side"])) if isinstance(row, dict) else (row, None)
            table[system, code] = finding, side
    return table


def _there(finding: Finding) -> bool:
    return finding.assertion is Assertion.PRESENT


def _same(text: Finding, code: Finding) -> bool:
    """Whether the text speaks of what the code names: the same finding now, or a kind of it, on a side that can be it.

    A code for an effusion is borne out by a hemothorax and by a hydropneumothorax, a code for a bleed by a hematoma;
    and a text that says "effusion" speaks of what a code calls a hemothorax, unless the code denies that.
    """
    if text.assertion not in _ABOUT_NOW:
        return False
    if text.side and code.side and Side.BILATERAL not in (text.side, code.side) and text.side != code.side:
        return False
    return (
        text.finding == code.finding
        or code.finding in _KIND_OF.get(text.finding, ())
        or (_there(code) and text.finding in _KIND_OF.get(code.finding, ()))
    )


_KIND_OF = {
    "hemorrhagic_pleural_effusion": ("pleural_effusion",),
    "hydropneumothorax": ("pneumothorax", "pleural_effusion", "hemorrhagic_pleural_effusion"),
    "hematoma": ("hemorrhage",),
}


def _finding(name: str, assertion: Assertion, side: Side | None) -> Finding:
    return Finding(
        finding=name,
        kind="finding",
        assertion=assertion,
        side=side if compartments().findings[name][2] else None,
        size_mm=None,
        severity=None,
        change=None,
        site=None,
        qualifiers=(),
        section=SECTION,
        sentence="",
        start=0,
        end=0,
    )
