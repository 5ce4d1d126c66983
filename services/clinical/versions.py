"""Which version of a logical fact counts: decided by the set of versions alone.

The order is total. A preliminary version never beats a firm one. Otherwise the later one wins, by when it was issued
(OBR-22, FHIR issued), else by MSH-7 or FHIR's lastUpdated; then withdrawn over corrected over final; then the content
hash, so that even equal times have one answer.

A report is often sent again as it was: of equal content the earliest time counts. Everything else is a state, and who
states it once more (a merge after its undoing, an order after its cancellation) means it: there the latest counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.clinical.facts import Fact, FactKind, Standing
from services.clinical.statements import ConsoleHeader, TreatmentSummary

_PRECEDENCE = {Standing.PRELIMINARY: 0, Standing.FINAL: 0, Standing.CORRECTED: 1, Standing.WITHDRAWN: 2}
_SENT_AGAIN = frozenset((FactKind.REPORT_BODY, FactKind.REPORT_ADDENDUM, FactKind.REPORT_STATUS))
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Version:
    """One version, with all the times at which equal content was said under the same standing."""

    fact: Fact
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
        return frames, firm, self.at or _NEVER, _PRECEDENCE[self.fact.standing], self.fact.content


def by_id(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Facts by their id, repeats left out, those of one id in the order of their versions."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.id, []).append(fact)
    return {
        id_: same if len(same) == 1 else [f for _, f in sorted({f.version: f for f in same}.items())]
        for id_, same in found.items()
    }


def versions(facts: Iterable[Fact]) -> list[Version]:
    """The versions among facts of one id, lowest first."""
    facts = tuple(facts)
    if len(facts) == 1:  # the usual case: told apart from nothing, it needs no digest
        return [_version(facts)]
    said: dict[tuple[Standing, datetime | None, str], list[Fact]] = {}
    for fact in facts:
        said.setdefault((fact.standing, fact.issued, fact.content), []).append(fact)
    return sorted(map(_version, said.values()), key=lambda v: v.rank)


def _version(same: Sequence[Fact]) -> Version:
    """The version that facts of one standing, issue time and content are."""
    issued = same[0].issued
    times = sorted(f.sent for f in same if f.sent)
    first = min(same, key=lambda f: (f.sent is None, f.sent or _NEVER))
    counts = 0 if first.kind in _SENT_AGAIN else -1
    return Version(first, issued or (times[counts] if times else None), times[-1] if times else issued)


def current(facts: Iterable[Fact]) -> Version:
    """The version that counts; ValueError when there is none."""
    *_, top = versions(facts)
    return top


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
