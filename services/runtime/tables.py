"""The shell's tables: the message ledger, message identities, and the outbox."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

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
    comment="one row per inbound message: in = done + duplicate + ignored + dead_letter",
)
Index("ix_message_ledger_outcome", message_ledger.c.topic, message_ledger.c.outcome, message_ledger.c.code)
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
