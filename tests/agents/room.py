"""A desk in one process: real bytes through the spool, the worker and the outbox, with a clock that stands still."""

from __future__ import annotations

import email
import email.policy
import email.utils
import itertools
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailcase.core.message import Envelope
from mailcase.core.policy import Agent, AutomaticLimits, Deadlines, Mailbox, Policy, Trust
from mailcase.core.reading.ingest import ingest_key
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.templates import load
from mailcase.store import outbox, spool
from mailcase.store.engine import Database
from mailcase.store.listing import show_case
from mailcase.store.values import Incoming, OutboxItem
from mailcase.worker import Worker

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SUPPORT = Mailbox(
    "support", "support@example.com", display_name="Example Support", notify=("bob",), deadlines=Deadlines()
)
SALES = Mailbox("sales", "sales@example.com", tag="[Sales #{number}]", notify=("sue",))
BOB = Agent("bob", "bob@staff.example", "Bob", mailboxes=("support",))
SUE = Agent("sue", "sue@staff.example", "Sue", role="supervisor", language="de")
TEMPLATES = load()
ANNA = "Anna Berg <anna@example.org>"
# The clock stands still, and one customer opens every case.
MANY = AutomaticLimits(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000)
_ids = itertools.count(1)


class Room:
    """The desk; `policy` may be changed between two mails."""

    def __init__(self, template: Path, folder: Path, **trust: Any) -> None:
        shutil.copy(template, folder / "room.db")
        self.database = Database.open(f"sqlite:///{folder / 'room.db'}")
        self.now = NOW
        self.policy = Policy(
            mailboxes=(SUPPORT, SALES), agents=(BOB, SUE), trust=Trust(**trust), automatic=MANY, secrets=(b"a secret of these tests",),
            desk_id="roomdesk", phrases=TEMPLATES.phrases,
        )  # fmt: skip

    def with_policy(self, **values: Any) -> None:
        """The operator changes the config."""
        self.policy = replace(self.policy, **values)

    def deliver(
        self, raw: bytes | EmailMessage, to: str = "support@example.com", source: str = "smtp", peer: str = "127.0.0.1",
        **more: Any,
    ) -> int:  # fmt: skip
        """A mail comes in and is worked on; returns its number in the spool."""
        data = raw if isinstance(raw, bytes) else raw.as_bytes(policy=email.policy.SMTP)
        envelope = Envelope(
            str(more.pop("sender", "somebody@client.example")), (to,), more.pop("authenticated", ""), peer
        )
        incoming = Incoming(data, envelope, source, ingest_key(data), self.now, **more)
        with self.database.write() as conn:
            accepted = spool.add(conn, [incoming])[0]
        self.work()
        return accepted.id

    def work(self) -> None:
        """The worker does what waits."""
        writer = Writer(self.policy, TEMPLATES, os.urandom)
        worker = Worker(self.database, writer, clock=lambda: self.now)
        while worker.mails():
            pass

    def sent(self, after: int = 0) -> list[OutboxItem]:
        """Everything in the outbox behind number `after`, with its bytes."""
        with self.database.read() as conn:
            newer = sorted(item.id for item in outbox.items(conn, limit=100) if item.id > after)
            return [outbox.get(conn, number, with_raw=True) for number in newer]

    def last(self) -> int:
        """The newest number in the outbox."""
        with self.database.read() as conn:
            return max((item.id for item in outbox.items(conn, limit=1)), default=0)

    def mails(self, address: str, after: int = 0) -> list[EmailMessage]:
        """What goes to somebody, oldest first."""
        return [
            parsed(item.raw) for item in self.sent(after)
            if address in [recipient.address for recipient in item.recipients]
        ]  # fmt: skip

    def case(self, number: int) -> dict[str, Any]:
        """What `case show --json` says."""
        with self.database.read() as conn:
            return show_case(conn, number)

    def entry(self, number: int) -> spool.SpoolEntry:
        """What became of a spooled mail."""
        with self.database.read() as conn:
            return spool.get(conn, number)

    def opened(self, subject: str = "Printer", text: str = "It does not print.", sender: str = ANNA,
               to: str = "support@example.com", agent: str = "bob@staff.example") -> tuple[int, EmailMessage]:  # fmt: skip
        """A customer's new case: its number, and the agent's copy."""
        before = self.last()
        entry = self.entry(self.deliver(letter(sender, subject, text, to), to=to))
        assert entry.case is not None, entry.reason
        return entry.case, self.mails(agent, before)[-1]


def parsed(raw: bytes) -> EmailMessage:
    """The mail of these bytes."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage) -> str:
    """The text part."""
    body = mail.get_body(("plain",))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""


def html_of(mail: EmailMessage) -> str:
    """The HTML part."""
    body = mail.get_body(("html",))
    return str(body.get_content()) if body else ""


def letter(sender: str, subject: str, text: str, to: str = "support@example.com", **headers: str) -> EmailMessage:
    """A plain mail. `headers` are further fields, with _ for -; an empty one leaves the field out."""
    mail = EmailMessage()
    fields = {"From": sender, "To": to, "Subject": subject, "Message-ID": f"<{next(_ids)}.{os.urandom(4).hex()}@client.example>",
              "Date": email.utils.format_datetime(NOW)}  # fmt: skip
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in fields.items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail


def answer(copy: EmailMessage, text: str, sender: str = "Bob <bob@staff.example>", **headers: str) -> EmailMessage:
    """An agent's answer to a copy, as a plain client writes it: reply address, ids, quotation below."""
    quoted = "".join(f"> {line}\n" for line in text_of(copy).splitlines())
    body = f"{text}\n\nOn Sat, 21 Nov 2026 at 10:00, {copy['From']} wrote:\n{quoted}"
    fields = {"In_Reply_To": str(copy["Message-ID"]), "References": str(copy["Message-ID"]), **headers}
    return letter(sender, f"Re: {copy['Subject']}", body, reply_to(copy), **fields)


def reply_to(copy: EmailMessage) -> str:
    """The address an answer goes to."""
    return email.utils.parseaddr(str(copy["Reply-To"] or copy["From"]))[1]


def events(case: dict[str, Any]) -> list[str]:
    """The words of a case's history."""
    return [line["event"] for line in case["history"]]
