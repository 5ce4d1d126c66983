"""Whom a message speaks of: noted by keyed hash when it is entered, and kept out once that patient was erased.

The key is the one that never rotates, so that an erasure holds for ever. A check reads one index for a whole batch.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, select

from services.runtime.batch_rows import as_rows, insertion
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.tables import erased_subjects, message_subjects

T = TypeVar("T")

ERASED = "erased_patient"
"""The code of a message that speaks of an erased patient only."""

REDACTED = "erased_patient_left_out"
"""The warning of a message that spoke of others too: its body is now what it says of them, no longer its bytes."""


def hashed(key: bytes, name: str) -> bytes:
    """16 bytes that stand for a patient or a procedure."""
    return hmac.new(key, ("subject\x1f" + name).encode(), hashlib.sha256).digest()[:16]


def erased(connection: Connection, subjects: Iterable[bytes]) -> set[bytes]:
    """Those that were erased. The read holds the table's lock: an erasure waits until this transaction has ended."""
    column = erased_subjects.c.subject
    return set(connection.execute(select(column).where(column.in_(sorted(set(subjects))))).scalars())


@dataclass(frozen=True, slots=True)
class Subjects(Generic[T]):
    """``of`` gives the names under which a result is found again, ``barred_by`` those that keep it out once erased.

    ``keep`` writes results as the body of a redacted message.
    """

    key: bytes
    of: Callable[[T], Sequence[str]]
    barred_by: Callable[[T], Sequence[str]]
    keep: Callable[[Sequence[T]], bytes] | None = None

    def hashes(self, result: T) -> list[bytes]:
        """The subjects that keep a result out."""
        return [hashed(self.key, name) for name in self.barred_by(result)]

    def spared(self, connection: Connection, results: Sequence[T]) -> list[T]:
        """What speaks of nobody that was erased."""
        subjects = [self.hashes(result) for result in results]
        gone = erased(connection, (s for one in subjects for s in one))
        return (
            [r for r, one in zip(results, subjects, strict=True) if not gone.intersection(one)] if gone else [*results]
        )

    def screen(
        self, connection: Connection, handled: Sequence[tuple[InboundMessage, Done[T] | Ignored | Invalid]]
    ) -> list[tuple[InboundMessage, Done[T] | Ignored | Invalid]]:
        """Messages with what they say of erased patients taken out."""
        said = [r for _, outcome in handled if isinstance(outcome, Done) for r in outcome.results]
        gone = erased(connection, (s for result in said for s in self.hashes(result)))
        return [self._without(message, outcome, gone) for message, outcome in handled] if gone else [*handled]

    def _without(
        self, message: InboundMessage, outcome: Done[T] | Ignored | Invalid, gone: set[bytes]
    ) -> tuple[InboundMessage, Done[T] | Ignored | Invalid]:
        if not isinstance(outcome, Done):
            return message, outcome
        left = tuple(r for r in outcome.results if not gone.intersection(self.hashes(r)))
        if len(left) == len(outcome.results):
            return message, outcome
        identity = Identity(outcome.identity.sender, "", "", outcome.identity.type)
        if not left or self.keep is None:
            return message, Ignored(ERASED, identity)
        identity = replace(identity, content=hashlib.sha256(self.keep(left)).hexdigest()[:32])
        return replace(message, value=self.keep(left)), Done(left, identity, (*outcome.warnings, REDACTED))

    def note(
        self, connection: Connection, handled: Sequence[tuple[InboundMessage, Done[T] | Ignored | Invalid]]
    ) -> None:
        """Write down whom each message speaks of."""
        wanted = {
            (subject, message.topic, message.partition, message.offset)
            for message, outcome in handled
            if isinstance(outcome, Done)
            for result in outcome.results
            for subject in (hashed(self.key, name) for name in self.of(result))
        }
        names = ("subject", "topic", "partition", "offset")
        rows: list[dict[str, Any]] = [dict(zip(names, one, strict=True)) for one in sorted(wanted)]
        if rows:
            connection.execute(insertion(message_subjects, names).on_conflict_do_nothing(), as_rows(rows))
