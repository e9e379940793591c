"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy has once for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    table: Table, key: Sequence[str], change: Sequence[str], add: Sequence[str] = ()
) -> Callable[[Connection], Insert]:
    """A statement by dialect: insert, or where a row with this `key` exists set the columns `change` to what was to be
    inserted and add it up in the columns `add`; do nothing when there are neither.
    """

    @cache
    def build(dialect: str) -> Insert:
        statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
        values: dict[str, Any] = {name: statement.excluded[name] for name in change}
        values |= {name: table.c[name] + statement.excluded[name] for name in add}
        done: Insert = (
            statement.on_conflict_do_update(index_elements=list(key), set_=values)
            if values
            else statement.on_conflict_do_nothing(index_elements=list(key))
        )
        return done

    return lambda conn: build(conn.dialect.name)
