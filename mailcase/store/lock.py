"""Locks that end with the process that holds them: a file's on SQLite, a session's on PostgreSQL."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from mailcase.store.errors import AlreadyRunning, DatabaseUnavailable

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class Lock:
    """A lock in hand. `held` asks whether it still is ours: PostgreSQL drops it with the connection (C5)."""

    name: str
    held: Callable[[], bool]
    release: Callable[[], None]
    forget: Callable[[], None]


def file_lock(database: Path, name: str) -> Lock:
    """flock on `<database>.lock` (the daemon's) or `<database>.NAME.lock`. Raises AlreadyRunning.

    The file stays: removing it would let two processes lock two files of one name.
    """
    suffix = ".lock" if name == "daemon" else f".{_UNSAFE.sub('_', name)}.lock"
    path = database.with_name(database.name + suffix)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(f"cannot open the lock file {path}: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.read(handle, 32).decode("ascii", "replace").strip()
        os.close(handle)
        raise AlreadyRunning(_refusal(name, pid)) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    open_handles = [handle]

    def close() -> None:
        while open_handles:
            os.close(open_handles.pop())

    return Lock(name, lambda: bool(open_handles), close, close)


def session_lock(engine: Engine, name: str) -> Lock:
    """pg_try_advisory_lock on a connection of its own. Raises AlreadyRunning."""
    key = int.from_bytes(blake2b(f"mailcase/{name}".encode(), digest_size=8).digest(), "big", signed=True)
    # Detached: the pool neither hands it out nor closes it.
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
        holder = _holder(connection, key)
        connection.close()
        raise AlreadyRunning(_refusal(name, holder))
    connection.detach()
    kept = [connection]

    def held() -> bool:
        try:
            return bool(kept) and connection.scalar(text("SELECT 1")) == 1
        except SQLAlchemyError:
            # The lock went with its session. A new one on the same object would answer, and hold nothing.
            release()
            return False

    def release() -> None:
        while kept:
            with contextlib.suppress(SQLAlchemyError), kept.pop() as ending:
                # The server ends a session some time after it was left: who asks at once must find the lock free.
                ending.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})

    # A forked child forgets by keeping the object and never using it: the socket is the parent's.
    return Lock(name, held, release, lambda: None)


def _holder(connection: Connection, key: int) -> str:
    """What the holder's session calls itself: `mailcase pid 123` for one of ours."""
    found = connection.scalar(
        text(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.granted "
            "AND l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = "
            "current_database()) AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
        ),
        {"key": key},
    )
    return str(found or "").rpartition(" ")[2]


def _refusal(name: str, pid: str) -> str:
    who = f"process {pid}" if pid else "another process"
    what = "mailcase is already running on this database" if name == "daemon" else f"{name} is already taken care of"
    return f"{what} ({who}): stop it first" if name == "daemon" else f"{what} ({who})"
