"""Editions and rule stamps

An event's edition is the revision at which it last changed for readers; a group's stamp names the rules it was
published by, so that the timer publishes it again after an upgrade.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "kin",
        sa.Column(
            "rules", sa.Text(), server_default="", nullable=False, comment="stamp of the rules it was published by"
        ),
    )
    op.create_index(op.f("ix_kin_rules"), "kin", ["rules"], unique=False)
    op.add_column("adverse_events", sa.Column("edition", sa.BigInteger(), nullable=True))
    op.execute("UPDATE adverse_events SET edition = revision")
    op.alter_column(
        "adverse_events",
        "edition",
        nullable=False,
        comment="the revision at which anything but the revision changed last",
    )


def downgrade() -> None:
    op.drop_column("adverse_events", "edition")
    op.drop_index(op.f("ix_kin_rules"), table_name="kin")
    op.drop_column("kin", "rules")
