"""Indices that have the order of an agent's list and of what changed last: nothing is sorted for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ATTENTION = "(CASE WHEN kind IN ('new', 'open') THEN 0 WHEN kind = 'closed' THEN 2 ELSE 1 END)"
ASSIGNED = sa.text("assignee <> ''")


def upgrade() -> None:
    """Two indices instead of two others."""
    op.drop_index("ix_cases_assignee", "cases")
    op.create_index(
        "ix_cases_assigned",
        "cases",
        ["assignee", sa.text(ATTENTION), "priority_rank", "created_at", "number"],
        sqlite_where=ASSIGNED,
        postgresql_where=ASSIGNED,
    )
    op.drop_index("ix_cases_updated_at", "cases")
    op.create_index("ix_cases_updated_at_number", "cases", ["updated_at", "number"])
