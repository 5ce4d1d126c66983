"""A row of contributions holds all counts of an owner and a day"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TOGETHER = """
INSERT INTO contributions (owner, site, day, counts, kin)
SELECT owner, site, day, jsonb_object_agg(stratum, measures), min(kin)
FROM (
    SELECT owner, site, day, stratum, jsonb_object_agg(measure, count) AS measures, min(kin) AS kin
    FROM contributions_before GROUP BY owner, site, day, stratum
) t
GROUP BY owner, site, day
"""
_APART = """
INSERT INTO contributions (owner, site, day, stratum, measure, count, kin)
SELECT owner, site, day, s.key, m.key, m.value::integer, kin
FROM contributions_before, jsonb_each(counts) s, jsonb_each_text(s.value) m
"""


def upgrade() -> None:
    _set_aside()
    op.create_table(
        "contributions",
        *_key(),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="count by measure, by stratum",
        ),
        *_kin(),
        sa.PrimaryKeyConstraint("owner", "site", "day", name=op.f("pk_contributions")),
        comment="what each procedure and patient adds to the rates; replaced, never incremented",
    )
    _bring_back(_TOGETHER)


def downgrade() -> None:
    _set_aside()
    op.create_table(
        "contributions",
        *_key(),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        *_kin(),
        sa.PrimaryKeyConstraint("owner", "site", "day", "stratum", "measure", name=op.f("pk_contributions")),
        comment="what each procedure and patient adds to the rates; replaced, never incremented",
    )
    _bring_back(_APART)


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
    )


def _kin() -> tuple[sa.Column[object] | sa.ForeignKeyConstraint, ...]:
    return (
        sa.Column("kin", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kin"], ["kin.id"], name=op.f("fk_contributions_kin_kin")),
    )


def _set_aside() -> None:
    op.rename_table("contributions", "contributions_before")
    op.execute("ALTER TABLE contributions_before DROP CONSTRAINT pk_contributions")
    op.execute("ALTER TABLE contributions_before DROP CONSTRAINT fk_contributions_kin_kin")
    op.drop_index("ix_contributions_day", table_name="contributions_before")
    op.drop_index(op.f("ix_contributions_kin"), table_name="contributions_before")


def _bring_back(how: str) -> None:
    op.execute(how)
    op.drop_table("contributions_before")
    op.create_index("ix_contributions_day", "contributions", ["site", "day"], unique=False)
    op.create_index(op.f("ix_contributions_kin"), "contributions", ["kin"], unique=False)
