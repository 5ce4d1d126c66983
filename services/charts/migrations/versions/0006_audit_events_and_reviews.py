"""The audit trail as a table that can be searched, and indexes for what is to be reviewed"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "acts", postgresql.ARRAY(sa.Text()), nullable=False, comment="our words for the act, the main one first"
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True, comment="for whom the client acted, as it says"),
        sa.Column("patient", sa.Text(), nullable=True, comment="system|number; none where no patient is known"),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_events")),
        comment="AuditEvents as they went to the topic audit-events, to be searched",
    )
    op.create_index("ix_audit_events_recorded", "audit_events", ["recorded", "number"], unique=False)
    op.create_index(
        "ix_audit_events_patient",
        "audit_events",
        ["patient", "recorded", "number"],
        unique=False,
        postgresql_where=sa.text("patient IS NOT NULL"),
    )
    op.create_index("ix_adverse_events_review", "adverse_events", ["id"], postgresql_where=sa.text("body ? 'review'"))
    op.create_index(
        "ix_procedure_records_review",
        "procedure_records",
        ["procedure"],
        postgresql_where=sa.text("body ? 'review'"),
    )


def downgrade() -> None:
    op.drop_index("ix_procedure_records_review", table_name="procedure_records")
    op.drop_index("ix_adverse_events_review", table_name="adverse_events")
    op.drop_table("audit_events")
