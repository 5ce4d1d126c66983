"""A day's mark has another number each time that it is set, so that a sum can tell which it has answered"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("dirty_days", "marks")
    op.add_column(
        "dirty_days",
        sa.Column("mark", sa.BigInteger(), sa.Identity(), nullable=False, comment="another each time that it is set"),
    )
    op.create_index(op.f("ix_dirty_days_mark"), "dirty_days", ["mark"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dirty_days_mark"), table_name="dirty_days")
    op.drop_column("dirty_days", "mark")
    op.add_column("dirty_days", sa.Column("marks", sa.Integer(), server_default="1", nullable=False))
    op.alter_column("dirty_days", "marks", server_default=None)
