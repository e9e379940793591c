"""Starts daemons quickly: a process that has imported everything forks one for each line it reads.

What runs in the fork is `mailcase -c FILE run` from its first line on, in a process group of its own. Only the half
second of imports is saved, so that hundreds of kills fit into a few minutes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Nursery:
    """The process, as the tests use it: `start` gives a pid, `wait` its exit code."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        self._said = threading.Condition()
        self._started: list[int] = []
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, config: Path, log: Path, environment: dict[str, str]) -> int:
        """A daemon with this config, that writes to `log`."""
        assert self._process.stdin is not None
        order = json.dumps({"config": str(config), "log": str(log), "environment": environment})
        with self._said:
            self._process.stdin.write(order.encode() + b"\n")
            self._process.stdin.flush()
            self._said.wait_for(lambda: self._started or self._process.poll() is not None, 60)
            if not self._started:
                raise RuntimeError("the nursery does not answer: python -m tests.faults.nursery says why")
            return self._started.pop()

    def wait(self, pid: int, seconds: float) -> int | None:
        """The exit code, negative for a signal; None when it is still running after `seconds`."""
        with self._said:
            self._said.wait_for(lambda: pid in self._ended, seconds)
            return self._ended.get(pid)

    def close(self) -> None:
        """End it; the daemons are their owners' to stop."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, pid, *code = line.split()
            with self._said:
                if word == b"started":
                    self._ended.pop(int(pid), None)  # the kernel uses numbers again
                    self._started.append(int(pid))
                else:
                    self._ended[int(pid)] = int(code[0])
                self._said.notify_all()
        self._process.wait()
        with self._said:
            self._said.notify_all()


def _main() -> None:
    for name in ("mailcase.cli.main", "mailcase.cli.run", "mailcase.daemon", "mailcase.failpoint", "alembic.command",
                 "psycopg", "sqlalchemy.dialects.postgresql", "babel.dates", "holidays"):  # fmt: skip
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    rest = b""
    while True:
        ready, _, _ = select.select([0], [], [], 0.01)
        _reap()
        if ready:
            data = os.read(0, 65_536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _say("started", _fork(json.loads(line)))


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _say("ended", ended[0], os.waitstatus_to_exitcode(ended[1]))


def _say(*words: object) -> None:
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


def _fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(number, target)
        os.environ.update(order["environment"])
        importlib.reload(sys.modules["mailcase.failpoint"])  # what is to fail was read before the fork
        sys.argv = ["mailcase", "-c", order["config"], "run"]
        sys.modules["mailcase.cli.main"].main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


if __name__ == "__main__":
    _main()
