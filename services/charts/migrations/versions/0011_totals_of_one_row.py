"""A day's and a month's totals are one row each, so that a sum writes one row and not a hundred"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SIDES = (("day_totals", "day"), ("month_totals", "month"))
COMMENT = "count by measure, by stratum"


def upgrade() -> None:
    for table, at in SIDES:  # in place: whoever was granted something keeps it
        op.execute(
            f"CREATE TEMPORARY TABLE folded AS SELECT site, {at}, jsonb_object_agg(stratum, counts) AS counts FROM"
            f" (SELECT site, {at}, stratum, jsonb_object_agg(measure, count) AS counts"
            f" FROM {table} GROUP BY site, {at}, stratum) s GROUP BY site, {at}"
        )
        op.execute(f"TRUNCATE {table}")
        op.drop_constraint(f"pk_{table}", table)
        for column in ("stratum", "measure", "count"):
            op.drop_column(table, column)
        op.add_column(table, sa.Column("counts", postgresql.JSONB(), nullable=False, comment=COMMENT))
        op.create_primary_key(f"pk_{table}", table, ["site", at])
        op.execute(f"INSERT INTO {table} (site, {at}, counts) SELECT site, {at}, counts FROM folded")
        op.execute("DROP TABLE folded")


def downgrade() -> None:
    for table, at in SIDES:
        op.execute(
            f"CREATE TEMPORARY TABLE unfolded AS SELECT t.site, t.{at}, s.key AS stratum, m.key AS measure,"
            f" m.value::integer AS count FROM {table} t, jsonb_each(t.counts) s, jsonb_each_text(s.value) m"
        )
        op.execute(f"TRUNCATE {table}")
        op.drop_constraint(f"pk_{table}", table)
        op.drop_column(table, "counts")
        for column, kind in (("stratum", sa.Text()), ("measure", sa.Text()), ("count", sa.Integer())):
            op.add_column(table, sa.Column(column, kind, nullable=False))
        op.create_primary_key(f"pk_{table}", table, ["site", at, "stratum", "measure"])
        op.execute(
            f"INSERT INTO {table} (site, {at}, stratum, measure, count)"
            f" SELECT site, {at}, stratum, measure, count FROM unfolded"
        )
        op.execute("DROP TABLE unfolded")
