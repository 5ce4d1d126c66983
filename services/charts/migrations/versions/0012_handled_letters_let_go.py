"""The bytes of a handled dead letter go with the archive's; which of them still have theirs is found by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dead_letters",
        sa.Column(
            "let_go",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="handled long ago: its bytes are gone",
        ),
    )
    op.create_index(
        "ix_dead_letters_handled",
        "dead_letters",
        ["handled_at"],
        postgresql_where=sa.text("state <> 'open' AND NOT let_go"),
    )


def downgrade() -> None:
    op.drop_index("ix_dead_letters_handled", "dead_letters")
    op.drop_column("dead_letters", "let_go")
