"""Totals by month, so that a reading of the rates doesn't grow with the procedures"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FILL = """
INSERT INTO month_totals (site, month, stratum, measure, count)
SELECT site, date_trunc('month', day)::date, stratum, measure, sum(count) FROM day_totals GROUP BY 1, 2, 3, 4
"""


def upgrade() -> None:
    op.create_table(
        "month_totals",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day"),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "month", "stratum", "measure", name=op.f("pk_month_totals")),
        comment="day totals summed by month",
    )
    op.execute(_FILL)
    op.create_index("ix_day_totals_day", "day_totals", ["day"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_day_totals_day", table_name="day_totals")
    op.drop_table("month_totals")
