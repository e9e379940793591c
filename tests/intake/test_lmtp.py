"""LMTP (RFC 2033): the dialogue, and delivery by a real Postfix."""

from __future__ import annotations

import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.intake.smtp_desk import MAIL, Desk, Wire, deliver, mail, running, stuffed
from tests.servers import postfix


@pytest.fixture
def desk(tmp_path: Path, database: object) -> Iterator[Desk]:
    with running(tmp_path / "mailcase.db", max_size="1M") as desk:
        yield desk


def test_each_recipient_has_a_reply_in_order(desk: Desk) -> None:
    with Wire(desk.lmtp) as wire:
        wire.say_all("LHLO mta.example", "MAIL FROM:<ann@customer.example>")
        replies = wire.say_all(
            "RCPT TO:<support@example.com>", "RCPT TO:<nobody@example.com>", "RCPT TO:<sales@example.com>",
            "RCPT TO:<support@example.com>",
        )  # fmt: skip
        assert [reply[:9] for reply in replies] == ["250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5"]
        wire.say("DATA")
        wire.send(stuffed(MAIL))
        assert [wire.reply() for _ in range(3)] == ["250 2.0.0 OK, kept as 1"] * 3
        assert wire.say("NOOP") == "250 2.0.0 OK"
    (row,) = desk.kept()
    assert (row.raw, row.source, row.origin) == (MAIL, "lmtp", "lmtp/127.0.0.1/mta.example")


def test_a_refusal_at_the_dot_is_said_to_each(desk: Desk) -> None:
    replies = deliver(desk.lmtp, mail(1, b"x\r\n" * 400_000), ("support@example.com", "sales@example.com"), "LHLO")
    assert [reply[:9] for reply in replies] == ["552 5.3.4"] * 2


def test_lmtp_is_not_smtp(desk: Desk) -> None:
    with Wire(desk.lmtp) as wire:
        assert wire.say("EHLO c").startswith("500 5.5.1")
        assert wire.say("HELO c").startswith("500 5.5.1")
        said = wire.say("LHLO c")
        assert "PIPELINING" in said
        assert "ENHANCEDSTATUSCODES" in said
        assert "STARTTLS" not in said
        wire.say("MAIL FROM:<>")
        assert wire.say("DATA").startswith("503 5.5.1"), "RFC 2033 section 4.2: no recipient, no DATA"


def test_all_in_one_packet(desk: Desk) -> None:
    with Wire(desk.lmtp) as wire:
        wire.send(
            b"LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<support@example.com>\r\nRCPT TO:<sales@example.com>\r\nDATA\r\n"
            + stuffed(MAIL) + b"QUIT\r\n"
        )  # fmt: skip
        codes = [wire.reply().split("\n")[-1][:3] for _ in range(8)]
    assert codes == ["250", "250", "250", "250", "354", "250", "250", "221"]


def test_python_s_own_client(desk: Desk) -> None:
    with smtplib.LMTP(*desk.lmtp) as client:
        refused = client.sendmail("a@b.example", ["support@example.com", "no@example.com"], MAIL)
    assert {key: value[0] for key, value in refused.items()} == {"no@example.com": 550}


@pytest.fixture(scope="module")
def mta() -> Iterator[postfix.Postfix]:
    if postfix.missing():
        pytest.skip(postfix.missing())
    with postfix.running() as server:
        yield server


def test_A13_postfix_keeps_only_what_was_deferred(mta: postfix.Postfix, tmp_path: Path, database: object) -> None:
    """A13: one of three recipients is unknown, one is put off; the first is not sent again."""
    with running(tmp_path / "mailcase.db", max_recipients=1) as desk:
        mta.deliver_to(desk.lmtp)
        mta.submit(MAIL, "support@example.com", "nobody@example.com", "sales@example.com")
        mta.wait_for(r"to=<nobody@example.com>.*dsn=5\.1\.1, status=bounced")
        mta.wait_for(r"to=<sales@example.com>.*status=sent")
        mta.wait_for(r"to=<support@example.com>.*dsn=4\.5\.3, status=deferred")
        mta.wait_until_queued("support@example.com")
        mta.try_again_until(r"to=<support@example.com>.*status=sent")
        mta.wait_until_queued()
        (row,) = desk.kept()  # the second time it was the same mail
        assert MAIL.partition(b"\r\n\r\n")[2] in row.raw


def test_A13_postfix_tries_again_what_the_database_could_not_take(
    mta: postfix.Postfix, tmp_path: Path, database: object
) -> None:
    """A13 and A11: the database is locked, every recipient hears 451, and Postfix keeps them both."""
    path = tmp_path / "mailcase.db"
    with running(path) as desk, closing(sqlite3.connect(path, isolation_level=None)) as other:
        mta.deliver_to(desk.lmtp)
        other.execute("BEGIN IMMEDIATE")
        mta.submit(mail("locked"), "support@example.com", "sales@example.com", "nobody@example.com")
        mta.wait_for(r"to=<support@example.com>.*dsn=4\.3\.0, status=deferred", 20)
        mta.wait_for(r"to=<sales@example.com>.*dsn=4\.3\.0, status=deferred")
        mta.wait_until_queued("sales@example.com", "support@example.com")
        assert desk.kept() == []
        other.execute("ROLLBACK")
        mta.try_again_until(r"to=<support@example.com>.*status=sent")
        mta.wait_until_queued()
        assert [sorted(row.recipients) for row in desk.kept()] == [["sales@example.com", "support@example.com"]]


def test_A13_postfix_delivers_fifty_at_once(mta: postfix.Postfix, tmp_path: Path, database: object) -> None:
    with running(tmp_path / "mailcase.db") as desk:
        mta.deliver_to(desk.lmtp)
        raws = [mail(f"many-{number}", b".\r\n.. dots\r\n" + b"z" * 900 + b"\r\n") for number in range(50)]
        for raw in raws:
            mta.submit(raw, "support+t@example.com")
        mta.wait_until_queued()
        bodies = {row.raw.partition(b"\r\n\r\n")[2] for row in desk.kept()}
        assert len(desk.kept()) == 50
        assert bodies == {raws[0].partition(b"\r\n\r\n")[2]}
