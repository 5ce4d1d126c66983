"""Sizes in a sentence: how large the thing is now, in millimeters."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = r"\d{1,4}(?:[.,]\d{1,2})?"
_SIZE = re.compile(
    rf"(?<![\w.,/])({_NUMBER}(?:\s*(?:mm|cm))?(?:\s*(?:x|by|per|-|to|a)\s*{_NUMBER}(?:\s*(?:mm|cm))?){{0,2}})[\s-]*"
    r"(mm|cm|millimet\w*|centimet\w*)(?!\w|\s?[2²/])"
)
_VALUE = re.compile(rf"({_NUMBER})\s*(mm|cm)?")
# A distance to something, a slice of the scan, or a value of an earlier day is not the size of a finding now.
_ELSEWHERE = re.compile(
    r"\s*(?:(?:away\s+)?from(?!\s+(?:the\s+)?(?:lung\s+)?(?:apex|chest\s+wall|cupola))|above|below|distal|deep to"
    r"|proximal|inferior|superior|of (?:slice|the pleura)|slice|section|thick\s+(?:slice|section)|intervals?|margin"
    r"|dalla|dal|dai|dallo|sopra|sotto|di margine)\b"
)
_EARLIER = re.compile(
    r"\b(?:previously|prior|formerly|was|were|had been|compared (?:to|with)|versus|vs\.?|from|earlier"
    r"|in precedenza|precedentemente|precedenti?|prima|era|erano|rispetto a(?:i|l|gli)?|da|dai|contro)"
    r"\s*(?:\w+\s+)?(?:measur\w+\s+|misur\w+\s+|di\s+)?(?:of\s+)?[(:]?\s*$"
)
_SLICE = re.compile(
    r"(?:slices?|section|collimation|spessore di strato|strat\w*|margin\w*|gauge|probe)\s*(?:thickness|di|of)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Size:
    """A size and where it is written."""

    start: int
    end: int
    mm: float


def sizes(folded: str, start: int, end: int) -> list[Size]:
    """The sizes of present things between `start` and `end`, each the largest of its dimensions."""
    found = []
    for match in _SIZE.finditer(folded, start, end):
        if _ELSEWHERE.match(folded, match.end(), end):
            continue
        before = folded[max(start, match.start() - 40) : match.start()]
        if _SLICE.search(before):
            continue
        said = match[1]
        if _EARLIER.search(before):
            said, grown, now = said.partition(" to ") if " to " in said else said.partition(" a ")
            if not grown:
                continue
            said = now
        unit = match[2][:1]
        largest = 0.0
        for number, own in _VALUE.findall(said):
            scale = 10.0 if (own or unit)[0] == "c" else 1.0
            largest = max(largest, float(number.replace(",", ".")) * scale)
        found.append(Size(match.start(), match.end(), round(largest, 2)))
    return found
