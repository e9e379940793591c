"""A desk that is measured: its config, its processes, and when it has done what it was given."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import func, select

from mailcase.store import outbox, spool
from mailcase.store.tables import cases
from tools.bench_load import TO, Item, wait_for_port
from tools.desk import Desk, free_port

# Every mail of the load is to be acknowledged: its 300 customers write more often than people do.
CONFIG = """\
database = "{database}"
secret_file = "secret"

[smtp]
listen = "127.0.0.1:{smtp}"

[http]
listen = "127.0.0.1:{http}"

[send]
to = "{send}"

[automatic]
address_hour = 1000000
address_day = 1000000
case_day = 1000000
domain_hour = 1000000
total_hour = 1000000

[[mailbox]]
name = "support"
address = "{to}"
{mailbox_more}
{more}
"""

# What a mailbox says that is polled, below its other keys; the password is in the desk's folder.
POLLED = """
[mailbox.imap]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password_file = "password"
start = "all"
"""


class MeasuredDesk(Desk):
    """A desk of one mailbox without agents. `send` is where acknowledgements go."""

    def __init__(self, send: str, database: str = "sqlite:///desk.db", **settings: str) -> None:
        super().__init__()
        self.config.write_text(
            CONFIG.format(
                database=database, send=send, to=TO, **self.ports, **{"more": "", "mailbox_more": ""} | settings
            )
        )

    def __enter__(self) -> MeasuredDesk:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """A silent smarthost would keep the sender for as long as a clean end may take."""
        if self.process is not None:
            self.kill()
        super().__exit__()

    def processed(self, sent: bool = False) -> float:
        """Wait until every mail has its outcome (and with `sent` its acknowledgement has left); returns the time."""

        def quiet() -> float:
            with self.database().read() as conn:
                if spool.waiting(conn) or (sent and outbox.waiting(conn)):
                    return 0.0
            return time.perf_counter()

        return self.wait_for(quiet, "everything is done", 900)

    def numbers(self) -> dict[str, int]:
        """The cases by subject."""
        with self.database().read() as conn:
            return {row.subject: row.number for row in conn.execute(select(cases.c.subject, cases.c.number))}

    def outcomes(self) -> dict[str, int]:
        """How many mails are in each state, and how many cases there are."""
        with self.database().read() as conn:
            return {**spool.counts(conn), "cases": conn.scalar(select(func.count()).select_from(cases)) or 0}

    def disk(self) -> int:
        """Bytes of the SQLite database on disk, its journal written back."""
        path = self.database().path
        assert path is not None
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(p.stat().st_size for p in path.parent.glob(path.name + "*"))

    def memory(self) -> float:
        """MB of all processes, pages that they share counted once (PSS)."""
        assert self.process is not None
        return sum(_pss(pid) for pid in family(self.process.pid)) / 1024

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time that each part has used since it started.

        Worn workers have left: what they used is counted with the one that works now. (Worn senders too: the rows that
        ask for the worker's time have a smarthost that says nothing.)
        """
        assert self.process is not None
        parent, *parts = family(self.process.pid)
        found = {"parent": _cpu(parent)[0]}
        for pid in parts:
            with suppress(OSError):  # it has just left
                found[Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("mc-")] = _cpu(pid)[0]
        found["worker"] = found.get("worker", 0.0) + _cpu(parent)[1]  # it may be away for a moment
        return found


def _cpu(pid: int) -> tuple[float, float]:
    """Seconds of a process, and of those of its children that have ended."""
    fields = [int(word) for word in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]
    ticks = os.sysconf("SC_CLK_TCK")
    return (fields[0] + fields[1]) / ticks, (fields[2] + fields[3]) / ticks


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def _pss(pid: int) -> int:
    """KB of one process."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def silent_smarthost() -> Iterator[str]:
    """A smarthost that never says a word: acknowledgements stay in the outbox, and the sender costs nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"smtp://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def swallowing_smarthost() -> Iterator[str]:
    """Postfix's smtp-sink, which takes everything. Raises RuntimeError where it is not installed."""
    program = shutil.which("smtp-sink", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise RuntimeError("smtp-sink is not installed (apt-get install postfix)")
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "200"], stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def size(items: list[Item]) -> int:
    """Bytes of mails."""
    return sum(len(raw) for _, raw in items)
