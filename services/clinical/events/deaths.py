"""Deaths within 30 days: the grade of the event that caused it where a document says which, else an event apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.clinical.events.adverse_event import Certainty, Timing
from services.clinical.events.draft import Draft
from services.clinical.events.management import Care
from services.clinical.events.named import events_named
from services.clinical.procedures.windows import Span

COMPARTMENT = "patient"


@dataclass(frozen=True, slots=True)
class Deaths:
    """The deaths that care events and reports tell of. ``cause`` is the place of the event that caused them."""

    told: tuple[Care, ...]
    cause: int | None
    review: tuple[str, ...]


def deaths_of(care: Sequence[Care], events: Sequence[Draft]) -> Deaths:
    """Who says that the patient died, and of which event.

    A report's own sentence names the cause as a certificate's does. A stated cause that is none of the events, or
    several, leaves the death an event of its own, for a person to look at.
    """
    told = [c for c in care if c.care == "death"]
    told += [
        Care("death", s.placed.report.report, None, s.placed.report.body.performed, s.finding.sentence)
        for event in events
        if event.compartment == COMPARTMENT and event.certainty is Certainty.DEFINITE
        for s in event.shown
        if s.finding.finding == "death"
    ]
    said = sorted({c.reason for c in told if c.reason})
    named = sorted({i for reason in said for i in events_named(reason, events)})
    named = [i for i in named if events[i].certainty is Certainty.DEFINITE]
    if len(named) == 1:
        return Deaths(tuple(told), named[0], ())
    if named:
        return Deaths(tuple(told), None, ("death_cause_fits_several_events",))
    certified = any(c.reason for c in told if c.source.startswith("care:"))
    return Deaths(tuple(told), None, ("death_cause_without_event",) if certified else ())


def first_of(deaths: Sequence[Care], span: Span) -> Care:
    """The earliest word of the death; one without a time comes last."""
    return min(deaths, key=lambda c: (c.given.earliest if c.given else span.final_at, c.source))


def timing_of(death: Care, span: Span) -> Timing:
    """Whether the patient died within 24 h."""
    inside = death.given.within(span.start, span.closes_at) if death.given else None
    return {True: Timing.WITHIN_24H, False: Timing.DELAYED, None: Timing.UNDECIDED}[inside]
