"""The windows of a procedure, in hours and days. All are inclusive at both ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.clinical.events.adverse_event import Phase
from services.clinical.moments import Moment


@dataclass(frozen=True, slots=True)
class Windows:
    """When a finding counts, and which CT assesses a procedure. The defaults are the paper's follow-up."""

    event_hours: float = 24
    follow_up_from_hours: float = 12
    follow_up_to_hours: float = 36
    delayed_days: float = 30
    baseline_days: float = 90


DEFAULT_WINDOWS = Windows()


@dataclass(frozen=True, slots=True)
class Span:
    """The instants that bound one procedure, once its start and end are known."""

    start: datetime
    started_by: datetime
    end: datetime
    baseline_from: datetime
    closes_at: datetime
    follow_up_from: datetime
    follow_up_to: datetime
    final_at: datetime

    def phase(self, as_of: datetime) -> Phase:
        """Open until the follow-up CT can no longer come inside its window's first 24 h, final after 30 days."""
        if as_of >= self.final_at:
            return Phase.FINAL
        return Phase.CLOSED if as_of >= self.closes_at else Phase.OPEN

    def next_due(self, as_of: datetime) -> datetime | None:
        """The next instant at which what is published changes by the passing of time alone."""
        return min((t for t in (self.closes_at, self.follow_up_to, self.final_at) if t > as_of), default=None)


def span(start: Moment | None, end: Moment | None, windows: Windows) -> Span | None:
    """The bounds of a procedure; None as long as its end isn't known. A wide start or end counts in full.

    ``started_by`` is when it had begun for certain: a CT between the two can't be told from a baseline. A start that
    isn't known at all lies within a day before the end.
    """
    if end is None:
        return None
    over = end.latest
    began = start.earliest if start else over - timedelta(hours=24)

    def after(hours: float) -> datetime:
        return over + timedelta(hours=hours)

    return Span(
        start=began,
        started_by=min(start.latest, over) if start else over,
        end=over,
        baseline_from=began - timedelta(days=windows.baseline_days),
        closes_at=after(windows.event_hours),
        follow_up_from=after(windows.follow_up_from_hours),
        follow_up_to=after(windows.follow_up_to_hours),
        final_at=over + timedelta(days=windows.delayed_days),
    )
