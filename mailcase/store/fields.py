"""The columns that tables are made of, and what all tables have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, MetaData
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from mailcase.store.columns import CleanText, Id, JsonText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """What all tables have in common: one MetaData with named constraints, so that migrations can find them."""

    metadata = metadata


def identity() -> Any:
    """A primary key that the database counts."""
    return Field(default=None, sa_column=Column(Id, primary_key=True))


def text(primary_key: bool = False, unique: bool = False) -> Any:
    """TEXT that is never NULL."""
    return Field(default="", sa_column=Column(CleanText, nullable=False, primary_key=primary_key, unique=unique))


def integer(primary_key: bool = False) -> Any:
    """A 64-bit number that is never NULL."""
    column = Column(Id, nullable=False, primary_key=primary_key, autoincrement=False)
    return Field(default=0, sa_column=column)


def flag() -> Any:
    """True or false."""
    return Field(default=False, sa_column=Column(Boolean, nullable=False))


def json() -> Any:
    """JSON as text."""
    return Field(default=None, sa_column=Column(JsonText, nullable=False))


def time(null: bool = False) -> Any:
    """A moment in UTC."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=null))


def refers(column: str, null: bool = False, primary_key: bool = False, deferred: bool = False) -> Any:
    """A key of another table. `deferred` is looked at when the transaction ends: a mail may come before its case."""
    key = ForeignKey(column, deferrable=True, initially="DEFERRED") if deferred else ForeignKey(column)
    return Field(default=None, sa_column=Column(Id, key, nullable=null, primary_key=primary_key, autoincrement=False))


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of few rows of many. Queries repeat `where` word for word, as a literal."""
    return Index(name, *columns, sqlite_where=sql(where), postgresql_where=sql(where))
