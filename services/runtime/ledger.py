"""The message ledger: one row per inbound message, written in the transaction that carries out what it says.

So in = done + duplicate + ignored + dead letter is a sum in SQL that no crash can bend. A message that is delivered
again after a crash finds its row and adds nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, select, tuple_

from services.runtime import dead_letters
from services.runtime.batch_rows import as_rows, insertion
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.tables import message_identity, message_ledger

T = TypeVar("T")


def enter(
    connection: Connection,
    service: str,
    handled: Sequence[tuple[InboundMessage, Done[T] | Ignored | Invalid]],
    sink: Callable[[Connection, list[T]], None],
) -> dict[tuple[str, str], int]:
    """Enter a batch and carry out what its new messages say, in the caller's transaction.

    Returns how many messages were new, by (topic, outcome).
    """
    first = {m.place: (m, o) for m, o in reversed(handled)}  # a batch that holds one place twice counts it once
    fresh = _new_places(connection, [message for message, _ in first.values()])
    mine = [(m, o) for m, o in handled if m.place in fresh and first[m.place][0] is m]
    firsts = _first_identities(connection, mine)
    rows: list[dict[str, Any]] = []
    results: list[T] = []
    letters: list[tuple[InboundMessage, Invalid]] = []
    counts: dict[tuple[str, str], int] = {}
    for message, outcome in mine:
        row = _row(service, message, outcome)
        if isinstance(outcome, Done):
            if _key(outcome.identity) in firsts and firsts[_key(outcome.identity)] == message.place:
                results += outcome.results
                row["results"] = len(outcome.results)
            else:
                row["outcome"] = "duplicate"
        if isinstance(outcome, Invalid):
            letters.append((message, outcome))
        rows.append(row)
        key = (message.topic, row["outcome"])
        counts[key] = counts.get(key, 0) + 1
    if rows:
        connection.execute(insertion(message_ledger, tuple(rows[0])), as_rows(rows))
    dead_letters.bury(connection, service, letters, ledger=True)
    if results:
        sink(connection, results)
    return counts


def _new_places(connection: Connection, messages: Sequence[InboundMessage]) -> set[str]:
    place = tuple_(message_ledger.c.topic, message_ledger.c.partition, message_ledger.c.offset)
    wanted = [(m.topic, m.partition, m.offset) for m in messages]
    known = connection.execute(
        select(message_ledger.c.topic, message_ledger.c.partition, message_ledger.c.offset).where(place.in_(wanted))
    )
    seen = {f"{topic}/{partition}/{offset}" for topic, partition, offset in known}
    return {m.place for m in messages} - seen


def _key(identity: Identity) -> tuple[str, str, str]:
    return identity.sender, identity.control_id, identity.content


def _first_identities(
    connection: Connection, handled: Sequence[tuple[InboundMessage, Done[T] | Ignored | Invalid]]
) -> dict[tuple[str, str, str], str]:
    """Where each identity was seen first, those of this batch entered in a fixed order."""
    wanted: dict[tuple[str, str, str], str] = {}
    for message, outcome in handled:
        if isinstance(outcome, Done):
            wanted.setdefault(_key(outcome.identity), message.place)
    if not wanted:
        return {}
    columns = message_identity.c
    rows = [{"sender": k[0], "control_id": k[1], "content": k[2], "place": p} for k, p in sorted(wanted.items())]
    connection.execute(insertion(message_identity, tuple(rows[0])).on_conflict_do_nothing(), as_rows(rows))
    key = tuple_(columns.sender, columns.control_id, columns.content)
    found = connection.execute(select(message_identity).where(key.in_(sorted(wanted))))
    return {(r.sender, r.control_id, r.content): r.place for r in found}


def _row(service: str, message: InboundMessage, outcome: Done[T] | Ignored | Invalid) -> dict[str, Any]:
    identity = outcome.identity
    ours = None if isinstance(outcome, Ignored) else identity  # what isn't ours leaves no number: nobody could erase it
    return {
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "service": service,
        "sender": identity.sender if identity else message.header("cw-sender"),
        "control_id": ours.control_id if ours else None,
        "type": identity.type if identity else None,
        "content": ours.content if ours else None,
        "outcome": {Done: "done", Ignored: "ignored", Invalid: "dead_letter"}[type(outcome)],
        "code": None if isinstance(outcome, Done) else outcome.code,
        "where": outcome.where if isinstance(outcome, Invalid) else None,
        "results": 0,
        "warnings": list(outcome.warnings) or None if isinstance(outcome, Done) else None,
        "body": None if isinstance(outcome, Ignored) else message.value,
        "replay_of": dead_letters.replay_of(message),
    }
