"""Opening the database: the promises it must keep, short transactions, and one lock for the daemon."""

from __future__ import annotations

import os
import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mailcase.store.errors import (
    AlreadyRunning,
    DatabaseBroken,
    DatabaseFull,
    DatabaseUnavailable,
    DatabaseUnfit,
    LeaseLost,
    Moved,
    NoSuch,
    SchemaTooNew,
    SchemaTooOld,
    StoreError,
)
from mailcase.store.lock import Lock, file_lock, session_lock

__all__ = [
    "AlreadyRunning",
    "Database",
    "DatabaseFull",
    "DatabaseUnavailable",
    "DatabaseUnfit",
    "LeaseLost",
    "Moved",
    "NoSuch",
    "SchemaTooNew",
    "SchemaTooOld",
    "StoreError",
]

BUSY_TIMEOUT_MS = 5_000
# How long a writer that waits for another sleeps between its looks, in seconds; five in all.
NAPS = (*[0.0005] * 1_500, *[0.01] * 400)
CONNECT_TIMEOUT_S = 10
CACHE_KIB = 4_000
JOURNAL_LIMIT = 64 * 1024 * 1024
# From so many pages on a commit also writes SQLite's journal back into the database (a checkpoint).
JOURNAL_PAGES = 1_000

# FULL syncs the WAL at every commit: without it a power cut takes back mails that were answered with 250.
_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": BUSY_TIMEOUT_MS}

_SQLITE_UNUSABLE = (
    "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_PROTOCOL", "SQLITE_CORRUPT",
    "SQLITE_NOTADB", "SQLITE_NOMEM", "SQLITE_NOLFS",
)  # fmt: skip

# Large values are compressed by lz4 where the server was built with it. Its own choice, pglz, spends 1.4 ms on a mail
# with an attachment, which cannot be made smaller anyway.
_QUICK_COMPRESSION = (
    "SELECT set_config(name, 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
)

_FSYNC_OFF = "PostgreSQL runs with fsync = off: a power cut can lose accepted mail; set fsync = on in postgresql.conf"

# Pools that a fork left behind. They must not be collected: closing a connection of the parent in the child would
# close it for the parent too.
_left_behind: list[object] = []


class Database:
    """One database, by its URL. Threads may share it; after a fork the child calls `dispose_after_fork` first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(mailcase_write=True)
        self._reader = engine
        if engine.dialect.name == "postgresql":
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._locks: list[Lock] = []
        self.warnings: tuple[str, ...] = ()

    @classmethod
    def open(cls, url: str, journal_pages: int = JOURNAL_PAGES) -> Database:
        """The database at `sqlite:///PATH` or `postgresql://…`; the folder of a SQLite file is created, no table is.

        `journal_pages` is for who has clients waiting: with more than the others have, these do the checkpoints.

        Raises DatabaseUnfit where durability or locking are not in force, DatabaseUnavailable where it cannot be
        reached. What only the server's administrator can mend is in `warnings`, a line each.
        """
        engine = _engine(_parsed(url), journal_pages)
        database = cls(engine)
        try:
            with database.read() as connection:
                if database.dialect == "postgresql" and connection.exec_driver_sql("SHOW fsync").scalar() == "off":
                    database.warnings = (_FSYNC_OFF,)
                connection.exec_driver_sql("SELECT 1")
        except DatabaseUnavailable as error:
            remedy = f"mend {engine.url.render_as_string(hide_password=True)}, or correct database in the config"
            raise type(error)(f"{'; '.join(error.problems)}; {remedy}") from error
        return database

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def engine(self) -> Engine:
        """For migrations and tests; everything else uses `read` and `write`."""
        return self._engine

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(str(self._engine.url.database)) if self.dialect == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging view of everything. Nothing in here is kept."""
        with _translated(), self._reader.connect() as connection:
            yield connection
            if self.dialect == "postgresql":
                # After a rollback psycopg forgets every statement that the server has prepared.
                connection.commit()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back by an exception. Keep it short: on SQLite it is alone.

        Raises DatabaseUnavailable when the lock is not to be had within five seconds, DatabaseFull, and Moved when
        two writers of PostgreSQL were in each other's way.
        """
        with _translated(), self._writer.begin() as connection:
            yield connection

    def lock(self, name: str) -> Lock:
        """A lock that ends with this process, such as `clock` or `mailbox/support`. Raises AlreadyRunning."""
        path = self.path
        with _translated():
            lock = file_lock(path, name) if path else session_lock(self._engine, name)
        self._locks.append(lock)
        return lock

    def lock_for_daemon(self) -> Lock:
        """The lock of which there is one per database. Raises AlreadyRunning with the other's pid where known."""
        return self.lock("daemon")

    def close(self) -> None:
        """Close every connection, and give locks back. The database may be used again: do this before a fork."""
        for lock in self._locks:
            lock.release()
        self._locks.clear()
        self._engine.dispose()

    def close_connections(self) -> None:
        """Close idle connections and keep locks: what a parent does before it forks."""
        self._engine.dispose()

    def dispose_after_fork(self) -> None:
        """In the child: forget the parent's connections and locks without touching them."""
        _left_behind.append(self._engine.pool)
        self._engine.dispose(close=False)
        for lock in self._locks:
            lock.forget()
        _left_behind.extend(self._locks)
        self._locks = []


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnfit(f"{_without_password(url)!r} is not a database: write sqlite:///PATH or "
                            "postgresql://user@host/name") from None  # fmt: skip
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    raise DatabaseUnfit(f"{_without_password(url)!r} is not a database we can use: write sqlite:///PATH or "
                        "postgresql://user@host/name")  # fmt: skip


def _without_password(url: str) -> str:
    return url.partition("://")[0] + "://…" if "@" in url else url


def _engine(url: URL, journal_pages: int) -> Engine:
    if url.drivername != "sqlite":
        options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "tcp_user_timeout": CONNECT_TIMEOUT_S * 3_000}
        options["application_name"] = f"mailcase pid {os.getpid()}"
        engine = create_engine(url, pool_timeout=CONNECT_TIMEOUT_S, connect_args=options)
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "checkout", _check_postgresql)
        return engine
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"cannot create the folder {path.parent}: {error.strerror}") from None
    engine = create_engine(url, pool_timeout=CONNECT_TIMEOUT_S, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", partial(_prepare_sqlite, journal_pages))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(journal_pages: int, connection: Any, _record: object) -> None:
    """Set what durability needs, read it back, and refuse a file system that cannot do it."""
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own begins too late
    for pragma, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {pragma} = {wanted}")
        found = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != wanted:
            raise DatabaseUnfit(f"SQLite says {pragma} = {found} instead of {wanted}: put the database on a local "
                                "file system with working locks")  # fmt: skip
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {journal_pages}")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once: a reader that becomes a writer later cannot wait, it fails."""
    if not connection.get_execution_options().get("mailcase_write"):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite's own waiting sleeps up to 100 ms at a time, while the lock is mostly held for ten: the listener would
    # stand still beside a busy worker. So we look ourselves, often at first; the last look gives SQLite's error. Looks
    # are counted, since a clock can jump, and select(2) sleeps, since nobody fakes its clock.
    driver = connection.connection.cursor()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        for nap in NAPS:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    raise
            select.select((), (), (), nap)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        driver.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """A commit must be on disk when it returns, whatever the server's default is."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = on")
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone()[0] == "off":
            raise DatabaseUnfit("PostgreSQL says synchronous_commit = off: set it to on for the role of mailcase")
        cursor.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute(_QUICK_COMPRESSION)
    connection.commit()


def _check_postgresql(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool connect anew where the server has hung up since the last transaction, as at its restart.

    Then there is something to read: the end. Only then the server is asked, since it may also have told us of a setting
    that changed. SQLAlchemy's own look asks each time, one round trip of the ten that a group of accepted mails needs.
    """
    try:
        looking = select.poll()
        looking.register(connection.fileno(), select.POLLIN)
        if looking.poll(0):
            connection.execute("SELECT 1")
            connection.commit()
    except Exception as error:
        if not fault_of(error):
            raise
        raise InvalidatePoolError("the server has hung up") from None


def fault_of(error: BaseException) -> StoreError | None:
    """A driver's error as one of ours, or None for any other: inside a transaction it has not been translated yet."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    if not type(driver).__module__.startswith(("sqlite3", "psycopg")):
        return None
    return _translate(driver, isinstance(error, DBAPIError) and error.connection_invalidated)


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's errors as ours; what was wrong in our own statements stays what it is."""
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable("no free database connection within ten seconds") from None
    except Exception as error:
        translated = fault_of(error)
        if translated is None:
            raise
        raise translated from error


def _translate(error: BaseException | None, lost: bool) -> StoreError | None:
    """By SQLSTATE on PostgreSQL (class 40: rolled back, 53: out of resources, 08 and 57: gone), by name on SQLite."""
    text = str(error).strip().partition("\n")[0]
    state = getattr(error, "sqlstate", None) or ""
    name = getattr(error, "sqlite_errorname", None) or ""
    if state == "55P03":
        return DatabaseUnavailable("the database is locked by another session: try again when that has ended")
    if state in ("40001", "40P01"):
        return Moved("another writer was in the way: try again")
    if state == "53100" or name == "SQLITE_FULL":
        return DatabaseFull("no room left for the database: free some space on its disk")
    if name in ("SQLITE_BUSY", "SQLITE_LOCKED") or name.startswith("SQLITE_BUSY_"):
        return DatabaseUnavailable("the database is locked by another process: try again when that has ended")
    if name.startswith("SQLITE_IOERR"):
        return DatabaseBroken(f"the disk failed under the database: {text}")
    if name.startswith(_SQLITE_UNUSABLE):
        return DatabaseUnavailable(f"the database cannot be used: {text}")
    if (
        lost
        or state[:2] in ("08", "53", "57")
        or (not state and not name and type(error).__name__ in ("OperationalError", "InterfaceError"))
    ):
        return DatabaseUnavailable(f"the database does not answer: {text}")
    return None
