"""The shell's tables: the message ledger, message identities, dead letters with their edits, outbox, audit trail."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.runtime.database import metadata

message_ledger = Table(
    "message_ledger",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("service", Text, nullable=False),
    Column("sender", Text),
    Column("control_id", Text),
    Column("type", Text),
    Column("content", Text),
    Column("outcome", Text, nullable=False, comment="done, duplicate, ignored or dead_letter"),
    Column("code", Text),
    Column("where", Text),
    Column("results", Integer, nullable=False),
    Column("warnings", JSONB),
    Column("body", LargeBinary, comment="the raw bytes; none for what was ignored"),
    Column("recorded_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("replay_of", Text, comment="place of the dead letter that this message is a replay of"),
    comment="one row per inbound message: in = done + duplicate + ignored + dead_letter",
)
Index("ix_message_ledger_outcome", message_ledger.c.topic, message_ledger.c.outcome, message_ledger.c.code)
Index(
    "ix_message_ledger_replay_of", message_ledger.c.replay_of, postgresql_where=message_ledger.c.replay_of.is_not(None)
)
Index(
    "ix_message_ledger_archive",
    message_ledger.c.recorded_at,
    postgresql_where=text("body IS NOT NULL AND outcome IN ('done', 'duplicate')"),
)
Index("ix_message_ledger_ignored", message_ledger.c.recorded_at, postgresql_where=text("outcome = 'ignored'"))

ignored_totals = Table(
    "ignored_totals",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("messages", BigInteger, nullable=False),
    comment="ignored messages whose ledger rows were summed up: in = ledger rows + these",
)

message_identity = Table(
    "message_identity",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("control_id", Text, primary_key=True),
    Column("content", Text, primary_key=True),
    Column("place", Text, nullable=False),
    comment="the first place of each (sender, control id, content): a re-send is a duplicate",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("place", Text, nullable=False, unique=True, comment="topic/partition/offset of the message"),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("service", Text, nullable=False),
    Column("sender", Text),
    Column("type", Text),
    Column("code", Text, nullable=False),
    Column("where", Text, nullable=False),
    Column("key", LargeBinary),
    Column("headers", JSONB, nullable=False, comment="name to value in base64"),
    Column("body", LargeBinary, comment="the raw bytes, only where the message ledger has no row for the message"),
    Column("replay_of", Text, comment="place of the dead letter that this message was a replay of"),
    Column("state", Text, nullable=False, server_default="open", comment="open, replayed or discarded"),
    Column("replays", Integer, nullable=False, server_default="0"),
    Column("handled_by", Text),
    Column("handled_at", DateTime(timezone=True)),
    Column("reason", Text),
    Column("recorded_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("let_go", Boolean, nullable=False, server_default=false(), comment="handled long ago: its bytes are gone"),
    comment="what can be done about each dead letter, and was; the row in the ledger never changes",
)
Index("ix_dead_letters_handled", dead_letters.c.handled_at, postgresql_where=text("state <> 'open' AND NOT let_go"))
Index("ix_dead_letters_state", dead_letters.c.state, dead_letters.c.topic, dead_letters.c.code, dead_letters.c.id)

dead_letter_edits = Table(
    "dead_letter_edits",
    metadata,
    Column("letter", BigInteger, ForeignKey("dead_letters.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, comment="1 for the first; the last one is replayed"),
    Column("body", LargeBinary, comment="the corrected bytes; none once erased"),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    comment="corrected bodies of dead letters, beside the original",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("slot", Text, nullable=False, comment="the key of a compacted topic; elsewhere unique to the row"),
    Column("key", Text),
    Column("value", LargeBinary, comment="none is a tombstone: erasure only"),
    Column("headers", JSONB),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    comment="what a transaction has decided to publish; rows stay locked from read to broker acknowledgment",
)
Index("uq_outbox_slot", outbox.c.topic, outbox.c.slot, unique=True)

audit_events = Table(
    "audit_events",
    metadata,
    Column("number", BigInteger, Identity(), primary_key=True),
    Column("recorded", DateTime(timezone=True), nullable=False),
    Column("acts", ARRAY(Text), nullable=False, comment="our words for the act, the main one first"),
    Column("outcome", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("person", Text, comment="for whom the client acted, as it says"),
    Column("patient", Text, comment="system|number; none where no patient is known"),
    Column("body", JSONB, nullable=False),
    comment="AuditEvents as they went to the topic audit-events, to be searched",
)
Index("ix_audit_events_recorded", audit_events.c.recorded, audit_events.c.number)
Index(
    "ix_audit_events_patient",
    audit_events.c.patient,
    audit_events.c.recorded,
    audit_events.c.number,
    postgresql_where=audit_events.c.patient.is_not(None),
)

message_subjects = Table(
    "message_subjects",
    metadata,
    Column("subject", LargeBinary, primary_key=True, comment="keyed hash of a patient's or a procedure's name"),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    comment="whom each message speaks of, so that an erasure finds it without reading the archive",
)

erased_subjects = Table(
    "erased_subjects",
    metadata,
    Column("subject", LargeBinary, primary_key=True),
    Column("erased_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    comment="keyed hashes of erased patients, their procedures and reports: what comes again is ignored",
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("erased_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    Column("site", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    comment="that a patient was erased, by whom and why; never which one",
)
