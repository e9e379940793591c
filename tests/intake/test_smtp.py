"""The dialogue of the listener (B1; RFC 5321, 1870, 2034, 2920, 6152, 6531), over real sockets."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.smtp_desk import MAIL, Desk, Wire, deliver, mail, running, stuffed


@pytest.fixture
def desk(tmp_path: Path, database: object) -> Iterator[Desk]:
    with running(tmp_path / "mailcase.db", max_size="1M", max_recipients=5) as desk:
        yield desk


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        assert wire.banner == "220 desk.example ESMTP mailcase"
        wire.begin("EHLO", "support@example.com")
        wire.send(stuffed(MAIL))
        assert wire.reply() == "250 2.0.0 OK, kept as 1"
        assert wire.say("QUIT") == "221 2.0.0 Bye"
        assert wire.closed()
    (row,) = desk.kept()
    assert (row.raw, row.source, row.sender) == (MAIL, "smtp", "ann@customer.example")
    assert (row.recipients, row.peer, row.authenticated) == (("support@example.com",), "127.0.0.1", "")
    assert row.origin == "smtp/127.0.0.1/client.example"
    assert len(desk.woken) == 1


def test_ehlo_offers_what_is_there(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        lines = wire.say("EHLO client.example").split("\n")
        assert lines[0] == "250-desk.example"
        assert {line[4:] for line in lines[1:]} == {
            "PIPELINING", "SIZE 1048576", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
        }  # fmt: skip
        assert wire.say("HELO client.example") == "250 desk.example"


def test_a_mail_for_two_mailboxes_is_one_row(desk: Desk) -> None:
    """A14: one transaction, one mail, both recipients."""
    deliver(desk.smtp, MAIL, ("support@example.com", "sales@example.com"))
    (row,) = desk.kept()
    assert row.recipients == ("support@example.com", "sales@example.com")


def test_the_same_mail_twice_is_kept_once_and_answered_twice(desk: Desk) -> None:
    """B7, A7: a client that never saw our 250 tries again."""
    assert deliver(desk.smtp, MAIL) == deliver(desk.smtp, MAIL) == ["250 2.0.0 OK, kept as 1"]
    assert len(desk.kept()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "support@example.com", "SUPPORT@Example.COM", "help@example.com", "support+abc-def@example.com",
        "help+b17-0aa@example.com", "sales@example.com",
    ],
)  # fmt: skip
def test_known_recipients(desk: Desk, address: str) -> None:
    with Wire(desk.smtp) as wire:
        wire.say_all("EHLO c", "MAIL FROM:<>")
        assert wire.say(f"RCPT TO:<{address}>") == "250 2.1.5 OK"


@pytest.mark.parametrize(
    "path",
    [
        "<nobody@example.com>", "<victim@elsewhere.example>", "<sales+x@example.com>", "<support@elsewhere.example>",
        "<support%elsewhere.example@example.com>", "<@example.com:victim@elsewhere.example>",
        "<@elsewhere.example:support@example.com>", '<"victim@elsewhere.example"@example.com>',
        "<elsewhere.example!victim@example.com>", "<support@example.com@elsewhere.example>", "<support>", "<>",
        "<victim@elsewhere.example@example.com>", '<"support@example.com>"@elsewhere.example>',
        "<support+victim%elsewhere.example@example.com>", "<support@example.com.elsewhere.example>",
        "<support@[127.0.0.1]>", "<postmaster@elsewhere.example>", '<"support"@elsewhere.example>',
        "<support+a@b@example.com>",
    ],
)  # fmt: skip
def test_nothing_else_is_taken(desk: Desk, path: str) -> None:
    """S14 and S28: no backscatter, no relay, in twenty forms."""
    with Wire(desk.smtp) as wire:
        wire.say_all("EHLO c", "MAIL FROM:<ann@customer.example>")
        assert wire.say(f"RCPT TO:{path}") == "550 5.1.1 There is no such mailbox here"
        assert wire.say("DATA").startswith("503 5.5.1")


def test_A10_size_is_looked_at_before_the_body(desk: Desk) -> None:
    """A10, declared."""
    with Wire(desk.smtp) as wire:
        wire.say("EHLO c")
        assert wire.say("MAIL FROM:<a@b.example> SIZE=1048577").startswith("552 5.3.4")
        assert wire.say("MAIL FROM:<a@b.example> SIZE=1048576") == "250 2.1.0 OK"


def test_A10_size_is_measured_after_the_dots_are_undone(desk: Desk) -> None:
    """A10, real. RFC 1870 section 5: doubled dots do not count."""
    head = mail("size")
    exact = head + b"." * 70 + b"\r\n"
    exact += (b".\r\n" * 400_000)[: 1_048_576 - len(exact) - 2]
    exact = exact.replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
    exact += b"x" * (1_048_576 - len(exact) - 2) + b"\r\n"
    assert len(exact) == 1_048_576
    assert deliver(desk.smtp, exact) == ["250 2.0.0 OK, kept as 1"]
    assert deliver(desk.smtp, b"X" + exact) == ["552 5.3.4 The message is larger than the limit"]
    assert [row.raw for row in desk.kept()] == [exact]


def test_lines_of_a_megabyte_are_taken_and_longer_ones_are_not(tmp_path: Path, database: object) -> None:
    with running(tmp_path / "mailcase.db", max_size="5M") as desk:
        good = mail(1, b"x" * (1 << 20) + b"\r\n")
        assert deliver(desk.smtp, good)[0].startswith("250")
        assert deliver(desk.smtp, mail(2, b"x" * ((1 << 20) + 2) + b"\r\n"))[0].startswith("554 5.6.0")
        assert [row.raw for row in desk.kept()] == [good]


def test_eight_bits_and_utf8_addresses_arrive_as_they_are(desk: Desk) -> None:
    raw = b"From: J\xc3\xbcrgen <j\xc3\xbcrgen@kunde.example>\r\nMessage-ID: <8@k>\r\n\r\nGr\xfc\xdfe \xff\x80\r\n"
    with Wire(desk.smtp) as wire:
        wire.say("EHLO c")
        assert wire.say("MAIL FROM:<jürgen@kunde.example>").startswith("553 5.6.7")
        assert wire.say("MAIL FROM:<jürgen@kunde.example> BODY=8BITMIME SMTPUTF8") == "250 2.1.0 OK"
        assert wire.say("RCPT TO:<postmästare@exämple.com>") == "250 2.1.5 OK"
        wire.say("DATA")
        wire.send(stuffed(raw))
        assert wire.reply().startswith("250 2.0.0")
        wire.say("MAIL FROM:<ann@customer.example>")
        assert wire.say("RCPT TO:<postmästare@exämple.com>").startswith("553 5.6.7")
    (row,) = desk.kept()
    assert (row.raw, row.sender) == (raw, "jürgen@kunde.example")
    assert row.recipients == ("postmästare@exämple.com",)


def test_commands_that_come_together_are_answered_in_order(desk: Desk) -> None:
    """RFC 2920, with two mails, a refused recipient, and a client that closes its half at the end."""
    one, two = mail(1, b"..dots\r\n"), mail(2)
    with Wire(desk.smtp) as wire:
        wire.send(
            b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<nobody@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
            + stuffed(one) + b"NOOP\r\nMAIL FROM:<b@c.example>\r\nRCPT TO:<sales@example.com>\r\nDATA\r\n"
            + stuffed(two) + b"VRFY ann\r\nQUIT\r\n"
        )  # fmt: skip
        wire.socket.shutdown(1)
        codes = [wire.reply().split("\n")[-1][:9] for _ in range(12)]
        assert codes == [
            "250 ENHAN", "250 2.1.0", "550 5.1.1", "250 2.1.5", "354 End w", "250 2.0.0", "250 2.0.0", "250 2.1.0",
            "250 2.1.5", "354 End w", "250 2.0.0", "252 2.5.0",
        ]  # fmt: skip
        assert wire.reply() == "221 2.0.0 Bye"
        assert wire.closed()
    assert [(row.raw, row.sender) for row in desk.kept()] == [(one, ""), (two, "b@c.example")]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7])
def test_the_end_is_found_wherever_the_wire_is_cut(desk: Desk, step: int) -> None:
    raw = mail(step, b".\r\n..\r\n.a\r\n" * 3)
    stream = stuffed(raw) + b"NOOP\r\n"
    with Wire(desk.smtp) as wire:
        wire.socket.setsockopt(6, 1, 1)
        wire.begin()
        for at in range(0, len(stream), step):
            wire.send(stream[at : at + step])
        assert wire.reply().startswith("250 2.0.0")
        assert wire.reply() == "250 2.0.0 OK"
    assert desk.kept()[0].raw == raw


def test_an_empty_mail_is_a_mail(desk: Desk) -> None:
    assert deliver(desk.smtp, b"")[0].startswith("250")
    assert desk.kept()[0].raw == b""


def test_commands_out_of_order(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        assert wire.say("MAIL FROM:<a@b.example>").startswith("503 5.5.1")
        wire.say("EHLO c")
        assert wire.say("RCPT TO:<support@example.com>").startswith("503 5.5.1")
        assert wire.say("DATA").startswith("503 5.5.1")
        wire.say("MAIL FROM:<a@b.example>")
        assert wire.say("MAIL FROM:<a@b.example>").startswith("503 5.5.1")
        wire.say("RCPT TO:<support@example.com>")
        assert wire.say("RSET") == "250 2.0.0 OK"
        assert wire.say("DATA").startswith("503 5.5.1")


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL", "501 5.5.4"), ("MAIL FROM", "501 5.5.4"), ("MAIL FROM:", "501 5.5.4"), ("MAIL TO:<a@b>", "501 5.5.4"),
        ("MAIL FROM:<a@b.example", "501 5.5.4"), ("MAIL FROM:<ann>", "553 5.1.7"), ("MAIL FROM:<a b@c.d>", "501 5.1.3"),
        ("MAIL FROM:<a\x01@b.example>", "501 5.1.3"), (f"MAIL FROM:<{'a' * 400}@b.example>", "501 5.1.3"),
        ("MAIL FROM:<a@b.example> SIZE=x", "555 5.5.4"), ("MAIL FROM:<a@b.example> RET=HDRS", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4"), ("MAIL FROM:<a@b.example> =", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> AUTH=<>", "250 2.1.0"), ("mail from: a@b.example", "250 2.1.0"),
        ("MAIL FROM:<@x.example,@y.example:a@b.example>", "250 2.1.0"), ('MAIL FROM:<"a>b"@c.example>', "250 2.1.0"),
        ("EHLO", "501 5.5.4"), ("VRFY", "501 5.5.4"), ("VRFY ann", "252 2.5.0"), ("EXPN list", "502 5.5.1"),
        ("HELP", "214 2.0.0"), ("NOOP x", "250 2.0.0"), ("DATA x", "501 5.5.4"), ("BDAT 3 LAST", "500 5.5.1"),
        ("LHLO c", "500 5.5.1"), ("AUTH PLAIN AGEAYg==", "502 5.5.1"), ("STARTTLS", "503 5.5.1"), ("", "500 5.5.1"),
        ("__INIT__ x", "500 5.5.1"), ("\xff", "500 5.5.1"), ("GET / HTTP/1.1", "500 5.5.1"),
    ],
)  # fmt: skip
def test_replies(desk: Desk, command: str, reply: str) -> None:
    """RFC 2034: an enhanced status code on each."""
    with Wire(desk.smtp) as wire:
        wire.say("EHLO c")
        assert wire.say(command)[:9] == reply
        assert wire.say("NOOP") == "250 2.0.0 OK"


def test_lines_that_are_no_commands(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        for line in (b"NOOP\n", b"\xc3\x28\r\n", b"NO\0OP\r\n", b"x" * 40_000 + b"\r\n"):
            wire.send(line)
            assert wire.reply().startswith("500 5.5.2")
        assert wire.say("NOOP") == "250 2.0.0 OK"


def test_too_many_recipients_are_for_another_transaction(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        wire.say_all("EHLO c", "MAIL FROM:<>")
        replies = [wire.say(f"RCPT TO:<support+{n}@example.com>") for n in range(7)]
        assert [reply[:9] for reply in replies] == ["250 2.1.5"] * 5 + ["452 4.5.3"] * 2


def test_a_mail_that_goes_round_is_stopped(desk: Desk) -> None:
    hop = b"Received: from a.example by b.example; Sat, 21 Nov 2026 18:00:00 +0000\r\n"
    assert deliver(desk.smtp, hop * 50 + MAIL)[0].startswith("250")
    assert deliver(desk.smtp, hop * 51 + mail(2))[0].startswith("554 5.4.6")
    assert deliver(desk.smtp, mail(3, hop * 60))[0].startswith("250"), "only the head counts"


def test_smtplib_gets_through(desk: Desk) -> None:
    """Somebody else's client, with dots, long lines and two recipients of whom one is unknown."""
    raw = mail("smtplib", b".\r\n.hidden\r\n" + b"y" * 5_000 + b"\r\n")
    with smtplib.SMTP(*desk.smtp) as client:
        refused = client.sendmail("ann@customer.example", ["support@example.com", "x@example.com"], raw)
        assert {key: value[0] for key, value in refused.items()} == {"x@example.com": 550}
        client.sendmail("", ["support@example.com"], mail("second").decode())
    assert [row.raw for row in desk.kept()] == [raw, mail("second")]


def test_no_reply_says_what_runs_here_beyond_its_name(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        said = "\n".join([wire.banner, *wire.say_all("EHLO c", "HELP", "NOOP", "BOGUS")])
    assert not re.search(r"python|aiosmtpd|\d+\.\d+\.\d+\.\d+|/", said, re.IGNORECASE)
