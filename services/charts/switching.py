"""The rebuilt tables take the place of the live ones, in one transaction that every writer waits for.

Table locks do the pausing: a worker's transaction that holds anything ends first, and one that comes later waits and
then finds the new tables under the old names. What a pure function can't know is carried over: when each version was
published, and which events were published once and no longer hold (decision 3).
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, text

from services.charts.outgoing_bodies import EVENTS, RECORDS, outgoing_event, outgoing_record
from services.charts.rebuilding import AT_ONCE, SCHEMA, Rebuild
from services.charts.tables import telemetry_frames
from services.clinical.facts import fact_from_json
from services.runtime.outbox import put

DERIVED = (
    "kin_names",
    "kin",
    "telemetry_frames",
    "dirty_days",
    "day_totals",
    "month_totals",
    "contributions",
    "facts",
    "procedure_records",
    "adverse_events",
    "expiry_progress",
)
"""The tables that are exchanged. Ledger, identities, subjects, erasures, outbox and the history of versions stay.

They are locked in this order: the joiner begins with names, the timer with groups, the sums with dirty days, so each
has ended or has not begun when the rest is locked. Where two still meet, one of them tries again.
"""

LOCK_SECONDS = 10
ONE_REBUILD = 0x4372_796F_0001
"""The advisory lock under which one rebuild at a time runs."""


def live_schema(connection: Connection) -> str:
    """The schema in which the services' tables are, quoted."""
    return str(connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one())


PLACEHOLDERS = "l.id LIKE 'care-event/care%erased-%'"
"""Facts that no message carries: they stand for the number of those that an erasure removed from a shared group."""

_MORE = (
    f"NOT EXISTS (SELECT FROM {SCHEMA}.facts r WHERE (r.id, r.version) = (l.id, l.version) AND r.weight >= l.weight)"
)


def only_live(connection: Connection, live: str) -> int:
    """How many live facts the archive doesn't give."""
    query = f"SELECT count(*) FROM {live}.facts l WHERE {_MORE} AND NOT ({PLACEHOLDERS})"
    return int(connection.execute(text(query)).scalar_one())


def take_over(connection: Connection, rebuild: Rebuild, live: str, *, everything: bool) -> int:
    """Live facts that the archive doesn't give: placeholders of erasures, or every one with the frames behind it.

    In a transaction on the rebuild's schema. A fact whose content doesn't fit its key is damaged and stays behind.
    """
    which = "true" if everything else PLACEHOLDERS
    query = f"SELECT l.id, l.version, l.body, l.recorded_at FROM {live}.facts l WHERE {which} AND {_MORE}"
    taken = 0
    for row in connection.execute(text(query)).all():
        fact = fact_from_json(row.body)
        if fact.key == (row.id, row.version):
            rebuild.recorded(connection, row.recorded_at)
            taken += rebuild.enter(connection, [fact])
    if everything:
        columns = ", ".join(column.name for column in telemetry_frames.columns)
        connection.execute(
            text(
                f"INSERT INTO {SCHEMA}.telemetry_frames ({columns}) SELECT {columns} FROM {live}.telemetry_frames"
                " ON CONFLICT DO NOTHING"
            )
        )
    return taken


def switch(
    connection: Connection, rebuild: Rebuild, as_of: Callable[[], datetime], *, keep_facts: bool, republish: bool
) -> int:
    """Pause the writers, catch up, carry over, exchange the tables; the caller commits. Records and events queued.

    An OperationalError when the locks can't be had in ``LOCK_SECONDS``: nothing has happened then, try again.
    """
    live = live_schema(connection)
    _lock(connection, live)
    while rebuild.feed():
        pass
    connection.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
    take_over(connection, rebuild, live, everything=keep_facts)
    _carry_events(connection, live)
    rebuild.publish(as_of(), within=connection)
    _carry_times(connection, live)
    connection.execute(text(f"SET LOCAL search_path TO {live}"))
    queued = _queue(connection, live, rebuild.publisher.routing_key, everything=republish)
    _exchange(connection, live)
    return queued


def _lock(connection: Connection, live: str) -> None:
    """The ledger first: it can be read and not written; then the tables to be exchanged, for us alone."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    connection.execute(text(f"LOCK TABLE {live}.message_ledger IN SHARE MODE"))
    connection.execute(text(f"LOCK TABLE {', '.join(f'{live}.{name}' for name in DERIVED)} IN ACCESS EXCLUSIVE MODE"))


def _carry_events(connection: Connection, live: str) -> None:
    """Events that were published and that the facts don't give: the publisher finds them and withdraws them."""
    columns = (
        "id, procedure, patient, site, code, status, certainty, timing, onset, recorded, revision, edition, body,"
        " published_at"
    )
    connection.execute(
        text(
            f"WITH lost AS (INSERT INTO {SCHEMA}.adverse_events (kin, {columns})"
            f" SELECT n.kin, {', '.join('l.' + c.strip() for c in columns.split(','))} FROM {live}.adverse_events l"
            f" JOIN {SCHEMA}.kin_names n ON n.name = l.procedure"
            f" WHERE NOT EXISTS (SELECT FROM {SCHEMA}.adverse_events r WHERE r.id = l.id) RETURNING kin)"
            f" UPDATE {SCHEMA}.kin SET next_due = :now FROM lost WHERE kin.id = lost.kin"
        ),
        {"now": AT_ONCE},
    )


def _carry_times(connection: Connection, live: str) -> None:
    """What is the same was published when it was published; an event, apart from its revision, as the same edition."""
    connection.execute(
        text(
            f"UPDATE {SCHEMA}.procedure_records r SET published_at = l.published_at FROM {live}.procedure_records l"
            " WHERE l.procedure = r.procedure AND l.body::text = r.body::text AND l.published_at <> r.published_at"
        )
    )
    connection.execute(text(f"UPDATE {SCHEMA}.adverse_events SET edition = revision WHERE edition <> revision"))
    connection.execute(
        text(
            f"UPDATE {SCHEMA}.adverse_events r SET published_at = l.published_at, edition = l.edition"
            f" FROM {live}.adverse_events l"
            " WHERE l.id = r.id AND (l.body - 'revision')::text = (r.body - 'revision')::text"
        )
    )


def _queue(connection: Connection, live: str, key: bytes, *, everything: bool) -> int:
    """Queue the records and events whose value differs from what is live; or all of them, for topics that were lost."""
    queued = 0
    for table, column, topic in (("procedure_records", "procedure", RECORDS), ("adverse_events", "id", EVENTS)):
        differs = "" if everything else "WHERE l.body::text IS DISTINCT FROM r.body::text"
        query = f"SELECT {column}, r.body FROM {SCHEMA}.{table} r LEFT JOIN {live}.{table} l USING ({column}) {differs}"
        for rows in connection.execute(text(query), execution_options={"yield_per": 1000}).partitions():
            bodies = [body for _, body in rows]
            put(connection, [outgoing_record(b, key) if topic == RECORDS else outgoing_event(b) for b in bodies])
            queued += len(rows)
            if topic == EVENTS:
                _keep_versions(connection, live, [name for name, _ in rows])
    return queued


def _keep_versions(connection: Connection, live: str, ids: list[str]) -> None:
    """The history of versions stays as it is; an edition that is new or was damaged is written into it."""
    connection.execute(
        text(
            f"INSERT INTO {live}.adverse_event_versions AS v (id, revision, body, published_at)"
            " SELECT id, edition, jsonb_set(body, '{revision}', to_jsonb(edition)), published_at"
            f" FROM {SCHEMA}.adverse_events WHERE id = ANY(:ids)"
            " ON CONFLICT (id, revision) DO UPDATE SET body = excluded.body, published_at = excluded.published_at"
            " WHERE v.body::text <> excluded.body::text"
        ),
        {"ids": ids},
    )


def _exchange(connection: Connection, live: str) -> None:
    grants = connection.execute(
        text(
            "SELECT DISTINCT format('GRANT %s ON {live}.%I TO %s', a.privilege_type, c.relname,"
            " CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)"
            " FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = CAST(:live AS regnamespace)"
            " AND c.relname = ANY(:names) AND a.grantee <> c.relowner".replace("{live}", live)
        ),
        {"live": live, "names": list(DERIVED)},
    ).scalars()
    kept = list(grants)
    connection.execute(text(f"ALTER TABLE {SCHEMA}.facts ALTER recorded_at SET DEFAULT now()"))
    connection.execute(text(f"DROP TABLE {', '.join(f'{live}.{name}' for name in reversed(DERIVED))}"))
    for name in DERIVED:
        connection.execute(text(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA {live}"))
    for grant in kept:
        connection.execute(text(grant))
    connection.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))
