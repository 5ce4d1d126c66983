"""Coded findings of a report, from HL7 and FHIR alike: which code names the finding, and which says if it is there.

A coded observation is either "findings: pneumothorax" (the value names the finding) or "pneumothorax: present" (its
own code does, and the value says whether it is there).
"""

from collections.abc import Iterable

from services.clinical.statements import CodedResult
from services.report_normalizer.treatment_words import side_word

SNOMED = "http://snomed.info/sct"
_YES_NO = ("http://terminology.hl7.org/CodeSystem/v2-0136", "HL70136", "0136")
_PRESENCE: dict[tuple[str, str], str] = {
    (SNOMED, "52101004"): "present",
    (SNOMED, "2667000"): "absent",
    **{(system, "Y"): "present" for system in _YES_NO},
    **{(system, "N"): "absent" for system in _YES_NO},
}
"""Values that say whether a finding is there: SNOMED CT's Present and Absent, HL7 table 0136."""

Code = tuple[str, str, str | None]
"""System, code, and what it is called."""


def coded_findings(named: Iterable[Code], values: Iterable[Code], places: Iterable[str]) -> tuple[CodedResult, ...]:
    """One coded observation's findings.

    ``named`` are the codes of what was observed, ``values`` those of its value, ``places`` the codes and words of the
    body site.
    """
    side = next((found for place in places if (found := side_word(place))), None)
    values = tuple(values)
    said = next((_PRESENCE[v[:2]] for v in values if v[:2] in _PRESENCE), None)
    if said:
        return tuple(CodedResult(system, code, text, said, side) for system, code, text in named if system and code)
    return tuple(CodedResult(system, code, text, None, side) for system, code, text in values if system and code)


def yes_or_no(value: object) -> tuple[Code, ...]:
    """FHIR's valueBoolean as a coded value; none for anything else."""
    return ((_YES_NO[0], "Y" if value else "N", None),) if isinstance(value, bool) else ()
