"""The shell's tables: the message ledger, message identities, and the outbox."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, LargeBinary, Table, Text, func
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
    Column("value", LargeBinary, nullable=False),
    Column("headers", JSONB),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    comment="what a transaction has decided to publish; rows stay locked from read to broker acknowledgment",
)
Index("uq_outbox_slot", outbox.c.topic, outbox.c.slot, unique=True)
