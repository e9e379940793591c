"""Row numbers known before the rows are written, so that rows which refer to each other go in together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Table, func, select, text

from mailcase.store.prepared import Prepared

_NEXT = text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)")


def next_ids(conn: Connection, table: Table, count: int) -> Sequence[int]:
    """`count` unused ids of `table`, ascending.

    On SQLite the write transaction is alone: the highest id plus one is free. On PostgreSQL they come from the
    sequence behind the column, and are not used again after a rollback.
    """
    if conn.dialect.name == "sqlite":
        top: int = _top(table).scalar(conn) or 0
        return range(top + 1, top + 1 + count)
    return list(conn.scalars(_NEXT, {"sequence": f"{table.name}_id_seq", "count": count}))


@cache
def _top(table: Table) -> Prepared:
    return Prepared(select(func.max(table.c.id)))
