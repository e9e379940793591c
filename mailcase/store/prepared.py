"""Core statements compiled once, for what is asked for every mail.

`Connection.execute` spends 20 to 300 µs on a statement that SQLite answers in 10; this goes to the driver's cursor.
Types are kept: what goes in and comes out is converted by the same column types. The driver's errors come as they are
and are translated where the transaction ends (`Database.read`, `Database.write`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    Text,
    UpdateBase,
    bindparam,
    cast,
    column,
    func,
    insert,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import CompoundSelect, FromClause
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import Boolean, TypeDecorator, TypeEngine

from mailcase.store.columns import CleanText, storable

Convert = Callable[[Any], Any]
Statement = Select[Any] | CompoundSelect[Any] | UpdateBase


class _Numbers(TypeDecorator[Any]):
    """A list of numbers as one parameter: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True
    element: TypeEngine[Any] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(self.element)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class _Texts(_Numbers):
    """The same for texts."""

    element = Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return super().process_bind_param([storable(one) for one in value], dialect)


class _InList(ColumnElement[bool]):
    """`column IN` a list of any length in one parameter, so that the SQL is always the same."""

    inherit_cache = False
    _is_implicitly_boolean = True  # else SQLite is asked whether it is = 1
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], values: BindParameter[Any]) -> None:
        self.column, self.values = column, values


@compiles(_InList, "sqlite")
def _json(element: _InList, compiler: Any, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), compiler.process(element.values, **kw)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both parts are compiled SQL


@compiles(_InList, "postgresql")
def _array(element: _InList, compiler: Any, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), compiler.process(element.values, **kw)
    return f"{column} = ANY ({values})"


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """`column IN` the list in the parameter `name`. Only for statements that are `Prepared`."""
    texts = isinstance(column.type, CleanText)
    return _InList(column, bindparam(name, type_=_Texts() if texts else _Numbers()))


class _Each(FunctionElement[Any]):
    """The values of a list in one parameter, as rows."""

    inherit_cache = True


@compiles(_Each, "sqlite")
def _json_rows(element: _Each, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Each, "postgresql")
def _array_rows(element: _Each, compiler: Any, **kw: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **kw)})"


def each_text(name: str) -> ColumnElement[Any]:
    """A column of the texts in the parameter `name`, a row each. Only for statements that are `Prepared`."""
    # PostgreSQL calls the one column of a function like the function's alias, SQLite calls it `value`.
    return _Each(bindparam(name, type_=_Texts())).table_valued(column("value", Text), name="value").c.value


class Prepared:
    """A statement. Parameters are given by name; rows come as tuples."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._ready: dict[tuple[str, bool], _Ready] = {}

    def statement(self, dialect: str) -> Statement:
        """What `sqlite` or `postgresql` is told."""
        return self._statement

    def of_many(self, given: FromClause) -> Statement:
        """What PostgreSQL is told to do for all rows of `given`, which has a column for each parameter."""

        def replace(element: Any, **_: Any) -> Any:
            return given.c[element.key] if isinstance(element, BindParameter) and element.required else None

        told: Any = replacement_traverse(self.statement("postgresql"), {}, replace)
        return told  # type: ignore[no-any-return]

    def _for(self, conn: Connection, many: bool = False) -> _Ready:
        if not conn.in_transaction():
            conn.begin()
        key = (conn.dialect.name, many)
        if key not in self._ready:
            self._ready[key] = _Many(self, conn) if many else _Ready(self.statement(conn.dialect.name), conn)
        return self._ready[key]

    def all(self, conn: Connection, **values: Any) -> Sequence[Any]:
        """Every row of a SELECT."""
        ready = self._for(conn)
        with closing(conn.connection.cursor(**ready.options)) as cursor:
            cursor.execute(ready.sql, ready.parameters(values))
            return ready.converted(cursor.fetchall())

    def scalar(self, conn: Connection, **values: Any) -> Any:
        """The first column of the first row, or None."""
        rows = self.all(conn, **values)
        return rows[0][0] if rows else None

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Change something, once for each of `rows`: several must be about different rows of the table.

        Returns how many rows of the table that changed.
        """
        if not rows:
            return 0
        ready = self._for(conn, many=len(rows) > 1 and conn.dialect.name == "postgresql")
        with closing(conn.connection.cursor()) as cursor:
            if isinstance(ready, _Many):
                cursor.execute(ready.sql, ready.of_rows(rows))
            elif len(rows) == 1:
                cursor.execute(ready.sql, ready.parameters(rows[0]))
            else:
                cursor.executemany(ready.sql, [ready.parameters(row) for row in rows])
            return int(cursor.rowcount)


class Inserting(Prepared):
    """INSERT of whole rows. PostgreSQL gets several of them by COPY: row by row it would run as many statements."""

    def __init__(self, table: Table, without: Sequence[str]) -> None:
        columns = [c for c in table.columns if c.name not in without]
        super().__init__(insert(table).values({c.name: bindparam(c.name, None, type_=c.type) for c in columns}))
        self._table, self._columns = table, columns

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert `rows`. Returns how many that were."""
        if conn.dialect.name == "sqlite" or not rows:
            return super().run(conn, rows)
        ready, quoted = self._for(conn), conn.dialect.identifier_preparer.quote
        columns = ", ".join(quoted(c.name) for c in self._columns)
        kinds = [c.type.compile(conn.dialect).lower() for c in self._columns]
        values = ([parameters[c.name] for c in self._columns] for parameters in map(ready.parameters, rows))
        return copy_in(conn, f"{quoted(self._table.name)} ({columns})", values, kinds)


def inserting(table: Table, *without: str) -> Prepared:
    """INSERT of whole rows; the columns `without` are left to the database. What a row does not name is NULL."""
    return Inserting(table, without)


def copy_in(conn: Connection, into: str, rows: Iterable[Sequence[Any]], kinds: Sequence[str] = ()) -> int:
    """Write rows `into` a table and its columns, on PostgreSQL. Returns how many.

    `kinds` are the types of the columns, for values as they are. Without it values are strings, which the server reads
    as literals of the columns' types.
    """
    with closing(conn.connection.cursor()) as cursor:
        with cursor.copy(f"COPY {into} FROM STDIN{' (FORMAT BINARY)' if kinds else ''}") as copy:
            if kinds:
                copy.set_types(kinds)
            for row in rows:
                copy.write_row(row)
        return int(cursor.rowcount)


class _Ready:
    """A statement for one database: its SQL, and how to convert what goes in and comes out."""

    def __init__(self, statement: Any, conn: Connection) -> None:
        compiled: Any = statement.compile(dialect=conn.dialect)
        self.sql = str(compiled)
        # PostgreSQL writes bytes as hex when it is not asked for binary answers.
        self.options = {} if conn.dialect.name == "sqlite" else {"binary": True}
        names: list[str] | None = getattr(compiled, "positiontup", None)
        binds: dict[str, BindParameter[Any]] = compiled.binds
        self.named = names is None
        self.inputs = [
            (name, _in(binds[name].type, conn), None if binds[name].required else binds[name].value)
            for name in (names if names is not None else compiled.bind_names.values())
        ]
        columns = list(statement.selected_columns) if isinstance(statement, Select | CompoundSelect) else []
        self.outputs = [(i, to) for i, column in enumerate(columns) if (to := _out(column.type, conn)) is not None]

    def parameters(self, given: Mapping[str, Any]) -> Any:
        values = [
            (value if convert is None else convert(value))
            for name, convert, otherwise in self.inputs
            for value in (given.get(name, otherwise),)
        ]
        return {name: value for (name, *_), value in zip(self.inputs, values, strict=True)} if self.named else values

    def converted(self, rows: Sequence[Any]) -> Sequence[Any]:
        return [self._converted(row) for row in rows] if self.outputs else rows

    def _converted(self, row: Sequence[Any]) -> tuple[Any, ...]:
        changed = list(row)
        for i, to in self.outputs:
            changed[i] = to(changed[i])
        return tuple(changed)


class _Many(_Ready):
    """A statement that PostgreSQL runs once for many rows. They are one parameter, in JSON: row by row it would be as
    many statements, each parsed anew for every other mixture of the values' types.
    """

    def __init__(self, prepared: Prepared, conn: Connection) -> None:
        binds: dict[str, BindParameter[Any]] = prepared.statement("postgresql").compile(dialect=conn.dialect).binds
        columns = [column(name, bind.type) for name, bind in binds.items() if bind.required]
        rows = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON)).table_valued(*columns)
        super().__init__(prepared.of_many(rows.render_derived(name="given", with_types=True)), conn)
        self._columns = [(c.name, _in(c.type, conn)) for c in columns]

    def of_rows(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        values = [{name: to(row.get(name)) if to else row.get(name) for name, to in self._columns} for row in rows]
        return self.parameters({"rows": json.dumps(values, ensure_ascii=False, default=str)})


def _in(kind: TypeEngine[Any], conn: Connection) -> Convert | None:
    return kind.dialect_impl(conn.dialect).bind_processor(conn.dialect)


def _out(kind: TypeEngine[Any], conn: Connection) -> Convert | None:
    return kind.dialect_impl(conn.dialect).result_processor(conn.dialect, None)
