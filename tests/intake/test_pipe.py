"""One mail on standard input, and what the MTA is told by the exit code (B5, sysexits.h)."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailcase.intake.pipe import Delivery, deliver
from mailcase.store import spool
from mailcase.store.engine import Database
from mailcase.store.values import Accepted, Incoming
from tests.intake.smtp_desk import MAIL, POLICY, kept

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
UNIX = MAIL.replace(b"\r\n", b"\n")


def run(
    raw: bytes, database: Database, mailbox: str = "support", environment: Mapping[str, str] | None = None
) -> Delivery:
    def add(mail: Incoming) -> Accepted:
        with database.write() as connection:
            return spool.add(connection, [mail])[0]

    return deliver(
        io.BytesIO(raw), mailbox, POLICY, add, max_size=10_000, now=NOW, environment=environment or {}
    )  # fmt: skip


def test_a_mail_is_kept_as_it_came(tmp_path: Path, database: Database) -> None:
    assert run(UNIX, database) == Delivery(0, "2.0.0 kept as 1")
    assert run(UNIX, database) == Delivery(0, "2.0.0 kept as 1")
    (row,) = kept(tmp_path / "mailcase.db")
    assert (row.raw, row.source, row.origin, row.sender) == (UNIX, "pipe", "pipe/support", "")
    assert row.recipients == ("support@example.com",)


def test_the_envelope_of_postfix_local(tmp_path: Path, database: Database) -> None:
    """local(8) sets variables and puts a `From ` line on top, which is no part of the mail."""
    environment = {
        "SENDER": "ann@customer.example", "RECIPIENT": "help@example.com", "CLIENT_ADDRESS": "192.0.2.7",
        "ORIGINAL_RECIPIENT": "support+c16i-token@example.com",
    }  # fmt: skip
    line = b"From ann@customer.example  Sat Nov 21 18:00:00 2026\n"
    assert run(line + UNIX, database, environment=environment).code == 0
    (row,) = kept(tmp_path / "mailcase.db")
    assert (row.raw, row.sender, row.peer) == (UNIX, "ann@customer.example", "192.0.2.7")
    assert row.recipients == ("support+c16i-token@example.com",)


@pytest.mark.parametrize(
    ("head", "environment", "sender", "recipient"),
    [
        (b"From ann@c.example  Sat\n", {}, "ann@c.example", "support@example.com"),
        (b"From MAILER-DAEMON  Sat\n", {}, "", "support@example.com"),
        (b"Return-Path: <ann@c.example>\n", {}, "ann@c.example", "support@example.com"),
        (b"Return-Path: <>\n", {"RECIPIENT": "root@elsewhere.example"}, "", "support@example.com"),
        (b"", {"RECIPIENT": "help+x@example.com"}, "", "help+x@example.com"),
    ],
)
def test_envelopes(
    tmp_path: Path, database: Database, head: bytes, environment: dict[str, str], sender: str, recipient: str
) -> None:
    assert run(head + UNIX, database, environment=environment).code == 0
    (row,) = kept(tmp_path / "mailcase.db")
    assert (row.sender, row.recipients) == (sender, (recipient,))


def test_what_is_not_our_fault_goes_back(database: Database) -> None:
    assert run(UNIX, database, mailbox="nobody").code == 67
    assert run(b"", database).code == 65
    assert run(b" \r\n\n", database).code == 65
    assert run(b"x" * 10_001, database).code == 65
    assert run(b"Received: from a\n" * 51 + UNIX, database).code == 77
    assert run(b"Received: from a\n" * 50 + UNIX, database).code == 0


def test_what_is_our_fault_is_tried_again_and_says_nothing(tmp_path: Path, database: Database) -> None:
    """A11 for pipes: the MTA keeps the mail."""
    with closing(sqlite3.connect(tmp_path / "mailcase.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = run(UNIX, database)
    assert found == Delivery(75, "4.3.0 the mail could not be kept now (DatabaseUnavailable); it is tried again")
    assert run(UNIX, database).code == 0


def test_a_broken_standard_input_is_tried_again(tmp_path: Path, database: Database) -> None:
    with open(tmp_path / "closed", "wb") as not_readable:
        found = deliver(
            not_readable, "support", POLICY, lambda mail: Accepted(1, False), max_size=10, now=NOW, environment={}
        )
    assert found.code == 75
