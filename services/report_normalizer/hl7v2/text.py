"""The text and the coded results of OBX segments.

TX, FT, ST and untyped observations are lines, in the order of OBX-1, blank ones kept; ``~`` and formatting commands
break lines. ``&GDT`` and ``&IMP`` suffixes, section codes and names become headings.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence

from services.clinical.statements import CodedResult
from services.report_normalizer.coded_finding import Code, coded_findings
from services.report_normalizer.hl7v2.groups import is_local
from services.report_normalizer.hl7v2.segments import Segment, unescape
from services.report_normalizer.reasons import WarningCode
from services.report_normalizer.report_text import Line, compose, headings
from services.report_normalizer.source import Source

_TEXT = frozenset(("TX", "FT", "ST", ""))
_CODED = frozenset(("CE", "CWE", "CNE", "CF"))
_ATTACHED = frozenset(("ED", "RP"))
_GONE = frozenset(("D", "W", "X"))
_SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "SNM": "http://snomed.info/sct",
    "LN": "http://loinc.org",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "RADLEX": "http://radlex.org",
}


def report_text(observations: Iterable[Segment], language: str | None, source: Source) -> str:
    """The normalized text of the observations that still stand."""
    lines: list[Line] = []
    for observation in in_order(observations):
        if not is_local(observation) and observation.value(11).upper() not in _GONE:
            lines += _lines(observation, source)
    return compose(lines, language)


def coded_results(observations: Iterable[Segment]) -> tuple[CodedResult, ...]:
    """Coded findings, those of CryoWatch's own system aside."""
    found: list[CodedResult] = []
    for observation in in_order(observations):
        if observation.value(2).upper() not in _CODED or is_local(observation):
            continue
        if observation.value(11).upper() in _GONE:
            continue
        places = [observation.part(r, n) for r in observation.repetitions(20) for n in (1, 2)]
        found += coded_findings(_codes(observation, 3), _codes(observation, 5), places)
    return tuple(dict.fromkeys(found))


def _codes(observation: Segment, field: int) -> list[Code]:
    """The codes of a field, the alternate ones of the same repetition too; sections of a report name no finding."""
    found: list[Code] = []
    for repetition in observation.repetitions(field):
        for first in (1, 4):
            code, system = observation.part(repetition, first), observation.part(repetition, first + 2)
            if code and system:
                text = observation.part(repetition, first + 1) or None
                found.append((_SYSTEMS.get(system.upper(), system), code, text))
    return found


def statuses(observations: Sequence[Segment]) -> list[str]:
    """OBX-11 of the text lines; of all observations when there are no text lines."""
    plain = [x for x in observations if not is_local(x)]
    textual = [x for x in plain if x.value(2).upper() in _TEXT | _ATTACHED]
    return [x.value(11) for x in textual or plain]


def in_order(observations: Iterable[Segment]) -> list[Segment]:
    """Observations by OBX-1 where it numbers them all differently, else as they came."""
    found = list(observations)
    numbers = [x.value(1) for x in found]
    if len(set(numbers)) == len(numbers) and all(n.isascii() and n.isdigit() and len(n) < 9 for n in numbers):
        return [x for _, x in sorted(zip(map(int, numbers), found, strict=True), key=lambda pair: pair[0])]
    return found


def _lines(observation: Segment, source: Source) -> list[Line]:
    kind = observation.value(2).upper()
    section = _section(observation)
    if kind in _ATTACHED:
        attached = _attached(observation, source)
        return [Line(line, section) for line in attached.split("\n")] if attached else []
    if kind in _CODED:
        named = [observation.part(r, 2) for r in observation.repetitions(5) if not observation.part(r, 1)]
        return [Line(name, section) for name in named if name]
    if kind not in _TEXT or observation.value(6):
        return []
    d = observation.delimiters
    raw = "" if observation.is_null(5) else observation.raw(5)
    pieces = [unescape(piece, d) for piece in raw.split(d.repetition)]
    return [Line(line, section) for piece in pieces for line in piece.split("\n")]


def _section(observation: Segment) -> str | None:
    """The section that OBX-3 names: its suffix, its code, or its name."""
    table = headings().sections
    identifier = (observation.repetitions(3) or [""])[0]
    options = (
        observation.part(identifier, 1, 2),
        observation.part(identifier, 1, 1),
        observation.part(identifier, 4, 1),
        observation.part(identifier, 2, 1),
    )
    return next((table[option.lower()] for option in options if option.lower() in table), None)


def _attached(observation: Segment, source: Source) -> str:
    """Plain text inside ED (source^type^subtype^encoding^data); anything else is left out with a warning."""
    value = (observation.repetitions(5) or [""])[0]
    kind, encoding = observation.part(value, 2).upper(), observation.part(value, 4).upper()
    subtype = observation.part(value, 3).upper()
    if observation.value(2).upper() == "ED" and kind in ("TEXT", "TX", "FT") and subtype in ("", "PLAIN", "TEXT"):
        data = observation.part(value, 5)
        if encoding != "BASE64":
            return data
        try:
            return base64.b64decode(data, validate=False).decode("utf-8")
        except (binascii.Error, ValueError):
            pass
    if value:
        source.warn(WarningCode.ATTACHMENT_NOT_READ)
    return ""
