"""Merged patient numbers (ADT A40 and its forerunners) and their undoing (A37)."""

from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import PatientLink
from services.report_normalizer.hl7v2.patient import number_in
from services.report_normalizer.hl7v2.segments import Message, Segment
from services.report_normalizer.hl7v2.times import read_time
from services.report_normalizer.reasons import InvalidCode, Rejected
from services.report_normalizer.source import Source

MERGES = frozenset(("A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"))
UNMERGE = "A37"


def link_facts(message: Message, source: Source) -> list[Fact]:
    """A link for each pair of PID and MRG, or its withdrawal."""
    sent = source.instant(read_time(source, message.header.value(7)))
    withdrawn = message.type[1] == UNMERGE
    pairs = _unmerged(message) if withdrawn else _pairs(message)
    if not pairs:
        raise Rejected(InvalidCode.RETIRED_PATIENT_NOT_IDENTIFIED, "MRG-1")
    facts = []
    for surviving, retired in pairs:
        site, kept = number_in(surviving, 3, source, InvalidCode.PATIENT_NOT_IDENTIFIED, "PID-3")
        field, where = (1, "MRG-1") if retired.name == "MRG" else (3, "PID-3")
        _, old = number_in(retired, field, source, InvalidCode.RETIRED_PATIENT_NOT_IDENTIFIED, where)
        if old != kept:
            standing = Standing.WITHDRAWN if withdrawn else Standing.FINAL
            facts.append(state(PatientLink(site, old, kept), standing, sent=sent))
    if not facts:
        raise Rejected(InvalidCode.RETIRED_PATIENT_NOT_IDENTIFIED, "MRG-1")
    return facts


def _pairs(message: Message) -> list[tuple[Segment, Segment]]:
    """Each MRG with the PID before it."""
    found = []
    person: Segment | None = None
    for segment in message.segments:
        if segment.name == "PID":
            person = segment
        elif segment.name == "MRG":
            if person is None:
                raise Rejected(InvalidCode.PATIENT_NOT_IDENTIFIED, "PID-3")
            found.append((person, segment))
    return found


def _unmerged(message: Message) -> list[tuple[Segment, Segment]]:
    """The pairs of an A37: by MRG where there is one; of two bare PIDs either may be the retired one."""
    pairs = _pairs(message)
    people = list(message.all("PID"))
    if pairs or len(people) != 2:
        return pairs
    return [(people[0], people[1]), (people[1], people[0])]
