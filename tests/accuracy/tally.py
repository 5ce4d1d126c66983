"""Counting what was expected against what was read, as reading-accuracy figures are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.clinical.reading import Finding, read
from tests.accuracy.labelled import Labelled
from tests.clinical.reading.expectation import Expected, expected

MISSED = "(missed)"
NOTHING = "(nothing)"
PRESENT = "present"
LOOSE = frozenset(("historical", "hypothetical", "other_subject"))


@dataclass(slots=True)
class Tally:
    """Counts over many texts. `confusion` counts (expected assertion, read assertion)."""

    texts: int = 0
    perfect: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: Counter[str] = field(default_factory=Counter)
    there: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def _pairs(wanted: list[Expected], found: Iterable[Finding]) -> list[tuple[Expected | None, Finding | None]]:
    """Each expectation with its finding: the same assertion and side first, then assertion, then the finding alone."""
    left = list(found)
    pairs: list[tuple[Expected | None, Finding | None]] = []
    rest = list(wanted)
    for level in range(3):
        for one in list(rest):
            match = next(
                (
                    f
                    for f in left
                    if f.finding == one.finding
                    and (level == 2 or f.assertion == one.assertion)
                    and (level >= 1 or one.side in (None, f.side))
                ),
                None,
            )
            if match is not None:
                pairs.append((one, match))
                rest.remove(one)
                left.remove(match)
    return [*pairs, *((one, None) for one in rest), *((None, f) for f in left)]


def tally(texts: Iterable[Labelled]) -> Tally:
    """Read `texts` and count."""
    counted = Tally()
    for text in texts:
        wanted, found = expected(text.expected), read(text.text, language=text.lang).findings
        counted.texts += 1
        perfect = True
        for one, finding in _pairs(wanted, found):
            said = one.assertion if one else NOTHING
            heard = finding.assertion.value if finding else MISSED
            counted.confusion[said, heard] += 1
            perfect = perfect and said == heard
            if one and finding:
                perfect = perfect and one.fits(finding)
                _compare(counted.details, one, finding)
        counted.perfect += perfect
        if not perfect:
            counted.wrong.append(text.id)
        for name in ("pneumothorax", "pleural_effusion"):
            is_there = any(_is(one.finding, name) and one.assertion == PRESENT for one in wanted)
            is_read = any(_is(f.finding, name) and f.assertion == PRESENT for f in found)
            kind = ("tp" if is_read else "fn") if is_there else ("fp" if is_read else "tn")
            counted.there.setdefault(name, Counter())[kind] += 1
    return counted


def _is(finding: str, name: str) -> bool:
    family = {
        "pneumothorax": ("pneumothorax", "hydropneumothorax"),
        "pleural_effusion": ("pleural_effusion", "hemorrhagic_pleural_effusion", "hydropneumothorax"),
    }
    return finding in family[name]


def _compare(details: Counter[str], one: Expected, finding: Finding) -> None:
    for name, want, got in (
        ("side", one.side, finding.side),
        ("severity", one.severity, finding.severity),
        ("change", one.change, finding.change),
        ("site", one.site, finding.site),
    ):
        if want is not None:
            details[f"{name} right" if want == got else f"{name} wrong"] += 1
    if one.size_mm is not None:
        right = finding.size_mm is not None and abs(finding.size_mm - one.size_mm) <= 0.5
        details["size right" if right else "size wrong"] += 1


def f1(true: int, invented: int, missed: int) -> float:
    """The F1 measure; 1.0 where there was nothing to find and nothing was found."""
    total = 2 * true + invented + missed
    return 2 * true / total if total else 1.0


def class_f1(counted: Tally, assertion: str) -> float:
    """F1 of one assertion over all findings."""
    true = counted.confusion[assertion, assertion]
    read_as = sum(n for (said, heard), n in counted.confusion.items() if heard == assertion)
    said_as = sum(n for (said, heard), n in counted.confusion.items() if said == assertion)
    return f1(true, read_as - true, said_as - true)


def recall(counted: Tally, assertion: str) -> float:
    """The share of an assertion's expected findings that were read so."""
    said_as = sum(n for (said, _), n in counted.confusion.items() if said == assertion)
    return counted.confusion[assertion, assertion] / said_as if said_as else 1.0
