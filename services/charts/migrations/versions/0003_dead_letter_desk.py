"""The dead-letter desk: letters, their edits, and which message is a replay"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "message_ledger",
        sa.Column(
            "replay_of", sa.Text(), nullable=True, comment="place of the dead letter that this message is a replay of"
        ),
    )
    op.create_index(
        "ix_message_ledger_replay_of",
        "message_ledger",
        ["replay_of"],
        unique=False,
        postgresql_where=sa.text("replay_of IS NOT NULL"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("place", sa.Text(), nullable=False, comment="topic/partition/offset of the message"),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column(
            "headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="name to value in base64"
        ),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=True,
            comment="the raw bytes, only where the message ledger has no row for the message",
        ),
        sa.Column(
            "replay_of", sa.Text(), nullable=True, comment="place of the dead letter that this message was a replay of"
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False, comment="open, replayed or discarded"),
        sa.Column("replays", sa.Integer(), server_default="0", nullable=False),
        sa.Column("handled_by", sa.Text(), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("place", name=op.f("uq_dead_letters_place")),
        comment="what can be done about each dead letter, and was; the row in the ledger never changes",
    )
    op.create_index("ix_dead_letters_state", "dead_letters", ["state", "topic", "code", "id"], unique=False)
    op.create_table(
        "dead_letter_edits",
        sa.Column("letter", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 for the first; the last one is replayed"),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="the corrected bytes; none once erased"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter"],
            ["dead_letters.id"],
            name=op.f("fk_dead_letter_edits_letter_dead_letters"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("letter", "number", name=op.f("pk_dead_letter_edits")),
        comment="corrected bodies of dead letters, beside the original",
    )
    # Dead letters from before: their keys are gone, of their headers the sender is left, which is what FHIR needs.
    op.execute(
        """
        INSERT INTO dead_letters (place, topic, partition, "offset", service, sender, type, code, "where", headers,
                                  recorded_at)
        SELECT topic || '/' || partition || '/' || "offset", topic, partition, "offset", service, sender, type,
               coalesce(code, 'unknown'), coalesce("where", ''),
               CASE WHEN sender IS NULL THEN '{}'::jsonb ELSE jsonb_build_object(
                 'cw-sender', replace(encode(convert_to(sender, 'UTF8'), 'base64'), chr(10), '')) END,
               recorded_at
        FROM message_ledger WHERE outcome = 'dead_letter' ORDER BY recorded_at
        """
    )


def downgrade() -> None:
    op.drop_table("dead_letter_edits")
    op.drop_index("ix_dead_letters_state", table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_index("ix_message_ledger_replay_of", table_name="message_ledger")
    op.drop_column("message_ledger", "replay_of")
