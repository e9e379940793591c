"""A real desk in a temporary folder: the daemon as a process, and people who write to it by SMTP.

For the demo, the system tests and the benchmarks. Outgoing mail goes into a Maildir, which is the people's inbox.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import email.utils
import itertools
import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from mailcase.config import load
from mailcase.store import outbox, spool
from mailcase.store.engine import Database
from mailcase.store.listing import show_case

Result = TypeVar("Result")

CONFIG = """\
database = "{database}"
secret_file = "secret"

[smtp]
listen = "127.0.0.1:{smtp}"

[lmtp]
listen = "127.0.0.1:{lmtp}"

[http]
listen = "127.0.0.1:{http}"

[send]
to = "{send}"
{send_more}
[[mailbox]]
name = "support"
address = "support@example.com"
display_name = "Example Support"
{mailbox_more}
[[agent]]
name = "bob"
address = "bob@staff.example"
display_name = "Bob"

[[agent]]
name = "sue"
address = "sue@staff.example"
display_name = "Sue"
role = "supervisor"
{more}
"""


def free_ports(count: int) -> list[int]:
    """As many TCP ports of 127.0.0.1, each another one: they are held until all are found."""
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for sock in found:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in found]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Desk:
    """A desk of its own. Leave the `with` block, and the daemon is stopped and the folder gone."""

    def __init__(self, **settings: str) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="mailcase-")
        self.folder = Path(self._temporary.name)
        self.ports = dict(zip(("smtp", "lmtp", "http"), free_ports(3), strict=True))
        values = {"database": "sqlite:///desk.db", "send": "maildir:outgoing", "send_more": "", "mailbox_more": "",
                  "more": ""}  # fmt: skip
        values |= settings
        self.config = self.folder / "mailcase.toml"
        self.config.write_text(CONFIG.format(**values, **self.ports), "utf-8")
        (self.folder / "secret").write_text("a secret of this test desk only\n", "utf-8")
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self._database: Database | None = None
        self._seen: set[str] = set()
        self._sent: dict[str, EmailMessage] = {}
        self._ids = itertools.count(1)

    def __enter__(self) -> Desk:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._database:
            self._database.close()
        self._temporary.cleanup()

    # ---- the daemon ----

    def start(self, **environment: str) -> None:
        """Start the daemon and wait until it listens."""
        log = open(self.folder / "daemon.log", "ab")  # noqa: SIM115 - the child keeps it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailcase.cli.main", "-c", str(self.config), "run"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, **self.environment, **environment},
        )
        log.close()
        self.wait_for(self._listens, "the daemon listens")

    def _listens(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended:\n{self.log()[-3000:]}")
        try:
            with socket.create_connection(("127.0.0.1", self.ports["smtp"]), 1) as sock:
                return sock.recv(4).startswith(b"220")
        except OSError:
            return False

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(40)
        self.process = None
        return code

    def kill(self) -> None:
        """kill -9 of every process of the daemon."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def log(self) -> str:
        """What the daemon has written so far."""
        return (self.folder / "daemon.log").read_text("utf-8", "replace")

    # ---- the operator ----

    def run(self, *arguments: str, code: int = 0, stdin: bytes | None = None) -> str:
        """A command of mailcase, and what it prints. Raises RuntimeError for another exit code than `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "mailcase.cli.main", "-c", str(self.config), *arguments],
            capture_output=True, input=stdin, timeout=60, env={**os.environ, **self.environment},
        )  # fmt: skip
        if done.returncode != code:
            raise RuntimeError(f"mailcase {' '.join(arguments)}: {done.returncode}\n{done.stderr.decode()}")
        return (done.stdout + done.stderr).decode()

    def json(self, *arguments: str) -> Any:
        """A command's JSON."""
        return json.loads(self.run(*arguments, "--json"))

    def case(self, number: int) -> dict[str, Any]:
        """What `case show --json` says, without the cost of a process: tests ask often."""
        with self.database().read() as conn:
            return show_case(conn, number)

    def database(self) -> Database:
        """The desk's database, opened by this process as well."""
        if self._database is None:
            self._database = Database.open(load(self.config).database)
        return self._database

    def wait_for(self, ask: Callable[[], Result], what: str, seconds: float = 60.0) -> Result:
        """Ask until the answer is true; returns it. Raises TimeoutError that names `what`."""
        end = time.monotonic() + seconds
        while True:
            answer = ask()
            if answer:
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s in vain until {what}\n{self.log()[-2000:]}")
            time.sleep(0.02)

    def settled(self) -> None:
        """Wait until every mail has its outcome and what can be sent is sent."""

        def quiet() -> bool:
            with self.database().read() as conn:
                return not spool.waiting(conn) and not outbox.waiting(conn)

        self.wait_for(quiet, "everything is settled")

    # ---- the people ----

    def write(
        self,
        sender: str,
        subject: str,
        text: str,
        *,
        to: str = "support@example.com",
        answers: EmailMessage | None = None,
        headers: Mapping[str, str] | None = None,
        envelope: str | None = None,
    ) -> EmailMessage:
        """Somebody sends a mail by SMTP; with `answers`, the way a mail client answers that mail."""
        mail = EmailMessage()
        mail["From"], mail["Subject"] = sender, subject
        mail["Message-ID"] = f"<{next(self._ids)}.{os.urandom(6).hex()}@client.example>"
        mail["Date"] = email.utils.formatdate()
        if answers is not None:
            to = email.utils.parseaddr(str(answers["Reply-To"] or answers["From"]))[1]
            del mail["Subject"]
            mail["Subject"] = subject or f"Re: {answers['Subject']}"
            mail["In-Reply-To"] = str(answers["Message-ID"])
            mail["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
            text += f"\n\nOn Mon, 16 Nov 2026 at 10:00, {answers['From']} wrote:\n" + quoted(answers)
        mail["To"] = to
        for name, value in (headers or {}).items():
            mail[name] = value
        mail.set_content(text)
        self.send(mail.as_bytes(policy=email.policy.SMTP), sender if envelope is None else envelope, to)
        return mail

    def send(self, raw: bytes, sender: str, to: str) -> None:
        """Bytes by SMTP."""
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=30) as smtp:
            smtp.sendmail(email.utils.parseaddr(sender)[1], [to], raw)

    def inbox(self, address: str) -> list[EmailMessage]:
        """All mails that were sent to somebody, oldest first."""
        return [mail for _, mail in self._outgoing() if address in f"{mail['To']}, {mail['Cc'] or ''}"]

    def _outgoing(self) -> list[tuple[str, EmailMessage]]:
        folder = self.folder / "outgoing" / "new"
        found = sorted(folder.iterdir(), key=lambda p: p.stat().st_mtime_ns) if folder.is_dir() else []
        for path in found:
            if path.name not in self._sent:
                self._sent[path.name] = _parsed(path.read_bytes())
        return [(path.name, self._sent[path.name]) for path in found]

    def read(self, address: str, about: str = "") -> EmailMessage:
        """Wait for the next mail to somebody that was not read yet, with `about` in its subject or text."""

        def look() -> EmailMessage | None:
            for name, mail in self._outgoing():
                people = f"{mail['To']}, {mail['Cc'] or ''}"
                if name not in self._seen and address in people and about in f"{mail['Subject']}\n{text_of(mail)}":
                    self._seen.add(name)
                    return mail
            return None

        found = self.wait_for(look, f"{address} gets a mail about {about!r}")
        assert found is not None
        return found


def _parsed(raw: bytes) -> EmailMessage:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    """The text part."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def quoted(mail: EmailMessage) -> str:
    """The text as mail clients quote it."""
    return "".join(f"> {line}\n" for line in text_of(mail).splitlines())
