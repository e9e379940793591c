"""The ingest key: one for a mail by every way it can come, another for every other mail (B7)."""

from __future__ import annotations

import pytest

from mailcase.core.reading.ingest import header_fields, ingest_key, split_head

MAIL = (
    b"Received: from a by b\r\nMessage-ID: <1@example.com>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
    b"From: Anna <anna@example.com>\r\nSubject: Broken\r\n\tprinter\r\nTo: help@desk.example\r\n\r\nHello\r\nAnna\r\n"
)


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("another relay", MAIL.replace(b"from a by b", b"from c by d")),
        ("one more relay", b"Received: from x by y\r\nReturn-Path: <anna@example.com>\r\n" + MAIL),
        ("delivered headers", b"Delivered-To: help@desk.example\r\nX-Spam: no\r\n" + MAIL),
        ("LF only", MAIL.replace(b"\r\n", b"\n")),
        ("blank lines at the end", MAIL + b"\r\n\r\n"),
        ("no end of line at the end", MAIL.rstrip(b"\r\n")),
        ("subject on one line", MAIL.replace(b"Broken\r\n\tprinter", b"Broken printer")),
        ("header names in capitals", MAIL.replace(b"Subject:", b"SUBJECT:").replace(b"From:", b"FROM :")),
        ("another envelope recipient in To", MAIL.replace(b"To: help@", b"To: info@")),
    ],
)
def test_the_same_mail_by_another_way_has_the_same_key(what: str, other: bytes) -> None:
    assert ingest_key(other) == ingest_key(MAIL), what


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("Message-ID", MAIL.replace(b"<1@", b"<2@")),
        ("author, with the same Message-ID", MAIL.replace(b"anna@example.com>\r\nS", b"eve@example.com>\r\nS")),
        ("subject", MAIL.replace(b"printer", b"scanner")),
        ("date", MAIL.replace(b"12:00:00", b"12:00:01")),
        ("body", MAIL.replace(b"Hello", b"Hallo")),
        ("lines of the body", MAIL.replace(b"Hello\r\nAnna", b"Hello\r\n\r\nAnna")),
        ("no Message-ID", MAIL.replace(b"Message-ID: <1@example.com>\r\n", b"")),
        ("a second From", MAIL.replace(b"To: help", b"From: eve@example.com\r\nTo: help")),
    ],
)
def test_another_mail_has_another_key(what: str, other: bytes) -> None:
    assert ingest_key(other) != ingest_key(MAIL), what


def test_without_message_id_the_rest_is_the_key() -> None:
    bare = MAIL.replace(b"Message-ID: <1@example.com>\r\n", b"")
    assert ingest_key(bare) == ingest_key(bare.replace(b"from a", b"from z"))
    assert ingest_key(bare) != ingest_key(bare.replace(b"Hello", b"Hallo"))


def test_values_cannot_be_moved_from_one_field_to_the_next() -> None:
    first = b"Date: a\r\nSubject: b\r\n\r\n"
    second = b"Date: a\r\nFrom: b\r\n\r\n"
    assert ingest_key(first) != ingest_key(second)


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\n\n", b"no header at all", b"From: a\r\n", b"\x00\xff" * 100])
def test_anything_has_a_key(raw: bytes) -> None:
    assert len(ingest_key(raw)) == 64


def test_the_head_ends_at_the_first_blank_line() -> None:
    assert split_head(b"A: b\r\n\r\nbody\r\n\r\nmore") == (b"A: b\r", b"body\r\n\r\nmore")
    assert split_head(b"A: b\n\nbody\r\n\r\nmore") == (b"A: b", b"body\r\n\r\nmore")
    assert split_head(b"A: b\r\nC: d") == (b"A: b\r\nC: d", b"")
    assert split_head(b"\r\nbody") == (b"", b"body")


def test_fields_are_unfolded_and_their_blanks_even() -> None:
    found = header_fields(b"subject: a\r\n b\r\n\tc\r\nX: y\r\nSubject:  d  e\r\n", (b"subject", b"from"))
    assert found == {b"subject": [b"a b c", b"d e"], b"from": []}


def test_a_large_body_has_the_key_of_its_lines() -> None:
    """It is looked at in parts: neither where a part ends nor how many blanks end the body makes a difference."""
    head = b"From: a@example.com\r\nSubject: large\r\n\r\n"
    lines = [b"%d " % number * (number % 40) for number in range(9_000)]
    by_smtp = head + b"\r\n".join(lines) + b"\r\n" * 70_000
    by_imap = (head + b"\r\n".join(lines)).replace(b"\r", b"").rstrip(b"\n ")
    assert len(by_imap) > 4 * 65_536
    assert ingest_key(by_smtp) == ingest_key(by_imap) == ingest_key(by_imap + b" \t\n" * 50_000)
    assert ingest_key(by_smtp) != ingest_key(by_imap + b".")
