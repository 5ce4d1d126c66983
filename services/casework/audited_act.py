"""The frame of every act: one transaction with its audit record, and a record of its own when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy import exc as sx

from services.audit.act import Act
from services.audit.refusals import record_refusal
from services.audit.restraint import Restraint
from services.audit.trail import Trail
from services.casework.problem import Kind, Problem


@dataclass(frozen=True, slots=True)
class Casework:
    """The database and the trail that acts go to."""

    engine: Engine
    trail: Trail
    restraint: Restraint

    @contextmanager
    def carried_out(self, *acts: Act) -> Iterator[Connection]:
        """A transaction for an act, recorded with it. A Problem undoes it and is recorded as a failure."""
        try:
            with self.engine.begin() as connection:
                yield connection
                self.trail.record(connection, *acts)
        except Problem as problem:
            self._failed(acts, problem)
            raise
        except sx.OperationalError as contended:
            if getattr(contended.orig, "sqlstate", None) != "55P03":  # lock_not_available
                raise
            taken = Problem(Kind.CONFLICT, "Somebody else has this in hand at this moment. Look again in a second.")
            self._failed(acts, taken)
            raise taken from None

    def _failed(self, acts: tuple[Act, ...], problem: Problem) -> None:
        record_refusal(self.engine, self.trail, self.restraint, acts[0], problem.words)
