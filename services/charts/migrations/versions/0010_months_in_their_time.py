"""A mark stays until its month is summed, too; totals that are written again and again leave room in their pages"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dirty_days",
        sa.Column(
            "summed",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the day is summed since then, its month is not",
        ),
    )
    op.create_table_comment(
        "dirty_days",
        "days that must be summed again, or their months",
        existing_comment="days whose totals must be summed again",
    )
    op.execute("ALTER TABLE day_totals SET (fillfactor = 70)")


def downgrade() -> None:
    op.execute("ALTER TABLE day_totals RESET (fillfactor)")
    op.create_table_comment(
        "dirty_days",
        "days whose totals must be summed again",
        existing_comment="days that must be summed again, or their months",
    )
    op.drop_column("dirty_days", "summed")
