"""The timer's tidying, in small batches: what is no longer needed goes."""

from dataclasses import dataclass

from sqlalchemy import Connection

from services.audit.retention import let_go
from services.charts.expiry import Expired, expire
from services.runtime.archive import prune, prune_handled, sum_ignored
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one step did: facts looked at and removed, bodies let go of, ledger rows summed up, trail let go of."""

    expired: Expired
    pruned: int
    summed: int
    forgotten: int

    @property
    def found(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.expired.seen or self.pruned or self.summed or self.forgotten)


def tidy(connection: Connection, settings: Settings) -> Tidied:
    """One step of expiry, of the archive's pruning, of the ledger's summing and of the trail's retention."""
    return Tidied(
        expire(connection, settings.expire_days) if settings.expire_days else Expired(),
        _prune(connection, settings.archive_days) if settings.archive_days else 0,
        sum_ignored(connection, settings.ignored_days),
        let_go(connection, settings.audit_days) if settings.audit_days else 0,
    )


def _prune(connection: Connection, days: int) -> int:
    return prune(connection, days) + prune_handled(connection, days)
