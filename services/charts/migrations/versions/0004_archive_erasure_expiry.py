"""Whom messages speak of, erasures, expiry, and indexes for search by bare number"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_subjects",
        sa.Column(
            "subject", sa.LargeBinary(), nullable=False, comment="keyed hash of a patient's or a procedure's name"
        ),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "topic", "partition", "offset", name=op.f("pk_message_subjects")),
        comment="whom each message speaks of, so that an erasure finds it without reading the archive",
    )
    op.create_table(
        "erased_subjects",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_erased_subjects")),
        comment="keyed hashes of erased patients, their procedures and reports: what comes again is ignored",
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        comment="that a patient was erased, by whom and why; never which one",
    )
    op.create_table(
        "expiry_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column(
            "reached",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="facts recorded until then were looked at",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expiry_progress")),
        comment="how far the expiry of facts without a procedure has come",
    )
    op.alter_column(
        "outbox",
        "value",
        existing_type=sa.LargeBinary(),
        nullable=True,
        comment="none is a tombstone: erasure only",
    )
    op.create_index(op.f("ix_facts_recorded_at"), "facts", ["recorded_at"], unique=False)
    op.create_index(
        "ix_message_ledger_archive",
        "message_ledger",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("body IS NOT NULL AND outcome IN ('done', 'duplicate')"),
    )
    op.create_index(
        "ix_message_ledger_ignored",
        "message_ledger",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("outcome = 'ignored'"),
    )
    op.create_table(
        "ignored_totals",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "day", "code", name=op.f("pk_ignored_totals")),
        comment="ignored messages whose ledger rows were summed up: in = ledger rows + these",
    )
    op.create_index("ix_adverse_events_patient_id", "adverse_events", [sa.text("(body ->> 'patient_id')")])
    op.create_index("ix_adverse_events_accession", "adverse_events", [sa.text("(body ->> 'accession')")])


def downgrade() -> None:
    op.drop_index("ix_adverse_events_accession", table_name="adverse_events")
    op.drop_index("ix_adverse_events_patient_id", table_name="adverse_events")
    op.drop_table("ignored_totals")
    op.drop_index("ix_message_ledger_ignored", table_name="message_ledger")
    op.drop_index("ix_message_ledger_archive", table_name="message_ledger")
    op.drop_index(op.f("ix_facts_recorded_at"), table_name="facts")
    op.execute("DELETE FROM outbox WHERE value IS NULL")
    op.alter_column(
        "outbox",
        "value",
        existing_type=sa.LargeBinary(),
        nullable=False,
        existing_comment="none is a tombstone: erasure only",
        comment=None,
    )
    op.drop_table("expiry_progress")
    op.drop_table("erasures")
    op.drop_table("erased_subjects")
    op.drop_table("message_subjects")
