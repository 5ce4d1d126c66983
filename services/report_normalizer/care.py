"""Codes to care: the table ``care_codes.toml``."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_SNOMED = frozenset(("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96", "SCT", ""))
_ATC = frozenset(("http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73", "ATC"))
_OWN = frozenset(("99CRYO", "urn:99CRYO", "https://cryowatch.org/fhir/CodeSystem/care"))


@dataclass(frozen=True, slots=True)
class _Codes:
    tokens: frozenset[str]
    snomed: dict[str, str]
    atc: tuple[tuple[str, str], ...]


@cache
def _codes() -> _Codes:
    data = tomllib.loads(files(__package__).joinpath("care_codes.toml").read_text("utf-8"))
    longest_first = sorted(data["atc"].items(), key=lambda pair: -len(pair[0]))
    return _Codes(frozenset(data["tokens"]), data["snomed"], tuple(longest_first))


def care_of(codes: Iterable[tuple[str, str]]) -> str | None:
    """The care that (system, code) pairs say; None when none of them is in the table."""
    table = _codes()
    for system, code in codes:
        found = ""
        if system in _OWN and code in table.tokens:
            found = code
        elif system in _SNOMED:
            found = table.snomed.get(code, "")
        elif system in _ATC:
            found = next((care for prefix, care in table.atc if code.upper().startswith(prefix)), "")
        if found:
            return found
    return None
