"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy has once for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from mailcase.store.prepared import Prepared, Statement


class Upsert(Prepared):
    """Insert, or where a row with this `key` exists set the columns `change` to what was to be inserted, add it up in
    the columns `add`, and put it into the columns `fill` unless it is empty; do nothing when there are none of these.

    The columns `without` are left to the database. What a row does not name is NULL.
    """

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        change: Sequence[str] = (),
        *,
        add: Sequence[str] = (),
        fill: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> None:
        columns = [c for c in table.columns if c.name not in without]
        super().__init__(table.insert().values({c.name: bindparam(c.name, type_=c.type) for c in columns}))
        self._table, self._names, self._key = table, [c.name for c in columns], list(key)
        self._change, self._add, self._fill = change, add, fill

    def statement(self, dialect: str) -> Statement:
        """What `sqlite` or `postgresql` is told."""
        values = {name: bindparam(name, type_=self._table.c[name].type) for name in self._names}
        insert = (postgresql if dialect == "postgresql" else sqlite).insert(self._table)
        return self._on_conflict(insert.values(values))

    def of_many(self, given: FromClause) -> Statement:
        """What PostgreSQL is told to do for all rows of `given`."""
        rows = select(*(given.c[name] for name in self._names))
        return self._on_conflict(postgresql.insert(self._table).from_select(self._names, rows))

    def _on_conflict(self, insert: Any) -> Statement:
        old, new = self._table.c, insert.excluded
        values = {name: new[name] for name in self._change}
        values |= {name: old[name] + new[name] for name in self._add}
        values |= {name: func.coalesce(func.nullif(new[name], ""), old[name]) for name in self._fill}
        done: Statement = (
            insert.on_conflict_do_update(index_elements=self._key, set_=values)
            if values
            else insert.on_conflict_do_nothing(index_elements=self._key)
        )
        return done
