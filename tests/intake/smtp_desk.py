"""A listener on real sockets and a real database, and a client that speaks SMTP byte by byte."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailcase.config import AgentTable, Config, Lmtp, Smtp
from mailcase.core.policy import Mailbox, Policy
from mailcase.intake.door import Door
from mailcase.intake.keep import Keep
from mailcase.intake.listener import open_door, run_listener, run_loop, serve
from mailcase.intake.sockets import ListenerSockets
from mailcase.store.engine import Database

POLICY = Policy(
    mailboxes=(
        Mailbox("support", "support@example.com", aliases=("help@example.com",)),
        Mailbox("sales", "sales@example.com", plus=False),
        Mailbox("post", "postmästare@exämple.com"),
    )
)
MAIL = b"From: Ann <ann@customer.example>\r\nSubject: Printer\r\nMessage-ID: <1@customer.example>\r\n\r\nHot.\r\n"


def mail(number: int | str, body: bytes = b"It is on fire.\r\n") -> bytes:
    """A mail that no other number gives."""
    return (
        b"From: Ann <ann@customer.example>\r\nMessage-ID: <%s@customer.example>\r\n\r\n" % str(number).encode() + body
    )


@dataclass(frozen=True)
class Kept:
    """A row of the spool."""

    id: int
    raw: bytes
    source: str
    origin: str
    sender: str
    recipients: tuple[str, ...]
    authenticated: str
    peer: str


def kept(path: Path) -> list[Kept]:
    """Everything that is in the spool, read past mailcase."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT spool.id, data, source, origin, envelope FROM spool JOIN raw ON raw.id = raw_id ORDER BY spool.id"
        ).fetchall()
    return [
        Kept(number, raw, source, origin, e[0], tuple(e[1]), e[2], e[3])
        for number, raw, source, origin, envelope in rows
        for e in [json.loads(envelope)]
    ]


class Wire:
    """One connection. `say` sends a line and returns the whole reply."""

    def __init__(self, address: tuple[str, int] | str, timeout: float = 20, greet: bool = True) -> None:
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        self.file = self.socket.makefile("rb")
        self.banner = self.reply() if greet else ""

    def reply(self) -> str:
        """One reply with all its lines, without the last line end; "" at the end of the connection."""
        lines = []
        while line := self.file.readline():
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.socket.sendall(data)

    def say(self, line: str | bytes) -> str:
        """A command and its reply."""
        self.send((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return self.reply()

    def say_all(self, *lines: str) -> list[str]:
        """Commands one after the other, and their replies."""
        return [self.say(line) for line in lines]

    def begin(self, hello: str = "EHLO", *recipients: str) -> None:
        """Everything up to 354."""
        replies = self.say_all(f"{hello} client.example", "MAIL FROM:<ann@customer.example>")
        replies += [self.say(f"RCPT TO:<{r}>") for r in recipients or ("support@example.com",)]
        assert all(reply.startswith("250") for reply in replies), replies
        assert self.say("DATA").startswith("354")

    def closed(self) -> bool:
        """True when the server has hung up (nothing else may come before)."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        """Hang up."""
        self.file.close()
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def stuffed(raw: bytes) -> bytes:
    """The mail as it goes over the wire, with the end (RFC 5321 section 4.5.2)."""
    dotted = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    return dotted + b".\r\n"


def deliver(
    address: tuple[str, int] | str,
    raw: bytes,
    recipients: Sequence[str] = ("support@example.com",),
    hello: str = "EHLO",
) -> list[str]:
    """Sends one mail and returns the replies after the dot."""
    with Wire(address) as wire:
        wire.begin(hello, *recipients)
        wire.send(stuffed(raw))
        return [wire.reply() for _ in (recipients if hello == "LHLO" else [""])]


def config_of(smtp: Mapping[str, Any], agents: Sequence[Mapping[str, Any]] = ()) -> Config:
    """The part of a config that the listener looks at."""
    table = {"hostname": "desk.example", **smtp}
    return Config(smtp=Smtp(**table), lmtp=Lmtp(), agent=tuple(AgentTable(**agent) for agent in agents))


@dataclass
class Desk:
    """A listener that runs. `smtp` and `lmtp` are addresses for `Wire`."""

    smtp: tuple[str, int]
    lmtp: tuple[str, int]
    path: Path
    door: Door | None = None
    woken: list[float] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)

    def kept(self) -> list[Kept]:
        """What is in the spool."""
        return kept(self.path)


def bound() -> tuple[ListenerSockets, tuple[str, int], tuple[str, int]]:
    """Listening sockets on free ports, and their addresses."""
    smtp, lmtp = (
        socket.create_server(("127.0.0.1", 0), backlog=256),
        socket.create_server(("127.0.0.1", 0), backlog=256),
    )
    return ListenerSockets((smtp,), (lmtp,)), smtp.getsockname(), lmtp.getsockname()


@contextmanager
def running(path: Path, url: str = "", limits: Mapping[str, float] | None = None, **table: Any) -> Iterator[Desk]:
    """A listener in a thread of this process. `limits` are fields of Door; `table` is `[smtp]`, and `agents`."""
    sockets, smtp, lmtp = bound()
    desk = Desk(smtp, lmtp, path)
    config = config_of({key: value for key, value in table.items() if key != "agents"}, table.get("agents", ()))
    database = Database.open(url or f"sqlite:///{path}")
    started, loops, ends = threading.Event(), [], []

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        keep = Keep(database, lambda: desk.woken.append(time.monotonic()), loop)
        desk.door = open_door(config, POLICY, keep)
        for name, value in (limits or {}).items():
            setattr(desk.door, name, value)
        loops.append(loop)
        ends.append(stop)
        started.set()
        await serve(sockets, desk.door, lambda: desk.beats.append(time.monotonic()), stop)

    failures: list[BaseException] = []

    def run() -> None:
        try:
            run_loop(main(), config.smtp or Smtp())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    try:
        yield desk
    finally:
        loops[0].call_soon_threadsafe(ends[0].set)
        thread.join(40)
        sockets.close()
        database.close()
        assert not thread.is_alive()
        assert failures == []


class Process:
    """A listener in a process of its own, on sockets that outlive it, as it is with the daemon or with systemd."""

    def __init__(self, url: str, sockets: ListenerSockets, under: Sequence[str] = (), **environment: str) -> None:
        numbers = [sock.fileno() for sock in sockets.all]
        if environment:
            environment["MAILCASE_ALLOW_FAILPOINTS"] = "1"
        self.process = subprocess.Popen(
            [*under, sys.executable, "-m", "tests.intake.smtp_desk", url, *map(str, numbers)],
            pass_fds=numbers,
            env={**os.environ, **environment},
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE if under else None,
        )

    @property
    def pid(self) -> int:
        """The listener's own: strace stands between, holds signals back, and when killed lets go of what it traces."""
        started = self.process.pid
        children = Path(f"/proc/{started}/task/{started}/children").read_text().split()
        return int(children[0]) if children else started

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def wait(self, seconds: float = 40) -> int:
        """The exit code when it has ended by itself; negative for a signal."""
        return self.process.wait(seconds)


@contextmanager
def process(path: Path, under: Sequence[str] = (), **environment: str) -> Iterator[tuple[Process, Desk]]:
    """A listener process for as long as it is wanted; whatever is left of it is killed."""
    sockets, smtp, lmtp = bound()
    started = Process(f"sqlite:///{path}", sockets, under, **environment)
    try:
        yield started, Desk(smtp, lmtp, path)
    finally:
        if started.process.poll() is None:
            started.kill()
        if started.process.stderr:
            started.process.stderr.close()
        sockets.close()


def _main() -> None:
    """The process: DATABASE-URL SMTP-FD LMTP-FD."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sockets = ListenerSockets((socket.socket(fileno=int(sys.argv[2])),), (socket.socket(fileno=int(sys.argv[3])),))
    run_listener(sockets, config_of({}), POLICY, sys.argv[1], wake=lambda: None, heartbeat=lambda: None)


if __name__ == "__main__":
    _main()
