"""One published version of an event, as readers of FHIR may see it.

Possible events are never published as AdverseEvent: FHIR has no place in which a reader must notice "possible", and a
count of resources must not count them. An event that was definite once and no longer is (taken back, rejected, or
only possible now) is shown as withdrawn, with the reason; before it was ever definite it doesn't exist for readers.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.clinical.events.adverse_event import AdverseEvent, Certainty, EventStatus


class Withdrawal(StrEnum):
    """Why a version is withdrawn."""

    NOT_SHOWN = "not-shown"
    ONLY_POSSIBLE = "only-possible"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Edition:
    """A version: the event, when it was published, and whether it is the newest of its id."""

    event: AdverseEvent
    published_at: datetime
    newest: bool = True

    @property
    def version(self) -> str:
        """FHIR's versionId: the revision at which anything that readers see changed last."""
        return str(self.event.revision)

    @property
    def withdrawal(self) -> Withdrawal | None:
        """Why it no longer holds; None for a live event."""
        if self.event.status is EventStatus.WITHDRAWN:
            return Withdrawal.REJECTED if "rejected" in self.event.review else Withdrawal.NOT_SHOWN
        return None if self.event.certainty is Certainty.DEFINITE else Withdrawal.ONLY_POSSIBLE
