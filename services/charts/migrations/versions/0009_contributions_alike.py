"""Contributions that add the same are told by a column, so that a day's sum takes each kind apart once"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "contributions",
        sa.Column(
            "shape",
            sa.BigInteger(),
            sa.Computed("hashtextextended(counts::text, 1)", persisted=True),
            nullable=True,
            comment="the same where the counts are",
        ),
    )


def downgrade() -> None:
    op.drop_column("contributions", "shape")
