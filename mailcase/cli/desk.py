"""The database as commands that only look at it see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailcase.config import Config
from mailcase.store import migrate
from mailcase.store.engine import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection


@contextmanager
def database(config: Config) -> Iterator[Database]:
    """The database of a config, with the schema this version knows. Raises StoreError with the remedy."""
    db = Database.open(config.database)
    try:
        migrate.check(db)
        yield db
    finally:
        db.close()


@contextmanager
def reading(config: Config) -> Iterator[Connection]:
    """A connection that sees one unchanging state."""
    with database(config) as db, db.read() as conn:
        yield conn
