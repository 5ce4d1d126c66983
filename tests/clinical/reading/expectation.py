"""The short notation in which tables, hard cases and labelled sentences say what is expected.

"pneumothorax present left small 8mm; pleural_effusion absent", or "nothing". A side, severity, change,
size, @site or +qualifier is checked where it is written; findings and assertions must be exactly those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.clinical.reading import Assertion, Change, Finding, Severity, Side

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)mm$")


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected finding; None means: not checked."""

    finding: str
    assertion: str
    side: str | None = None
    severity: str | None = None
    change: str | None = None
    size_mm: float | None = None
    site: str | None = None
    qualifiers: frozenset[str] = frozenset()

    def fits(self, found: Finding) -> bool:
        """Whether `found` says everything that is expected."""
        return (
            (found.finding, found.assertion) == (self.finding, self.assertion)
            and self.side in (None, found.side)
            and self.severity in (None, found.severity)
            and self.change in (None, found.change)
            and self.site in (None, found.site)
            and (self.size_mm is None or (found.size_mm is not None and abs(found.size_mm - self.size_mm) <= 0.5))
            and self.qualifiers <= set(found.qualifiers)
        )


def expected(notation: str) -> list[Expected]:
    """The expected findings of `notation`."""
    made = []
    for part in notation.split(";"):
        words = part.split()
        if not words or words == ["nothing"]:
            continue
        known: dict[str, str] = {}
        size = None
        qualifiers = set()
        for word in words[2:]:
            if word.startswith("@"):
                known["site"] = word[1:]
            elif word.startswith("+"):
                qualifiers.add(word[1:])
            elif match := _SIZE.match(word):
                size = float(match[1])
            elif word in set(Side):
                known["side"] = word
            elif word in set(Severity):
                known["severity"] = word
            elif word in set(Change):
                known["change"] = word
            else:
                raise ValueError(f"unknown word {word!r} in {notation!r}")
        made.append(
            Expected(words[0], Assertion(words[1]).value, size_mm=size, qualifiers=frozenset(qualifiers), **known)
        )
    return made


def difference(notation: str, found: tuple[Finding, ...]) -> str | None:
    """What is missing or too much, in words; None when `found` is as expected."""
    left = list(found)
    missing = []
    for one in expected(notation):
        match = next((f for f in left if one.fits(f)), None)
        if match is None:
            missing.append(one)
        else:
            left.remove(match)
    if not missing and not left:
        return None
    shown = "; ".join(
        f"{f.finding} {f.assertion} {f.side} {f.severity} {f.change} {f.size_mm} @{f.site} {f.qualifiers}"
        for f in found
    )
    return f"expected {notation!r}, read {shown or 'nothing'}"
