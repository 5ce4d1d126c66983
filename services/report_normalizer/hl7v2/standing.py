"""How a report stands: OBR-25 (table 0123), OBX-11 (table 0085), TXA-17 and TXA-19 (tables 0271, 0273), and words."""

from collections.abc import Iterable

from services.clinical.facts import Standing
from services.report_normalizer.reasons import IgnoredCode, NotOurs, WarningCode
from services.report_normalizer.source import Source

_P, _F, _C, _W = Standing.PRELIMINARY, Standing.FINAL, Standing.CORRECTED, Standing.WITHDRAWN

# A (some results; by many used for amendments) and M (corrected, not final) stand as corrections: they order by time.
_RESULT_STATUS = {"P": _P, "R": _P, "F": _F, "C": _C, "A": _C, "M": _C, "X": _W}
_NOT_WRITTEN = frozenset(("O", "I", "S", "N"))
_WORDS = {
    "PRELIM": _P,
    "PRELIMINARY": _P,
    "WET READ": _P,
    "WETREAD": _P,
    "DRAFT": _P,
    "DICTATED": _P,
    "TRANSCRIBED": _P,
    "UNVERIFIED": _P,
    "PROVVISORIO": _P,
    "FINAL": _F,
    "FINALIZED": _F,
    "SIGNED": _F,
    "VERIFIED": _F,
    "APPROVED": _F,
    "COMPLETE": _F,
    "COMPLETED": _F,
    "CM": _F,
    "DEFINITIVO": _F,
    "FIRMATO": _F,
    "CORRECTED": _C,
    "CORRECTION": _C,
    "AMENDED": _C,
    "ADDENDUM": _C,
    "ADDENDED": _C,
    "REVISED": _C,
    "CORRETTO": _C,
    "CANCELLED": _W,
    "CANCELED": _W,
    "DELETED": _W,
    "RETRACTED": _W,
    "WITHDRAWN": _W,
    "ANNULLATO": _W,
}
_COMPLETION = {"DI": _P, "DO": _P, "IP": _P, "IN": _P, "PA": _P, "AU": _F, "LA": _F}


def report_standing(
    result_status: str, observation_statuses: Iterable[str], has_text: bool, source: Source
) -> tuple[Standing, str | None]:
    """Standing and, when withdrawn, the reason. ``observation_statuses`` are the OBX-11 of the report's text lines.

    All lines W is another patient's report, all D or X a deleted one. A status that says that nothing is written yet
    sets the message aside, unless it carries text.
    """
    lines = {status.upper() for status in observation_statuses if status}
    withdrawn = _taken_back(lines)
    if withdrawn:
        return _W, withdrawn
    status = result_status.upper()
    if status in _NOT_WRITTEN and not has_text:
        raise NotOurs(IgnoredCode.REPORT_NOT_WRITTEN_YET)
    standing = _RESULT_STATUS.get(status) or _WORDS.get(status)
    if standing is _W:
        return _W, "cancelled"
    if standing is None:
        standing = _by_lines(lines, status, source)
    if standing is _P and lines == {"U"}:
        standing = _F
    if standing is _F and lines & {"C", "A"}:
        standing = _C
    return standing, None


def document_standing(
    completion: str, availability: str, trigger: str, observation_statuses: Iterable[str], source: Source
) -> tuple[Standing, str | None]:
    """Standing of a document: TXA-17, TXA-19, OBX-11, and the trigger (T08 edits, T10 replaces, T11 cancels)."""
    withdrawn = _taken_back({s.upper() for s in observation_statuses if s})
    if withdrawn:
        return _W, withdrawn
    if trigger == "T11" or availability.upper() in ("CA", "OB"):
        return _W, "cancelled"
    status = completion.upper()
    standing = _COMPLETION.get(status) or _RESULT_STATUS.get(status) or _WORDS.get(status)
    if standing is _W:
        return _W, "cancelled"
    if standing is None:
        source.warn(WarningCode.STATUS_UNKNOWN if status else WarningCode.STATUS_MISSING)
        standing = _P if status else _F
    return (_C if standing is _F and trigger in ("T08", "T10") else standing), None


def _taken_back(lines: set[str]) -> str | None:
    """Why all lines are gone; None when any of them stands, or there are none."""
    if not lines or not lines <= {"D", "W", "X"}:
        return None
    return "wrong_patient" if "W" in lines else "cancelled"


def _by_lines(lines: set[str], status: str, source: Source) -> Standing:
    """Without a usable OBR-25 the lines decide; U is 'final now, text as sent before'."""
    if status and status not in _NOT_WRITTEN:
        source.warn(WarningCode.STATUS_UNKNOWN)
    elif not status and not lines:
        source.warn(WarningCode.STATUS_MISSING)
    if lines & {"C", "A"}:
        return _C
    if lines & {"F", "U"}:
        return _F
    return _P if lines or status else _F
