"""Counts for /healthz, /metrics and the listing of what there is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from mailcase.store import spool
from mailcase.store.tables import cases, deadline, outbox


def counts(conn: Connection) -> dict[str, Any]:
    """`spool` and `outbox` mails by state, `cases` by kind of status, and how many deadlines are `overdue`."""
    outgoing = dict.fromkeys(("queued", "sending", "sent", "uncertain", "failed", "held", "cancelled"), 0)
    outgoing |= _grouped(conn, outbox.c.state)
    overdue = conn.scalar(select(func.count()).where(deadline.c.due_at < datetime.now(UTC))) or 0
    return {"spool": spool.counts(conn), "outbox": outgoing, "cases": _grouped(conn, cases.c.kind), "overdue": overdue}


def _grouped(conn: Connection, column: ColumnElement[str]) -> dict[str, int]:
    return {row[0]: row[1] for row in conn.execute(select(column, func.count()).group_by(column))}
