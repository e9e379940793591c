"""Reservations of cases, answers that go out later, and what was done when by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT, TIME, FLAG = sa.Text(), sa.DateTime(timezone=True), sa.Boolean()


def upgrade() -> None:
    """Two columns of a case, two tables."""
    op.add_column("cases", sa.Column("reserved_by", TEXT, nullable=True))
    op.add_column("cases", sa.Column("reserved_until", TIME, nullable=True))
    op.create_table(
        "later",
        sa.Column("id", ID, nullable=False),
        sa.Column("case", ID, autoincrement=False, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("agent", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("unless_answered", FLAG, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.number"], name="fk_later_case"),
        sa.PrimaryKeyConstraint("id", name="pk_later"),
    )
    op.create_index("ix_later_case", "later", ["case"])
    op.create_index("ix_later_due_at", "later", ["due_at"])
    op.create_table(
        "mark",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_mark"),
    )
