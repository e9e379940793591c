"""What the tests of the IMAP poller share: a polled mailbox on a real Dovecot, and looks into it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mailcase.config import Imap, MailboxTable
from mailcase.intake import imap
from mailcase.intake.imap_session import connect
from mailcase.store.engine import Database
from mailcase.store.tables import imap_folder, imap_uid, raw, spool
from tests.servers.dovecot import PASSWORD, Dovecot

_users = itertools.count(1)


def now() -> datetime:
    """The clock of these tests is the real one: Dovecot's INTERNALDATE is, too."""
    return datetime.now(UTC)


def mail(number: object, size: int = 0, message_id: str = "", to: str = "support@example.com") -> bytes:
    """A mail that no other number gives, as Dovecot gives it back."""
    fields = [
        "Return-Path: <jane@customer.example>",
        "From: Jane <jane@customer.example>",
        f"To: {to}",
        f"Subject: Printer {number}",
        "Date: Fri, 20 Nov 2026 10:00:00 +0000",
    ]
    if message_id != "-":
        fields.append(f"Message-ID: <{message_id or f'{number}.mail@customer.example'}>")
    line = "Please help. So it goes on and on and on and on.\r\n"
    body = f"The printer {number} is on fire.\r\n" + line * (size // len(line))
    return ("\r\n".join(fields) + "\r\n\r\n" + body).encode()


@dataclass
class Desk:
    """A database and one mailbox that it polls."""

    database: Database
    mailbox: MailboxTable
    server: Dovecot
    user: str
    reader: imap.Reader = field(init=False)

    def __post_init__(self) -> None:
        assert self.mailbox.imap is not None
        self.reader = imap.Reader(self.mailbox, self.mailbox.imap, self.database, now)

    @property
    def imap(self) -> Imap:
        assert self.mailbox.imap is not None
        return self.mailbox.imap

    def poll(self, folder: str = "INBOX", source: str = "imap") -> imap.PollResult:
        """One look, over a connection of its own."""
        with connect(self.imap) as session:
            return imap.poll_once(session, self.reader, folder, source)

    def append(self, *mails: bytes, **more: Any) -> None:
        """Mail arrives."""
        self.server.append(self.user, mails, **more)

    def spooled(self, source: str = "") -> list[bytes]:
        """The bytes in the spool, in the order they came."""
        query = select(raw.c.data).join_from(spool, raw, spool.c.raw_id == raw.c.id).order_by(spool.c.id)
        with self.database.read() as conn:
            return [bytes(data) for data in conn.scalars(query.where(spool.c.source == source) if source else query)]

    def column(self, name: str) -> list[Any]:
        """One column of the spool."""
        with self.database.read() as conn:
            return list(conn.scalars(select(spool.c[name]).order_by(spool.c.id)))

    def uids(self) -> dict[int, str]:
        """What was done on the server to each recorded UID, all folders together."""
        with self.database.read() as conn:
            return {row.uid: row.filed for row in conn.execute(select(imap_uid.c.uid, imap_uid.c.filed))}

    def cursor(self, folder: str = "INBOX") -> int:
        """The cursor of a folder."""
        with self.database.read() as conn:
            return conn.execute(select(imap_folder.c.last_uid).where(imap_folder.c.folder == folder)).scalar_one()


def desk(database: Database, server: Dovecot, tmp_path: Path, **settings: Any) -> Desk:
    """A desk whose mailbox is that of a new user of the server. `settings` are keys of the imap table."""
    password = tmp_path / "imap-password"
    if not password.exists():
        password.write_text(PASSWORD + "\n")
    user = f"user{next(_users)}"
    table = {
        "host": "localhost",
        "port": server.port,
        "tls": "none",
        "user": user,
        "password_file": password,
        "start": "all",
        **settings,
    }
    mailbox = MailboxTable(name="support", address="support@example.com", imap=Imap(**table))
    return Desk(database, mailbox, server, user)


class Watching:
    """A poller in a thread of its own, and what it told."""

    def __init__(self, desk: Desk, jitter: float = 0.0) -> None:
        self.desk = desk
        self.jitter = jitter
        self.stop = threading.Event()
        self.changed = threading.Condition()
        self.statuses: list[imap.MailboxStatus] = []
        self.wakes = 0
        self.beats = 0
        self.thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def _run(self) -> None:
        imap.watch(
            self.desk.mailbox,
            self.desk.database,
            stop=self.stop,
            wake=self._wake,
            beat=self._beat,
            now=now,
            status=self._status,
            jitter=lambda: self.jitter,
        )

    def _wake(self) -> None:
        with self.changed:
            self.wakes += 1
            self.changed.notify_all()

    def _beat(self, name: str) -> None:
        assert name == self.desk.mailbox.name
        self.beats += 1

    def _status(self, status: imap.MailboxStatus) -> None:
        with self.changed:
            self.statuses.append(status)
            self.changed.notify_all()

    def until(self, state: str, seconds: float = 30.0, after: int = 0) -> imap.MailboxStatus:
        """The first status of that state behind the first `after` ones."""
        with self.changed:
            if not self.changed.wait_for(lambda: any(s.state == state for s in self.statuses[after:]), seconds):
                raise TimeoutError(f"no {state} in {self.statuses[-5:]}")
            return next(s for s in self.statuses[after:] if s.state == state)

    def until_spooled(self, count: int, seconds: float = 60.0) -> None:
        """Wait until that many mails are in the spool."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.desk.column("id")) >= count, seconds):
                raise TimeoutError(f"{len(self.desk.column('id'))} of {count} mails; {self.statuses[-5:]}")


@contextmanager
def watching(desk: Desk, jitter: float = 0.0) -> Iterator[Watching]:
    """A running poller; it must have ended within seconds of being told to."""
    poller = Watching(desk, jitter)
    poller.thread.start()
    try:
        yield poller
    finally:
        poller.stop.set()
        poller.thread.join(20)
        assert not poller.thread.is_alive(), "the poller did not stop"
