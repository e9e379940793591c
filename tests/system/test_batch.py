"""Mails that come together and belong together: a batch is stored as if they had come one after the other (C4)."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from mailcase.core.message import Envelope
from mailcase.core.policy import Agent, AutomaticLimits, Deadlines, Mailbox, Policy
from mailcase.core.reading.ingest import ingest_key
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.templates import load
from mailcase.store import cases, outbox, spool
from mailcase.store.engine import Database
from mailcase.store.tables import cases as table
from mailcase.store.values import Incoming
from mailcase.worker import Worker

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
POLICY = Policy(
    mailboxes=(Mailbox("support", "support@example.com", notify=("bob",), deadlines=Deadlines()),),
    agents=(Agent("bob", "bob@staff.example", "Bob", mailboxes=("support",)),),
    automatic=AutomaticLimits(address_hour=4), secrets=(b"a secret of these tests",), desk_id="batchdesk",
    phrases=load().phrases,
)  # fmt: skip


def mail(name: str, number: int, answers: int | None = None, subject: str = "Printer") -> Incoming:
    """A mail of `name`, the one with this number; `answers` is the number of the one it answers."""
    reply = f"In-Reply-To: <{answers}@client.example>\r\n" if answers is not None else ""
    raw = (
        f"From: {name} <{name}@client.example>\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@client.example>\r\n{reply}\r\nThis is what I write, number {number}.\r\n"
    ).encode()
    envelope = Envelope(f"{name}@client.example", ("support@example.com",))
    return Incoming(raw, envelope, "smtp", ingest_key(raw), NOW)


def worked(db: Database, mails: list[Incoming], together: bool) -> None:
    """Keep these mails and work on them, in one batch or one after the other."""
    worker = Worker(db, Writer(POLICY, load(), os.urandom), clock=lambda: NOW)
    for group in [mails] if together else [[one] for one in mails]:
        with db.write() as conn:
            spool.add(conn, group)
        while worker.mails():
            pass


def told(db: Database) -> object:
    """All that must be the same however the mails came."""
    with db.read() as conn:
        rows = conn.execute(select(table.c.number, table.c.version, table.c.requester_key).order_by(table.c.number))
        found = [tuple(row) for row in rows]
        shown = [cases.show_case(conn, number) for number, *_ in found]
        letters = sorted((item.case or 0, item.kind, item.to) for item in outbox.items(conn))
    return found, [
        ([(m["message_id"], m["text"]) for m in case["messages"] if m["direction"] == "incoming"],
         [line["event"] for line in case["history"]])
        for case in shown
    ], letters  # fmt: skip


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory, sqlite_template: object) -> Database:
    """A second desk, on SQLite, that gets the same mails one by one."""
    path = tmp_path_factory.mktemp("other") / "desk.db"
    shutil.copy(str(sqlite_template), path)
    return Database.open(f"sqlite:///{path}")


def test_a_batch_is_stored_as_if_its_mails_had_come_one_by_one(
    db: Database, other: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    """Threads within the batch, several mails on one case, new cases in between, and more than one customer may get."""
    mails = [
        mail("anna", 1), mail("anna", 2, answers=1), mail("otto", 3), mail("anna", 4, answers=2),
        mail("otto", 5, answers=3), mail("eve", 6), mail("anna", 7, answers=1), mail("otto", 8, subject="Other"),
        *(mail("max", number, subject=f"Matter {number}") for number in range(9, 16)),
        mail("max", 16, answers=12),
    ]  # fmt: skip
    worked(db, mails, together=True)
    worked(other, mails, together=False)
    assert told(db) == told(other)
    assert "batch-failed" not in capfd.readouterr().out
    with db.read() as conn:
        assert spool.counts(conn)["done"] == len(mails)


def test_a_second_batch_finds_the_cases_of_the_first(db: Database, other: Database) -> None:
    first = [mail(name, number) for number, name in enumerate(("anna", "otto", "eve"), 1)]
    second = [mail("anna", 10, 1), mail("otto", 11, 2), mail("anna", 12, 10), mail("anna", 13, 1), mail("new", 14)]
    for mails in (first, second):
        worked(db, mails, together=True)
        worked(other, mails, together=False)
    assert told(db) == told(other)
