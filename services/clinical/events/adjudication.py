"""What the safety lead decided about an event: it wins over the machine, and is flagged when its ground has moved."""

from collections.abc import Sequence
from dataclasses import replace

from services.clinical.canonical import digest
from services.clinical.events.adverse_event import AdverseEvent, Certainty, Decision, EventStatus
from services.clinical.identifiers import procedure_name
from services.clinical.statements import Adjudication

MOVED = "adjudicated_on_other_grounds"
GONE = "adjudicated_event_gone"


def basis_of(event: AdverseEvent) -> str:
    """What a decision rests on: the event as the machine names, places and grades it, whatever it is shown by."""
    grades = tuple((g.ruleset, g.grade) for g in event.grades)
    return digest((event.event, event.hemorrhagic, event.certainty, event.timing, grades))


def adjudicated(event: AdverseEvent, decisions: Sequence[Adjudication]) -> AdverseEvent:
    """The event after the decisions about it. The latest of each kind counts; reject and confirm are one kind.

    All are listed with the event. One that was made on another basis still counts, and the event is flagged.
    """
    basis = basis_of(event)
    event = replace(event, basis=basis)
    mine = sorted((d for d in decisions if d.event == event.id), key=lambda d: (d.when, digest(d)))
    if not mine:
        return event
    counting = {_KIND.get(d.verdict, d.verdict): d for d in mine}
    for decision in sorted(counting.values(), key=lambda d: (d.when, digest(d))):
        event = _decided(event, decision)
    moved = (MOVED,) if any(d.basis and d.basis != basis for d in counting.values()) else ()
    listed = tuple(Decision(d.verdict, d.who, d.when, d.why, d.grade, d.causality) for d in mine)
    return replace(event, decisions=listed, review=tuple(sorted({*event.review, *moved})))


def gone(procedure: str, events: Sequence[AdverseEvent], decisions: Sequence[Adjudication]) -> tuple[str, ...]:
    """``adjudicated_event_gone`` when a decision speaks of an event of this procedure that is no more."""
    known = {event.id for event in events}
    mine = (d for d in decisions if procedure_name(d.site, d.accession) == procedure)
    return (GONE,) if any(d.event not in known for d in mine) else ()


_KIND = {"reject": "standing", "confirm": "standing"}


def _decided(event: AdverseEvent, decision: Adjudication) -> AdverseEvent:
    if decision.verdict == "reject":
        return replace(event, status=EventStatus.WITHDRAWN, review=(*event.review, "rejected"))
    if decision.verdict == "confirm":
        return replace(event, certainty=Certainty.DEFINITE)
    if decision.verdict == "regrade" and decision.grade is not None:
        grade, words = decision.grade, decision.why
        by_hand = (replace(g, grade=grade, rule="adjudicated", words=words, adjudicated=True) for g in event.grades)
        return replace(event, grades=tuple(by_hand))
    if decision.verdict == "causality" and decision.causality:
        return replace(event, causality=decision.causality)
    return event
