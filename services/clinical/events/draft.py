"""Events of one procedure before management and grade: findings gathered by compartment and side, and composed."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.clinical.events.adverse_event import Certainty, Timing
from services.clinical.events.baseline import gone_since, known_before, known_since_before
from services.clinical.events.showing import Showing, same_side
from services.clinical.procedures.windows import Span
from services.clinical.reading import Assertion


@dataclass(frozen=True, slots=True)
class Draft:
    """One event: where, what, how certain, when, and the showings that prove it, in order of time."""

    compartment: str
    side: str | None
    event: str
    hemorrhagic: bool
    certainty: Certainty
    timing: Timing
    shown: tuple[Showing, ...]
    review: tuple[str, ...] = ()


def drafts(found: Sequence[Showing], span: Span) -> list[Draft]:
    """The events that the showings of one procedure add up to, in canonical order."""
    baseline = [s for s in found if s.timing == "baseline"]
    after = [s for s in found if s.timing != "baseline"]
    doubts: dict[tuple[str, str | None], set[str]] = {}
    unsure: set[Showing] = set()
    gone: set[Showing] = set()
    groups: dict[tuple[str, str | None], list[Showing]] = {}
    for showing in after:
        key = (showing.compartment, showing.side)
        left = gone_since(showing, span)
        if not (showing.firm or showing.possible or left) or known_before(showing, baseline):
            continue
        if left:
            gone.add(showing)
        unchanged = False if left else known_since_before(showing, span, after, baseline)
        if unchanged:
            continue
        if unchanged is None:
            doubts.setdefault(key, set()).add("unchanged_without_baseline")
            unsure.add(showing)
        groups.setdefault(key, []).append(showing)
    merged, sides_open = _without_side(_without_site(groups), after)
    for key in sides_open:
        doubts.setdefault(key, set()).add("side_not_stated")
    events = []
    for (compartment, side), shown in sorted(merged.items(), key=lambda kv: (kv[0][0], kv[0][1] or "")):
        denials = [s for s in after if s.denies and s.compartment == compartment and same_side(s.side, side)]
        event = _event(
            compartment, side, shown, denials, unsure, gone, tuple(sorted(doubts.get((compartment, side), ())))
        )
        if event:
            events.append(event)
    return events


def _without_site(
    groups: dict[tuple[str, str | None], list[Showing]],
) -> dict[tuple[str, str | None], list[Showing]]:
    """What names no organ or muscle ("the hematoma") is the only one that others name; else it stays apart."""
    merged = {key: list(shown) for key, shown in groups.items()}
    for compartment, side in list(groups):
        named = [k for k in groups if k[0].startswith(f"{compartment}:") and same_side(k[1], side)]
        if len(named) == 1:
            merged[named[0]] = sorted(merged[named[0]] + merged.pop((compartment, side)), key=lambda s: s.order)
    return merged


def _without_side(
    groups: dict[tuple[str, str | None], list[Showing]], after: Sequence[Showing]
) -> tuple[dict[tuple[str, str | None], list[Showing]], list[tuple[str, str | None]]]:
    """What names no side belongs to the only side that others name; else it keeps a place of its own."""
    merged = {key: list(shown) for key, shown in groups.items() if key[1] is not None}
    unsure = []
    for (compartment, side), shown in groups.items():
        if side is not None:
            continue
        named = [key for key in merged if key[0] == compartment]
        elsewhere = {s.side for s in after if s.compartment == compartment and s.side and (s.firm or _was_there(s))}
        if not named and len(elsewhere) == 1:
            # "The right pneumothorax has resolved. A small effusion persists." lies on the only side that was named.
            merged[(compartment, elsewhere.pop())] = list(shown)
        elif len(named) == 1:
            merged[named[0]] = sorted(merged[named[0]] + shown, key=lambda s: s.order)
        elif named:
            unsure += named
        else:
            merged[(compartment, None)] = list(shown)
    return merged, unsure


def _was_there(showing: Showing) -> bool:
    return showing.finding.assertion is Assertion.RESOLVED


def _event(
    compartment: str,
    side: str | None,
    shown: list[Showing],
    denials: list[Showing],
    unsure: set[Showing],
    gone: set[Showing],
    review: tuple[str, ...],
) -> Draft | None:
    """The event of a place: the first that is certain, else the first that is possible, with a word about the other."""
    possible = None
    for timing, name in ((Timing.WITHIN_24H, "within"), (Timing.UNDECIDED, "undecided"), (Timing.DELAYED, "delayed")):
        there = [s for s in shown if s.timing == name]
        firm = [s for s in there if (s.firm or s in gone) and s not in unsure]
        if firm:
            earlier = ("possible_before_it_was_certain",) if possible else ()
            return _compose(compartment, side, Certainty.DEFINITE, timing, firm, (*review, *earlier))
        open_ = [s for s in there if _still_open(s, denials)]
        if open_ and name != "delayed" and possible is None:
            possible = _compose(compartment, side, Certainty.POSSIBLE, timing, open_, review)
    return possible


def _still_open(showing: Showing, denials: list[Showing]) -> bool:
    """Possible on one CT and plainly denied on a later one inside the window: the later, firm statement wins."""
    return not any(
        d.timing == showing.timing and d.order[0] > showing.order[0] and showing.families <= d.families for d in denials
    )


def _compose(
    compartment: str,
    side: str | None,
    certainty: Certainty,
    timing: Timing,
    shown: list[Showing],
    review: tuple[str, ...],
) -> Draft:
    """Air + fluid on one side is a hydropneumothorax; blood absorbs plain fluid; a hematoma absorbs its bleeding."""
    tokens = {s.finding.finding for s in shown}
    hemorrhagic = "hemorrhagic_pleural_effusion" in tokens or any("hemorrhagic" in s.finding.qualifiers for s in shown)
    if compartment == "pleura":
        there = frozenset().union(*(s.families for s in shown))
        if there == {"air", "fluid"}:
            event = "hydropneumothorax"
        elif "air" in there:
            event = "pneumothorax"
        else:
            event = "hemorrhagic_pleural_effusion" if hemorrhagic else "pleural_effusion"
    elif "hematoma" in tokens:
        event = "hematoma"
    else:
        event = min(tokens)
    return Draft(compartment, side, event, hemorrhagic, certainty, timing, tuple(shown), review)
