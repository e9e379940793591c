"""The envelope that a mail read by IMAP is given (B3, T1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailcase.config import MailboxTable
from mailcase.intake.imap_mail import incoming, recipients_of

MAILBOX = MailboxTable(name="support", address="support@example.com", aliases=("help@example.com",))
PLAIN = ("support@example.com",)
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", PLAIN),
        (b"To: support@example.com\r\n", PLAIN),
        (b"To: help@example.com\r\n", PLAIN),
        (b"To: someone@else.example\r\n", PLAIN),
        (b"Delivered-To: support+abc@example.com\r\n", ("support+abc@example.com",)),
        (b"X-Original-To: <support+abc@example.com>\r\n", ("support+abc@example.com",)),
        (b"Envelope-To: support+abc@example.com\r\n", ("support+abc@example.com",)),
        (b"To: Support <SUPPORT+Abc@Example.COM>\r\n", ("SUPPORT+Abc@Example.COM",)),
        (b'To: "a, b" <x@y.example>,\r\n "Support (x)"\r\n <help+abc@example.com>\r\n', ("help+abc@example.com",)),
        (b"Cc: support+abc@example.com\nTo: x@y.example\n", ("support+abc@example.com",)),
        (
            b"To: support+two@example.com\r\nDelivered-To: support+one@example.com\r\nCc: SUPPORT+ONE@example.com\r\n",
            ("support+one@example.com", "support+two@example.com"),
        ),
        (b"Reply-To: support+abc@example.com\r\n", PLAIN),
        (b"To: support+abc@example.com.evil.example\r\n", PLAIN),
        (b"To: x@support+abc@example.com\r\n", PLAIN),
        (b"To: support+\xff@example.com\r\n", PLAIN),
        (b"Subject: x\r\n\r\nTo: support+body@example.com\r\n", PLAIN),
    ],
)
def test_recipients(head: bytes, expected: tuple[str, ...]) -> None:
    assert recipients_of(head, MAILBOX) == expected


def test_no_plus_parts_where_the_server_has_none() -> None:
    mailbox = MAILBOX.model_copy(update={"plus_addressing": False})
    assert recipients_of(b"To: support+abc@example.com\r\n", mailbox) == PLAIN


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Return-Path: <jane@customer.example>\r\nReturn-Path: <other@x.example>\r\n", "jane@customer.example"),
        (b"Return-Path: <>\r\nFrom: MAILER-DAEMON@x.example\r\n", ""),
        (b"From: Jane <jane@customer.example>\r\n", "jane@customer.example"),
        (b"From: jane.o'neill@customer.example (Jane)\r\n", "jane.o'neill@customer.example"),
        (b"Subject: nobody\r\n", ""),
    ],
)
def test_the_return_path(head: bytes, expected: str) -> None:
    made = incoming(head + b"\r\nx", MAILBOX, source="imap", origin="o", at=AT, first_contact=AT)
    assert made.envelope.sender == expected


@pytest.mark.parametrize(
    "head",
    [b"To: " + b"a" * 250_000, b"To: " + b"@" * 250_000, b"To: " + b"<" * 250_000, b"\r\n " * 80_000, b"\r" * 250_000],
)
def test_a_hostile_header_is_only_a_header_without_our_address(head: bytes) -> None:
    assert recipients_of(head, MAILBOX) == PLAIN


def test_old_mail_is_silent() -> None:
    def silent(age: timedelta) -> bool:
        return incoming(b"\r\n", MAILBOX, source="imap", origin="o", at=AT - age, first_contact=AT).silent

    assert [silent(timedelta(hours=hours)) for hours in (-48, 0, 23, 25, 9999)] == [False, False, False, True, True]
