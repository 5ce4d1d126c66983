"""Which version of a logical fact counts: decided by the set of versions alone.

The order is total. A preliminary version never beats a firm one. Otherwise the later one wins, by when it was issued
(OBR-22, FHIR issued), else by the earliest MSH-7 seen for that standing and content; then withdrawn over corrected
over final; then the content hash, so that even equal times have one answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.clinical.facts import Fact, Standing
from services.clinical.statements import ConsoleHeader, TreatmentSummary

_PRECEDENCE = {Standing.PRELIMINARY: 0, Standing.FINAL: 0, Standing.CORRECTED: 1, Standing.WITHDRAWN: 2}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """One version, with all the times at which equal content was said under the same standing."""

    fact: Fact
    content: str
    at: datetime | None
    last_sent: datetime | None

    @property
    def withdrawn(self) -> bool:
        """Whether this version takes the statement back."""
        return self.fact.standing is Standing.WITHDRAWN

    @property
    def rank(self) -> tuple[int, bool, datetime, int, str]:
        """Sorts versions; the highest counts."""
        statement = self.fact.statement
        frames = statement.frames if isinstance(statement, TreatmentSummary | ConsoleHeader) else 0
        firm = self.fact.standing is not Standing.PRELIMINARY
        return frames, firm, self.at or _NEVER, _PRECEDENCE[self.fact.standing], self.content


def versions(facts: Iterable[Fact]) -> list[Version]:
    """The versions among facts of one id, lowest first."""
    said: dict[tuple[Standing, datetime | None, str], list[Fact]] = {}
    for fact in facts:
        said.setdefault((fact.standing, fact.issued, fact.content), []).append(fact)
    found = []
    for (_, issued, content), same in said.items():
        times = sorted(f.sent for f in same if f.sent)
        first = min(same, key=lambda f: (f.sent is None, f.sent or _NEVER))
        found.append(Version(first, content, issued or (times[0] if times else None), times[-1] if times else issued))
    return sorted(found, key=lambda v: v.rank)


def current(facts: Iterable[Fact]) -> Version:
    """The version that counts; ValueError when there is none."""
    return max(versions(facts), key=lambda v: v.rank)


def unordered_reissue(status_versions: list[Version]) -> bool:
    """Whether a withdrawn report was sent again with nothing that orders the two.

    True when the withdrawal counts, and equal content that was first sent before it was sent once more after it under
    no issue time: sent by mistake, or re-issued? Such a report counts as possible and is flagged for review.
    """
    top = status_versions[-1]
    if not top.withdrawn or top.at is None:
        return False
    return any(
        not v.withdrawn and v.fact.issued is None and v.last_sent is not None and v.last_sent > top.at
        for v in status_versions
    )
