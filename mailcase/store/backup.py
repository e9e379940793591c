"""A copy of the whole database while the daemon works: every mail and every case that is in it, at one moment (P6)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import create_engine

from mailcase.store.audit import audit
from mailcase.store.engine import Database
from mailcase.store.errors import StoreError

_DEBIAN = Path("/usr/lib/postgresql")


class BackupFailed(StoreError):
    """There is no backup, and nothing of it was left behind."""


def backup(database: Database, target: Path) -> int:
    """Copy the database to `target`, a new file that only its owner can read; returns its size in bytes.

    SQLite: a database file, made by the online backup API and checked. PostgreSQL: an archive of pg_dump for
    pg_restore. The file gets its name only when it is whole and on disk. Raises BackupFailed.
    """
    if target.exists():
        raise BackupFailed(f"{target} is there already: name a new file")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if database.path:
            _copy(database, part)
        else:
            _dump(database, part)
        _sync(part)
        os.link(part, target)  # unlike a rename it fails where another backup got the name meanwhile
        _sync(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise BackupFailed(f"cannot write {error.filename or part}: {error.strerror}") from None
    finally:
        for leftover in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm", "-journal"))):
            leftover.unlink(missing_ok=True)


def _copy(database: Database, part: Path) -> None:
    """All pages in one step: in WAL mode that is one moment's state, and no writer waits for it."""
    copy = create_engine(f"sqlite:///{part}")
    try:
        with database.read() as connection, copy.connect() as other:
            source, target = connection.connection.driver_connection, other.connection.driver_connection
            assert source is not None
            assert target is not None
            connection.rollback()  # the copy begins a reading transaction of its own
            source.backup(target, pages=-1)
    finally:
        copy.dispose()
    _check(part)


def _check(part: Path) -> None:
    """A copy that cannot be read is none: better to hear it today than on the day it is wanted."""
    copy = Database.open(f"sqlite:///{part}")
    try:
        with copy.read() as connection:
            wrong = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check") if row[0] != "ok"]
            wrong += audit(connection)["problems"]
    finally:
        copy.close()
    if wrong:
        raise BackupFailed(f"the copy is damaged, and so may the database be ({wrong[0]}): run mailcase audit --deep")


def _dump(database: Database, part: Path) -> None:
    """pg_dump sees the state of one moment and locks nobody out. A password is where libpq finds it: ~/.pgpass."""
    program = _pg_dump()
    if not program:
        raise BackupFailed("pg_dump is not installed: apt-get install postgresql-client")
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=True)
    command = [program, "--format=custom", f"--file={part}", "--no-password", f"--dbname={url}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BackupFailed(f"pg_dump failed: {lines[-1] if lines else done.returncode}")


def _pg_dump() -> str:
    """The newest there is: an older pg_dump refuses a newer server."""
    found = sorted(_DEBIAN.glob("*/bin/pg_dump"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else shutil.which("pg_dump") or ""


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
