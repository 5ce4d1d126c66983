"""First schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adverse_event_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", "revision", name=op.f("pk_adverse_event_versions")),
    )
    op.create_table(
        "day_totals",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "day", "stratum", "measure", name=op.f("pk_day_totals")),
        comment="contributions summed by day",
    )
    op.create_table(
        "dirty_days",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "day", name=op.f("pk_dirty_days")),
        comment="days whose totals must be summed again",
    )
    op.create_table(
        "kin",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "next_due", sa.DateTime(timezone=True), nullable=True, comment="when time alone changes what is published"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kin")),
        comment="kin groups: the unit of locking, folding and revision; they only grow",
    )
    op.create_index(op.f("ix_kin_next_due"), "kin", ["next_due"], unique=False)
    op.create_table(
        "message_identity",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("control_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "control_id", "content", name=op.f("pk_message_identity")),
        comment="the first place of each (sender, control id, content): a re-send is a duplicate",
    )
    op.create_table(
        "message_ledger",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("control_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False, comment="done, duplicate, ignored or dead_letter"),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("where", sa.Text(), nullable=True),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="the raw bytes; none for what was ignored"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name=op.f("pk_message_ledger")),
        comment="one row per inbound message: in = done + duplicate + ignored + dead_letter",
    )
    op.create_index("ix_message_ledger_outcome", "message_ledger", ["topic", "outcome", "code"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column(
            "slot", sa.Text(), nullable=False, comment="the key of a compacted topic; elsewhere unique to the row"
        ),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        comment="what a transaction has decided to publish; rows stay locked from read to broker acknowledgment",
    )
    op.create_index("uq_outbox_slot", "outbox", ["topic", "slot"], unique=True)
    op.create_table(
        "telemetry_frames",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("console", sa.Text(), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column(
            "content", sa.Text(), nullable=False, comment="digest of the frame: two of one number are told apart"
        ),
        sa.Column("digest", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("site", "accession", "console", "frame", "content", name=op.f("pk_telemetry_frames")),
    )
    op.create_table(
        "adverse_events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("patient", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("onset", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_adverse_events_kin_kin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_events")),
    )
    op.create_index(op.f("ix_adverse_events_code"), "adverse_events", ["code"], unique=False)
    op.create_index(op.f("ix_adverse_events_kin"), "adverse_events", ["kin"], unique=False)
    op.create_index(op.f("ix_adverse_events_onset"), "adverse_events", ["onset"], unique=False)
    op.create_index(op.f("ix_adverse_events_patient"), "adverse_events", ["patient"], unique=False)
    op.create_index(op.f("ix_adverse_events_procedure"), "adverse_events", ["procedure"], unique=False)
    op.create_index("ix_adverse_events_published_at", "adverse_events", ["published_at", "id"], unique=False)
    op.create_table(
        "contributions",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_contributions_kin_kin")),
        sa.PrimaryKeyConstraint("owner", "site", "day", "stratum", "measure", name=op.f("pk_contributions")),
        comment="what each procedure and patient adds to the rates; replaced, never incremented",
    )
    op.create_index("ix_contributions_day", "contributions", ["site", "day"], unique=False)
    op.create_index(op.f("ix_contributions_kin"), "contributions", ["kin"], unique=False)
    op.create_table(
        "facts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="empty where only the fullest version is kept"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_facts_kin_kin")),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_facts")),
        comment="fact versions, never changed",
    )
    op.create_index(op.f("ix_facts_kin"), "facts", ["kin"], unique=False)
    op.create_table(
        "kin_names",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_kin_names_kin_kin")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_kin_names")),
        comment="every patient, procedure and report that a fact names, and its kin group",
    )
    op.create_index(op.f("ix_kin_names_kin"), "kin_names", ["kin"], unique=False)
    op.create_table(
        "procedure_records",
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("follow_up", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_procedure_records_kin_kin")),
        sa.PrimaryKeyConstraint("procedure", name=op.f("pk_procedure_records")),
    )
    op.create_index(op.f("ix_procedure_records_kin"), "procedure_records", ["kin"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_procedure_records_kin"), table_name="procedure_records")
    op.drop_table("procedure_records")
    op.drop_index(op.f("ix_kin_names_kin"), table_name="kin_names")
    op.drop_table("kin_names")
    op.drop_index(op.f("ix_facts_kin"), table_name="facts")
    op.drop_table("facts")
    op.drop_index(op.f("ix_contributions_kin"), table_name="contributions")
    op.drop_index("ix_contributions_day", table_name="contributions")
    op.drop_table("contributions")
    op.drop_index("ix_adverse_events_published_at", table_name="adverse_events")
    op.drop_index(op.f("ix_adverse_events_procedure"), table_name="adverse_events")
    op.drop_index(op.f("ix_adverse_events_patient"), table_name="adverse_events")
    op.drop_index(op.f("ix_adverse_events_onset"), table_name="adverse_events")
    op.drop_index(op.f("ix_adverse_events_kin"), table_name="adverse_events")
    op.drop_index(op.f("ix_adverse_events_code"), table_name="adverse_events")
    op.drop_table("adverse_events")
    op.drop_table("telemetry_frames")
    op.drop_index("uq_outbox_slot", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_message_ledger_outcome", table_name="message_ledger")
    op.drop_table("message_ledger")
    op.drop_table("message_identity")
    op.drop_index(op.f("ix_kin_next_due"), table_name="kin")
    op.drop_table("kin")
    op.drop_table("dirty_days")
    op.drop_table("day_totals")
    op.drop_table("adverse_event_versions")
