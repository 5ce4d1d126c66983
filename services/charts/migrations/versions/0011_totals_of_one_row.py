"""A day's and a month's totals are one row each, so that a sum writes one row and not a hundred"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SIDES = (("day_totals", "day"), ("month_totals", "month"))
COMMENTS = {"day_totals": "contributions summed by day", "month_totals": "day totals summed by month"}


def upgrade() -> None:
    for table, at in SIDES:
        op.rename_table(table, f"old_{table}")
        op.execute(f"ALTER TABLE old_{table} RENAME CONSTRAINT pk_{table} TO pk_old_{table}")
        op.create_table(
            table,
            sa.Column("site", sa.Text(), nullable=False),
            sa.Column(at, sa.Date(), nullable=False, comment="its first day" if at == "month" else None),
            sa.Column("counts", postgresql.JSONB(), nullable=False, comment="count by measure, by stratum"),
            sa.PrimaryKeyConstraint("site", at, name=f"pk_{table}"),
            comment=COMMENTS[table],
        )
        op.execute(
            f"INSERT INTO {table} SELECT site, {at}, jsonb_object_agg(stratum, counts) FROM"
            f" (SELECT site, {at}, stratum, jsonb_object_agg(measure, count) AS counts"
            f" FROM old_{table} GROUP BY site, {at}, stratum) s GROUP BY site, {at}"
        )
        op.drop_table(f"old_{table}")
    op.create_index("ix_day_totals_day", "day_totals", ["day"])
    op.execute("ALTER TABLE day_totals SET (fillfactor = 70)")


def downgrade() -> None:
    for table, at in SIDES:
        op.rename_table(table, f"new_{table}")
        op.execute(f"ALTER TABLE new_{table} RENAME CONSTRAINT pk_{table} TO pk_new_{table}")
        op.create_table(
            table,
            sa.Column("site", sa.Text(), nullable=False),
            sa.Column(at, sa.Date(), nullable=False, comment="its first day" if at == "month" else None),
            sa.Column("stratum", sa.Text(), nullable=False),
            sa.Column("measure", sa.Text(), nullable=False),
            sa.Column("count", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("site", at, "stratum", "measure", name=f"pk_{table}"),
            comment=COMMENTS[table],
        )
        op.execute(
            f"INSERT INTO {table} SELECT t.site, t.{at}, s.key, m.key, m.value::integer"
            f" FROM new_{table} t, jsonb_each(t.counts) s, jsonb_each_text(s.value) m"
        )
        op.drop_table(f"new_{table}")
    op.create_index("ix_day_totals_day", "day_totals", ["day"])
    op.execute("ALTER TABLE day_totals SET (fillfactor = 70)")
