"""The timer's tidying, in small batches: what is no longer needed goes."""

from dataclasses import dataclass

from sqlalchemy import Connection

from services.charts.expiry import Expired, expire
from services.runtime.archive import prune, sum_ignored
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one step did: facts looked at and removed, bodies let go of, ledger rows summed up."""

    expired: Expired
    pruned: int
    summed: int

    @property
    def found(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.expired.seen or self.pruned or self.summed)


def tidy(connection: Connection, settings: Settings) -> Tidied:
    """One step of expiry, of the archive's pruning and of the ledger's summing."""
    return Tidied(
        expire(connection, settings.expire_days) if settings.expire_days else Expired(),
        prune(connection, settings.archive_days) if settings.archive_days else 0,
        sum_ignored(connection, settings.ignored_days),
    )
