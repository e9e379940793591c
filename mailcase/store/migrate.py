"""The version of the schema: looked at by everything that opens the database, moved only by `upgrade` (P7)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mailcase.store.engine import Database
from mailcase.store.errors import SchemaTooNew, SchemaTooOld

# The newest file in migrations/versions. Kept here because importing Alembic to ask it costs half a second.
HEAD = "0003"
_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6D61696C63617365  # "mailcase": one upgrade at a time on PostgreSQL


def check(db: Database) -> None:
    """Raises SchemaTooNew or SchemaTooOld unless the database has exactly the schema this mailcase was built for."""
    with db.read() as connection:
        found = version(connection)
    _refuse_newer(found)
    if found == HEAD:
        return
    state = f"schema {found}" if found else "no schema yet"
    raise SchemaTooOld(f"the database has {state}, this mailcase needs {HEAD}: run mailcase db upgrade")


def prepare(db: Database) -> None:
    """What a start does: an empty database gets its schema; one that has a schema must have the right one.

    An upgrade of what exists is the operator's decision: they make a backup first. Raises as `check` does.
    """
    if is_empty(db):
        upgrade(db)
    else:
        check(db)


def is_empty(db: Database) -> bool:
    """True where no schema is yet."""
    with db.read() as connection:
        return not version(connection)


def _refuse_newer(found: str) -> None:
    if found > HEAD:
        raise SchemaTooNew(f"the database has schema {found}, this mailcase knows only {HEAD}: install the newer one")


def version(connection: Connection) -> str:
    """The revision in the database, such as "0001"; "" where there is none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT max(version_num) FROM alembic_version")) or ""


def upgrade(db: Database) -> str:
    """Bring the schema up to date, all at once or not at all, and return its version. Doing it twice does nothing.

    Two at the same time wait for each other. Raises SchemaTooNew.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with db.write() as connection:
        if db.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _refuse_newer(version(connection))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return HEAD
