"""Row numbers known before the rows are written, so that rows which refer to each other go in together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Integer, Table, bindparam, func, literal_column, select

from mailcase.store.prepared import Prepared


def next_ids(conn: Connection, table: Table, count: int) -> Sequence[int]:
    """`count` unused ids of `table`, ascending.

    On SQLite the write transaction is alone: the highest id plus one is free. On PostgreSQL they come from the
    sequence behind the column, and are not used again after a rollback.
    """
    if conn.dialect.name == "sqlite":
        top: int = _top(table).scalar(conn) or 0
        return range(top + 1, top + 1 + count)
    return [row[0] for row in _sequence(table).all(conn, count=count)]


@cache
def _sequence(table: Table) -> Prepared:
    following = func.nextval(literal_column(f"'{table.name}_id_seq'"))
    return Prepared(select(following).select_from(func.generate_series(1, bindparam("count", type_=Integer))))


@cache
def _top(table: Table) -> Prepared:
    return Prepared(select(func.max(table.c.id)))
