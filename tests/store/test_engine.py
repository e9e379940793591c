"""Opening the database: its promises are read back, one daemon at a time, errors say what to do (C5, C9, F14)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailcase.store import cases, migrate, spool
from mailcase.store.engine import JOURNAL_PAGES, Database
from mailcase.store.errors import AlreadyRunning, DatabaseFull, DatabaseUnavailable, DatabaseUnfit
from tests.servers.postgres import Postgres, running
from tests.store.story import incoming, one_case


def test_the_promises_of_sqlite_are_in_force(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/new/folder/mailcase.db")
    with database.write() as conn:
        found = {name: conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (
            "journal_mode", "synchronous", "foreign_keys", "busy_timeout")}  # fmt: skip
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    database.close()


def test_the_journal_is_written_back_by_everybody_at_some_time(tmp_path: Path) -> None:
    """Who has clients waiting does it later than the others, but does it."""
    url = f"sqlite:///{tmp_path}/mailcase.db"
    found = []
    for database in (Database.open(url), Database.open(url, 2_500)):
        with database.read() as conn:
            found.append(conn.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())
        database.close()
    assert found == [JOURNAL_PAGES, 2_500]


def test_a_writer_comes_in_when_another_has_gone(tmp_path: Path) -> None:
    """It looks for itself; the patience of SQLite, for other moments, is what it was."""
    database = Database.open(f"sqlite:///{tmp_path}/mailcase.db")
    with closing(sqlite3.connect(tmp_path / "mailcase.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        gone = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        gone.start()
        with database.write() as conn:
            assert not other.in_transaction
            conn.exec_driver_sql("CREATE TABLE written (it)")
        gone.join()
    with database.read() as conn:
        assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 5_000
    database.close()


def test_a_file_system_without_working_locks_is_refused(tmp_path: Path) -> None:
    """SQLite's own way of having none: without shared memory there is no WAL."""
    with pytest.raises(DatabaseUnfit, match="journal_mode = delete instead of wal: put the database on a local"):
        Database.open(f"sqlite:///file:{tmp_path}/mailcase.db?vfs=unix-none&uri=true")


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match="cannot create the folder"):
        Database.open(f"sqlite:///{tmp_path}/file/deeper/mailcase.db")


def test_a_commit_of_postgresql_is_on_disk(postgres_server: Postgres, database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("PostgreSQL only")
    name = database_url.rpartition("/")[2]
    postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = Database.open(database_url)
    with database.write() as conn:
        assert conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    assert database.warnings == ()
    database.close()


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/x", "sqlite://", "sqlite:///:memory:", "nonsense secret", "postgresql+pg8000://secret@h/x"],
)
def test_what_is_no_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnfit) as error:
        Database.open(url)
    assert "write sqlite:///PATH or postgresql://" in str(error.value)
    assert "secret@" not in str(error.value)


def test_a_server_that_is_not_there_says_so(postgres_server: Postgres) -> None:
    with pytest.raises(DatabaseUnavailable, match="the database does not answer"):
        Database.open("postgresql://mailcase:secret@127.0.0.1:1/nothing")


def test_a_write_that_fails_leaves_nothing(db: Database) -> None:
    def write() -> None:
        with db.write() as conn:
            one_case(conn)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    with db.read() as conn:
        assert spool.waiting(conn) == 0
        assert cases.by_number(conn, 1001) is None


def test_a_reader_sees_one_moment(db: Database) -> None:
    with db.read() as reader:
        assert spool.waiting(reader) == 0
        with db.write() as conn:
            spool.add(conn, [incoming("a")])
        assert spool.waiting(reader) == 0
    with db.read() as reader:
        assert spool.waiting(reader) == 1


# ---- faults ----------------------------------------------------------------------------------------------------------

_WRITE_AND_HANG = """
import sys, time
from mailcase.store.engine import Database
from tests.store.story import one_case
with Database.open(sys.argv[1]).write() as conn:
    one_case(conn)
    print("written", flush=True)
    time.sleep(60)
"""
_LOCK_AND_HANG = """
import sys, time
from mailcase.store.engine import Database
database = Database.open(sys.argv[1])
lock = database.lock_for_daemon()
print("locked", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_process(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that was told by `send` what to run on the same database; ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str) -> subprocess.Popen[str]:
        root = Path(__file__).parents[2]
        process = subprocess.Popen([sys.executable, "-c", script, database_url], stdout=subprocess.PIPE, text=True,
                                   cwd=root, env={**os.environ, "PYTHONPATH": str(root)})  # fmt: skip
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip()
        return process

    yield start  # type: ignore[misc]
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_a_writer_that_is_killed_leaves_nothing(db: Database, other_process: object) -> None:
    process = other_process(_WRITE_AND_HANG)  # type: ignore[operator]
    process.send_signal(signal.SIGKILL)
    process.wait()
    with db.write() as conn:
        assert spool.waiting(conn) == 0
        assert cases.next_number(conn) == 1001
        assert one_case(conn) == 1001


def test_a_database_that_stays_locked_is_unavailable(db: Database, other_process: object) -> None:
    """Attack A11: an error after a while, and it works again as soon as the lock is gone."""
    lock = "one_case(conn)" if db.dialect == "sqlite" else "conn.exec_driver_sql('LOCK TABLE spool')"
    process = other_process(_WRITE_AND_HANG.replace("one_case(conn)", lock))  # type: ignore[operator]
    with pytest.raises(DatabaseUnavailable, match="locked"), db.write() as conn:
        spool.add(conn, [incoming("a")])
    process.kill()
    process.wait()
    with db.write() as conn:
        assert len(spool.add(conn, [incoming("a")])) == 1


def test_no_room_left_is_an_error_of_its_own(tmp_path: Path, sqlite_template: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/mailcase.db")
    migrate.upgrade(database)
    with database.write() as conn:  # the limit belongs to the connection, of which the pool has one
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(DatabaseFull, match="free some space"), database.write() as conn:
        spool.add(conn, [incoming("a" * 100_000)])
    database.close()


def test_a_restarted_server_is_found_again(postgres_server: Postgres) -> None:
    """Attack C10, F16: the pool's connections are dead, and nobody notices. On a server that no other test uses."""
    with running() as server:
        server.execute("CREATE DATABASE mailcase")
        database = Database.open(server.url("mailcase"))
        migrate.upgrade(database)
        server.stop(signal.SIGQUIT)
        with pytest.raises(DatabaseUnavailable), database.read() as conn:
            cases.next_number(conn)
        server.start()
        with database.read() as conn:
            assert cases.next_number(conn) == 1001
        database.close()


# ---- one daemon ------------------------------------------------------------------------------------------------------


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(db: Database, other_process: object) -> None:
    process = other_process(_LOCK_AND_HANG)  # type: ignore[operator]
    with pytest.raises(AlreadyRunning, match=rf"already running on this database \(process {process.pid}\)"):
        db.lock_for_daemon()
    process.kill()
    process.wait()
    for _ in range(100):  # PostgreSQL needs a moment to see that the session is gone
        try:
            lock = db.lock_for_daemon()
            break
        except AlreadyRunning:
            time.sleep(0.05)
    assert lock.held()
    lock.release()
    assert not lock.held()


def test_locks_of_different_names_do_not_meet(db: Database) -> None:
    clock, poller = db.lock("clock"), db.lock("mailbox/support")
    with pytest.raises(AlreadyRunning, match=r"mailbox/support is already taken care of"):
        db.lock("mailbox/support")
    poller.release()
    again = db.lock("mailbox/support")
    assert again.held()
    assert clock.held()


def test_a_lost_session_is_a_lost_lock(db: Database) -> None:
    if db.dialect == "sqlite":
        pytest.skip("a file's lock goes with the process alone")
    lock = db.lock_for_daemon()
    with db.write() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    assert not lock.held()


def test_a_child_leaves_the_parents_locks_and_connections_alone(db: Database) -> None:
    lock = db.lock_for_daemon()
    with db.read() as conn:
        assert spool.waiting(conn) == 0
    pid = os.fork()
    if pid == 0:
        try:
            db.dispose_after_fork()
            with db.write() as conn:
                spool.add(conn, [incoming("from the child")])
            db.close()
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert lock.held()
    with db.read() as conn:
        assert spool.waiting(conn) == 1
    with pytest.raises(AlreadyRunning):
        db.lock_for_daemon()
