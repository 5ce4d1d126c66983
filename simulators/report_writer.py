"""Puts a CT report on the wire by the way that its department uses: ORU, MDM or FHIR DiagnosticReport."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from simulators.fhir import FhirDesk
from simulators.hl7v2 import Hl7v2Desk, ReportVersion
from simulators.message import Message
from simulators.radiologist.layout import Line, lay_out, pick_layout, plain_text
from simulators.radiologist.report import CtReport
from simulators.randomness import stream
from simulators.registry import Person

CODED_SHARE = 0.4
"""How many reports carry codes beside their text."""


class Standing(StrEnum):
    """Where a version of a report stands."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    WRONG_PATIENT = "wrong_patient"


class Channel(StrEnum):
    """How a report is sent; all its versions go the same way."""

    RESULT = "oru"
    DOCUMENT = "mdm"
    RESOURCE = "fhir"


@dataclass(frozen=True, slots=True)
class Issue:
    """One version of one report, ready to be sent: whose it is said to be, how it stands and since when."""

    report: CtReport
    person: Person
    mrn: str
    standing: Standing
    issued: datetime


_HL7_STATUS = {
    Standing.PRELIMINARY: ("P", "P"),
    Standing.FINAL: ("F", "F"),
    Standing.CORRECTED: ("C", "C"),
    Standing.CANCELLED: ("X", "X"),
    Standing.WRONG_PATIENT: ("C", "W"),
}
_FHIR_STATUS = {
    Standing.PRELIMINARY: "preliminary",
    Standing.FINAL: "final",
    Standing.CORRECTED: "corrected",
    Standing.CANCELLED: "cancelled",
    Standing.WRONG_PATIENT: "entered-in-error",
}
_TRIGGERS = {Standing.CORRECTED: "T08", Standing.CANCELLED: "T11", Standing.WRONG_PATIENT: "T11"}


class ReportWriter:
    """Writes versions of reports; layout and form depend on the seed and the report's number only."""

    def __init__(self, hl7v2: Hl7v2Desk, fhir: FhirDesk, seed: int) -> None:
        self._hl7v2 = hl7v2
        self._fhir = fhir
        self._seed = seed

    def channel(self, report: CtReport) -> Channel:
        """The way of a report."""
        share = stream(self._seed, "channel", report.filler).random()
        if share < 0.3:
            return Channel.RESOURCE
        return Channel.DOCUMENT if share < 0.42 else Channel.RESULT

    def write(self, issue: Issue, *, channel: Channel | None = None, dated: bool = True) -> Message:
        """One version as a message; without ``dated`` the sender leaves OBR-22 empty."""
        report = issue.report
        channel = channel or self.channel(report)
        rng = stream(self._seed, "layout", report.filler)
        at = issue.issued + timedelta(seconds=rng.randint(2, 50))
        codes = report.text.codes if stream(self._seed, "codes", report.filler).random() < CODED_SHARE else ()
        layout = pick_layout(rng)
        lines = lay_out(rng, report, layout)
        if issue.standing is Standing.CANCELLED and rng.random() < 0.5:
            lines = [Line("GDT", "Report cancelled.")]
        if channel is Channel.RESOURCE:
            resource = self._fhir.diagnostic_report(
                report,
                issue.mrn,
                _FHIR_STATUS[issue.standing],
                issue.issued,
                plain_text(lines),
                " ".join(report.text.impression),
                codes,
            )
            bundled = self._fhir.patient(issue.person, issue.mrn) if rng.random() < 0.25 else None
            return self._fhir.send(resource, at, bundle_with=bundled)
        status, result_status = _HL7_STATUS[issue.standing]
        if issue.standing is Standing.WRONG_PATIENT and rng.random() < 0.5:
            status, result_status = "X", "D"
        version = ReportVersion(status, result_status, issue.issued, lines, with_issue_time=dated)
        if channel is Channel.DOCUMENT:
            trigger = _TRIGGERS.get(issue.standing, "T02")
            return self._hl7v2.report_document(report, issue.person, issue.mrn, version, trigger, at)
        return self._hl7v2.report_result(rng, report, issue.person, issue.mrn, version, layout, at, codes)
