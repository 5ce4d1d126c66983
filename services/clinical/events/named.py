"""Which events a document's words name: the cause of a death, the reason for intensive care."""

from collections.abc import Sequence

from services.clinical.events.coded import reading_of
from services.clinical.events.compartments import compartments
from services.clinical.events.draft import Draft
from services.clinical.events.showing import families, same_side
from services.clinical.reading import Assertion
from services.clinical.reading.lexicon import LANGUAGES


def events_named(words: str, events: Sequence[Draft]) -> list[int]:
    """The places in ``events`` of those that the words name. Words have no language of their own: each is tried."""
    found = {f for language in LANGUAGES for f in reading_of(words, language).findings}
    named = set()
    for finding in found:
        if finding.kind != "finding" or finding.assertion is not Assertion.PRESENT:
            continue
        where = compartments().of(finding.finding, finding.site)
        if where is None or finding.finding == "death":
            continue
        side = finding.side.value if finding.side and finding.side != "bilateral" else None
        for place, event in enumerate(events):
            there = event.compartment == where[0] or event.compartment.startswith(f"{where[0]}:")
            shown = frozenset().union(*(s.families for s in event.shown)) or families(event.event, event.compartment)
            if there and same_side(side, event.side) and (shown & families(finding.finding, event.compartment)):
                named.add(place)
            elif there and where[0] != event.compartment and same_side(side, event.side):
                named.add(place)  # "the bleeding" names the hematoma of a muscle
    return sorted(named)
