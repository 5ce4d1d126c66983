"""The dead-letter desk: list, show, edit, replay, discard. Two operators at once: one acts, the other is told so.

A letter is open until it is replayed or discarded; its row in the message ledger stays as it is, so
in = done + duplicate + ignored + dead letter still holds, and a replay is a message of its own that names the letter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, update

from services.audit.act import Act, Agent, Pattern
from services.casework import dead_letter as letters
from services.casework.audited_act import Casework
from services.casework.dead_letter import Content, Letter, Page, Wanted, thing
from services.casework.problem import Kind, Problem
from services.runtime.dead_letters import REPLAY_OF
from services.runtime.outbox import Outgoing, put
from services.runtime.tables import dead_letter_edits, dead_letters

LARGEST = 20 * 2**20 - 4096
"""Bytes of a corrected body: what the inbound topics take, with room for headers."""

LONGEST_WHY = 2000
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the replay of many letters has come; ``erased`` were passed over, since their bytes are gone."""

    replayed: int = 0
    erased: int = 0


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """The acts. ``by`` is who carries them out."""

    casework: Casework

    def find(self, by: Agent, wanted: Wanted, count: int = letters.DEFAULT_COUNT, after: int | None = None) -> Page:
        """One page of dead letters without content."""
        act = Act(Pattern.QUERY, "dead-letters-list", "search-type", by, query=f"dead-letters?{wanted.text()}")
        with self.casework.carried_out(act) as connection:
            return letters.page(connection, wanted, max(1, min(count, letters.HIGHEST_COUNT)), after)

    def show(self, by: Agent, place: str) -> tuple[Letter, Content]:
        """One letter with its headers and bytes."""
        with self.casework.carried_out(_about(by, Pattern.READ, "dead-letter-show", "read", place)) as connection:
            found = letters.one(connection, place)
            return found, letters.content(connection, found)

    def edit(self, by: Agent, place: str, body: bytes, why: str, seen: int | None = None) -> int:
        """Keep a corrected body beside the original; returns the edit's number.

        ``seen`` is how many edits the operator has seen: with another one since, it is a conflict.
        """
        with self.casework.carried_out(_about(by, Pattern.UPDATE, "dead-letter-edit", "update", place)) as connection:
            reason = _why(why)
            if not body or len(body) > LARGEST:
                raise Problem(Kind.INVALID, f"A corrected body has 1 to {LARGEST} bytes.")
            found = _open(letters.one(connection, place, lock=True))
            if seen is not None and seen != found.edits:
                raise Problem(Kind.CONFLICT, f"It has {found.edits} edits by now. Look at it again before you edit it.")
            held = letters.content(connection, found)
            if body == (held.edited or held.original):
                raise Problem(Kind.INVALID, "The corrected body is the one that is there: nothing would change.")
            row = {"letter": found.id, "number": found.edits + 1, "body": body, "who": _who(by), "why": reason}
            connection.execute(insert(dead_letter_edits), [row])
            return found.edits + 1

    def replay(self, by: Agent, place: str, *, again: bool = False, original: bool = False) -> Letter:
        """Put the message back on its topic: as it was last edited, or as it came (``original``).

        ``again`` replays a letter that was replayed or discarded before. The message's identity and its facts are
        the same, so that is a duplicate and no second event.
        """
        with self.casework.carried_out(_about(by, Pattern.UPDATE, "dead-letter-replay", "update", place)) as connection:
            found = letters.one(connection, place, lock=True)
            if not again:
                _open(found)
            _put_back(connection, by, found, original=original)
            return found

    def replay_many(self, by: Agent, wanted: Wanted, limit: int | None = None) -> Iterator[Tally]:
        """Replay the letters that are wanted and open, oldest first, a hundred to a transaction; yields the progress.

        A letter that another operator has in hand is left to them, one whose bytes were erased is passed over.
        """
        wanted = Wanted(wanted.topic, wanted.code, wanted.service, "open", wanted.since)
        done, erased, after = 0, 0, 0
        while limit is None or done < limit:
            size = _BATCH if limit is None else min(_BATCH, limit - done)
            with self.casework.engine.begin() as connection:
                batch = letters.take(connection, wanted, size, after)
                for one in batch:
                    try:
                        _put_back(connection, by, one, original=False)
                    except Problem:
                        erased += 1
                        continue
                    done += 1
                    act = _about(by, Pattern.UPDATE, "dead-letter-replay", "update", one.place)
                    self.casework.trail.record(connection, act)
            if not batch:
                return
            after = batch[-1].id
            yield Tally(done, erased)

    def discard(self, by: Agent, place: str, why: str) -> Letter:
        """Set a letter aside for good, with the reason; it can still be listed."""
        act = _about(by, Pattern.UPDATE, "dead-letter-discard", "update", place, why)
        with self.casework.carried_out(act) as connection:
            reason = _why(why)
            found = _open(letters.one(connection, place, lock=True))
            _handled(connection, by, found, "discarded", reason)
            return found


def _about(by: Agent, pattern: Pattern, code: str, interaction: str, place: str, words: str = "") -> Act:
    return Act(pattern, code, interaction, by, (thing(place),), words=words)


def _who(by: Agent) -> str:
    return by.person or by.client


def _why(why: str) -> str:
    text = why.strip()
    if not text or len(text) > LONGEST_WHY or "\x00" in text:
        raise Problem(Kind.INVALID, f"Say why, in 1 to {LONGEST_WHY} characters.")
    return text


def _open(found: Letter) -> Letter:
    if found.state != "open":
        when = f"{found.handled_at:%Y-%m-%d %H:%M} UTC" if found.handled_at else "before"
        words = f"It was {found.state} by {found.handled_by} at {when}."
        raise Problem(Kind.CONFLICT, f"{words} A replay that is meant to be a second one says so (again).")
    return found


def _put_back(connection: Connection, by: Agent, found: Letter, *, original: bool) -> None:
    """Queue the message for its topic and mark the letter, in one transaction: neither happens without the other."""
    held = letters.content(connection, found)
    body = held.original if original or held.edited is None else held.edited
    if body is None:
        words = "Its bytes have been erased. Edit in a corrected body, or discard it."
        raise Problem(Kind.ERASED, words)
    headers = {name: text for name, value in held.headers.items() if (text := _text(value)) is not None}
    headers[REPLAY_OF] = found.place
    key = held.key.decode("utf-8", "replace").replace("\x00", "") if held.key is not None else None
    slot = f"replay-of/{found.place}/{found.replays + 1}"
    put(connection, [Outgoing(found.place.split("/")[0], slot, key, body, 0, headers)])
    _handled(connection, by, found, "replayed", None, found.replays + 1)


def _handled(
    connection: Connection, by: Agent, found: Letter, state: str, reason: str | None, replays: int | None = None
) -> None:
    values = {"state": state, "handled_by": _who(by), "handled_at": datetime.now(UTC), "reason": reason}
    if replays is not None:
        values["replays"] = replays
    connection.execute(update(dead_letters).where(dead_letters.c.id == found.id).values(values))


def _text(value: bytes) -> str | None:
    """A header's value as the outbox keeps it; None for what no service of ours could read either."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
