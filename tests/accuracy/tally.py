"""Counting what was expected against what was read, as reading-accuracy figures are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.clinical.reading import Finding, read
from services.command.read import ESCALATION, events_alone
from tests.accuracy.labelled import Labelled
from tests.clinical.reading.expectation import Expected, expected

MISSED = "(missed)"
NOTHING = "(nothing)"
PRESENT = "present"


@dataclass(slots=True)
class Tally:
    """Counts over many texts. `confusion` counts (expected assertion, read assertion).

    `events` counts found, invented and missed events, and right and wrong grades of the found ones by rule set;
    `misjudged` names the reports with any of it wrong.
    """

    texts: int = 0
    perfect: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: Counter[str] = field(default_factory=Counter)
    there: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    misjudged: list[str] = field(default_factory=list)


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
        wanted = expected(text.expected)
        found = tuple(f for f in read(text.text, language=text.lang).findings if f.kind != ESCALATION)
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
        if text.procedure_context is not None:
            _judge(counted, text)
    return counted


def _judge(counted: Tally, text: Labelled) -> None:
    """Events are matched on event and side; grades are judged on the events found."""
    assert text.procedure_context is not None
    wanted = {(e["event"], e["side"]): e["grades"] for e in text.events or ()}
    made = {(e["event"], e["side"]): e["grades"] for e in events_alone(text.text, text.lang, text.procedure_context)}
    found = wanted.keys() & made.keys()
    counts = Counter(found=len(found), invented=len(made) - len(found), missed=len(wanted) - len(found))
    for key in found:
        for ruleset, grade in wanted[key].items():
            counts[f"{ruleset} right" if made[key][ruleset] == grade else f"{ruleset} wrong"] += 1
    counted.events += counts
    if any(n for kind, n in counts.items() if not kind.endswith(("found", "right"))):
        counted.misjudged.append(text.id)


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


def events_f1(counted: Tally) -> float:
    """F1 of the events of whole reports."""
    return f1(counted.events["found"], counted.events["invented"], counted.events["missed"])


def graded(counted: Tally, ruleset: str) -> float:
    """The share of the events found that have the right grade of `ruleset`."""
    right, wrong = counted.events[f"{ruleset} right"], counted.events[f"{ruleset} wrong"]
    return right / (right + wrong) if right + wrong else 1.0


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
