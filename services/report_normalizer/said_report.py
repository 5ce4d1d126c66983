"""A CT report as one message tells of it, whatever the standard, and the facts that follow."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from services.clinical.canonical import digest
from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import Moment
from services.clinical.statements import CodedResult, ReportAddendum, ReportBody, ReportStatus
from services.report_normalizer.reasons import WarningCode
from services.report_normalizer.report_text import adds_only, headings
from services.report_normalizer.source import Source

_ELSEWHERE = re.compile(r"\W*(?:please\s+)?(?:see|refer\s+to|vedi|si\s+veda)\b(?:\W+\w+){0,6}\W*", re.IGNORECASE)
"""A text that only points to the file beside it."""


@dataclass(frozen=True, slots=True)
class SaidReport:
    """What one message says of one report; ``text`` is normalized, empty when the message carries none.

    ``adds`` is True when the message type itself says that the text is an addendum (MDM^T06).
    """

    site: str
    report: str
    patient_id: str
    standing: Standing
    text: str = ""
    reason: str | None = None
    performed: Moment | None = None
    regions: tuple[str, ...] = ()
    contrast: bool | None = None
    coded: tuple[CodedResult, ...] = ()
    accession: str | None = None
    issued: datetime | None = None
    sent: datetime | None = None
    adds: bool = False


def report_facts(said: SaidReport, source: Source) -> list[Fact]:
    """Body, addendum and status, versioned apart, so that a message changes only what it carries.

    A report that came as a file which isn't read (PDF, RTF, HTML) is a body without text: it was made, and nobody here
    knows what it says.
    """
    if said.standing is Standing.WITHDRAWN:
        return [_status(said, None)]
    if WarningCode.ATTACHMENT_NOT_READ in source.warnings and _ELSEWHERE.fullmatch(said.text):
        said = replace(said, text="")
    if not said.text and not said.coded:
        if said.standing is not Standing.PRELIMINARY:
            source.warn(WarningCode.REPORT_WITHOUT_TEXT)
        if WarningCode.ATTACHMENT_NOT_READ not in source.warnings:
            return [_status(said, None)]
    if said.text and (said.adds or (source.sender.addenda_alone and adds_only(said.text))):
        text = said.text if headings().addendum.match(said.text) else f"ADDENDUM:\n{said.text}"
        addendum = ReportAddendum(said.site, said.report, said.patient_id, text)
        return [_stated(said, addendum), _status(said, said.text)]
    if said.performed is None:
        source.warn(WarningCode.TIME_MISSING)
    body = ReportBody(
        site=said.site,
        report=said.report,
        patient_id=said.patient_id,
        text=said.text,
        performed=said.performed,
        regions=said.regions,
        contrast=said.contrast,
        coded=said.coded,
        accession=said.accession,
        language=source.sites.language(said.site),
    )
    return [_stated(said, body), _status(said, said.text)]


def _status(said: SaidReport, text: str | None) -> Fact:
    return _stated(
        said,
        ReportStatus(said.site, said.report, said.patient_id, said.reason, digest(text) if text else None),
    )


def _stated(said: SaidReport, statement: ReportBody | ReportAddendum | ReportStatus) -> Fact:
    return state(statement, said.standing, issued=said.issued, sent=said.sent)
