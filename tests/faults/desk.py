"""A desk that is made to fail: the real daemon on either database, killed with all its processes and started again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from mailcase.store.engine import Database
from tests.faults.nursery import Nursery
from tests.servers.sink import Sink
from tools import desk

# The test may die, too: what a daemon writes when it is told to stop is the last of it.
STOP_SECONDS = 45.0


class FaultDesk(desk.Desk):
    """Started as often as it is killed. Its mail leaves through `sink`, unless `send` says where."""

    def __init__(self, nursery: Nursery, url: str, sink: Sink | None = None, **settings: str) -> None:
        if sink is not None:
            settings.setdefault("send", f"smtp://127.0.0.1:{sink.port}")
            settings.setdefault("send_more", 'retry = ["1s"]\ntimeout = "5s"\n')
        super().__init__(database=url, **settings)
        self.url, self.nursery, self.sink = url, nursery, sink
        self.pid = 0
        self.kills = 0
        self._read = 0
        self._wrapped: subprocess.Popen[bytes] | None = None
        self.store = Database.open(url)

    def __enter__(self) -> FaultDesk:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pid:
            self.kill()
        self.store.close()
        if self._database:
            self._database.close()
        self._temporary.cleanup()

    # ---- the daemon ----

    def begin(self, failpoint: str = "", about: str = "", under: Sequence[str] = (), **environment: str) -> None:
        """Start it, and do not wait. `under` is a command to run it under, such as strace."""
        assert not self.pid, "it is running"
        wanted = {"MAILCASE_ALLOW_FAILPOINTS": "1" if failpoint else "0", "MAILCASE_FAILPOINT": failpoint,
                  "MAILCASE_FAILPOINT_ABOUT": about, **self.environment, **environment}  # fmt: skip
        path = self.folder / "daemon.log"
        path.touch()
        self._read = path.stat().st_size
        if not under and "LD_PRELOAD" not in wanted:
            self.pid = self.nursery.start(self.config, path, wanted)
            return
        command = [*under, sys.executable, "-m", "mailcase.cli.main", "-c", str(self.config), "run"]
        with path.open("ab") as log:
            self._wrapped = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             start_new_session=True, env={**os.environ, **wanted})  # fmt: skip
        self.pid = self._wrapped.pid

    def start(self, *arguments: str, **environment: str) -> None:  # type: ignore[override]
        """Start it and wait until it is ready."""
        self.begin(*arguments, **environment)
        self.wait_for(self.is_ready, "the daemon is ready", 60)

    def is_ready(self) -> bool:
        """True once it has said so. Raises RuntimeError when it has ended instead."""
        if " ready " in self.said() or '"ready"' in self.said():
            return True
        if self.pid and (code := self._ended(0)) is not None:
            raise RuntimeError(f"the daemon ended with {code}:\n{self.said()[-3000:]}")
        return False

    def said(self) -> str:
        """What it has written since the last start."""
        return (self.folder / "daemon.log").read_bytes()[self._read :].decode("utf-8", "replace")

    def _ended(self, seconds: float) -> int | None:
        if self._wrapped is None:
            return self.nursery.wait(self.pid, seconds)
        try:
            return self._wrapped.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def wait_for_end(self, seconds: float = STOP_SECONDS) -> int:
        """The exit code of a daemon that ends by itself. Raises TimeoutError."""
        code = self._ended(seconds)
        if code is None:
            raise TimeoutError(f"still running after {seconds} s:\n{self.said()[-3000:]}")
        self.pid, self._wrapped = 0, None
        return code

    def died(self, seconds: float) -> bool:
        """True when a failpoint has killed it within `seconds`."""
        if self._ended(seconds) is None:
            return False
        self.pid, self._wrapped = 0, None
        self.kills += 1
        return True

    def kill(self) -> None:
        """kill -9 of every process of the daemon."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait_for_end()
        self.kills += 1

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait_for_end()

    def signal(self, number: int) -> None:
        """A signal to the daemon's first process."""
        os.kill(self.pid, number)

    def parts(self) -> dict[int, str]:
        """The pids of the daemon's parts, and of what stands between."""
        listing = subprocess.run(["ps", "-eo", "pid=,pgid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listing.splitlines()]
        return {int(row[0]): row[2] for row in rows if int(row[1]) == self.pid and int(row[0]) != self.pid}

    def part_with_socket(self, wanted: Callable[[int, int], bool]) -> int:
        """The pid of the part that has a socket with such a (local, remote) port now; 0 when there is none."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ports = {line[9]: (int(line[1][-4:], 16), int(line[2][-4:], 16)) for line in lines}
        inodes = {inode for inode, pair in ports.items() if wanted(*pair)}
        return next((pid for pid in self.parts() if inodes & _sockets(pid)), 0)

    # ---- the config ----

    def reconfigure(self, old: str, new: str) -> None:
        """Change the config file."""
        text = self.config.read_text("utf-8")
        assert old in text, old
        self.config.write_text(text.replace(old, new), "utf-8")

    # ---- looking into the store ----

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query gives, past mailcase's own look at it."""
        if self.store.path:
            with closing(sqlite3.connect(self.store.path, timeout=20)) as connection:
                return connection.execute(query).fetchall()
        with self.store.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def count(self, query: str) -> int:
        """The first figure of a query."""
        return int(str(self.rows(query)[0][0]))

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until every mail has its outcome and what can be sent has been sent."""
        query = (
            "SELECT (SELECT count(*) FROM spool WHERE state = 'waiting') + "
            "(SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending', 'uncertain') AND next_try IS NOT NULL)"
        )
        self.wait_for(lambda: self.count(query) == 0, "everything is settled", seconds)


def _sockets(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found
