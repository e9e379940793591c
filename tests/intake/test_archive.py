"""Old mail from mbox, Maildir and .eml (B5): every message, its bytes, its date; nothing twice, nothing answered."""

from __future__ import annotations

import mailbox as stdlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailcase.core.policy import Mailbox
from mailcase.intake.archive import Imported, NotAnArchive, find_messages, import_archive, read_archive
from mailcase.store.engine import Database
from tests.intake.smtp_desk import kept

SUPPORT = Mailbox("support", "support@example.com")
FIRST = b"From: Ann <ann@customer.example>\nDate: Mon, 02 Mar 2020 10:00:00 +0100\nMessage-ID: <a@c>\n\nHello.\n"
SECOND = b"From: Bob <bob@customer.example>\nDate: Mon, 02 Mar 2020 12:00:00 +0100\nMessage-ID: <b@c>\n\nAnd again.\n"


def mbox(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"From " + line + b"\n" + raw + b"\n" for line, raw in parts)


def test_an_mbox_gives_each_message_with_its_date_and_sender(tmp_path: Path) -> None:
    path = tmp_path / "old.mbox"
    lines = b"ann@customer.example Mon Mar  2 09:00:01 2020", b"- Mon Mar  2 11:00:01 2020"
    path.write_bytes(mbox((lines[0], FIRST), (lines[1], SECOND)))
    one, two = read_archive(path, SUPPORT)
    assert (one.raw, two.raw) == (FIRST, SECOND)
    assert one.received_at == datetime(2020, 3, 2, 9, 0, 1, tzinfo=UTC)
    assert (one.envelope.sender, two.envelope.sender) == ("ann@customer.example", "")
    assert one.envelope.recipients == ("support@example.com",)
    assert (one.source, one.silent, one.mailbox) == ("import", True, "support")
    assert one.origin != two.origin
    assert one.origin.startswith("import/old.mbox/")


def test_only_a_from_line_behind_an_empty_line_parts_messages(tmp_path: Path) -> None:
    body = b"Text.\nFrom here on it is bad.\n\n>From there it was better.\n>>From quoted twice.\n> From stays.\n"
    path = tmp_path / "mbox"
    path.write_bytes(mbox((b"a@b.example Mon Mar  2 09:00:01 2020", FIRST + body), (b"a@b.example x", SECOND)))
    one, two = read_archive(path, SUPPORT)
    assert one.raw == FIRST + body.replace(b"\n>From", b"\nFrom").replace(b">>From", b">From")
    assert two.raw == SECOND
    assert two.received_at == datetime(2020, 3, 2, 11, 0, tzinfo=UTC), "the Date field, where the line has none"


def test_crlf_and_missing_blank_lines_and_empty_messages(tmp_path: Path) -> None:
    crlf = tmp_path / "crlf"
    crlf.write_bytes(mbox((b"a@b.example x", FIRST), (b"a@b.example x", SECOND)).replace(b"\n", b"\r\n"))
    assert [mail.raw for mail in read_archive(crlf, SUPPORT)] == [m.replace(b"\n", b"\r\n") for m in (FIRST, SECOND)]
    short = tmp_path / "short"
    short.write_bytes(b"From a@b.example x\n" + FIRST.rstrip(b"\n"))
    assert [mail.raw for mail in read_archive(short, SUPPORT)] == [FIRST.rstrip(b"\n")]
    for content in (b"", b"From a@b.example x", b"From a@b.example x\n"):
        short.write_bytes(content)
        assert list(read_archive(short, SUPPORT)) == []


def test_what_python_s_mailbox_writes_is_read_back(tmp_path: Path) -> None:
    raws = [FIRST + b"From the start\n\nFrom the end\n" * n for n in range(5)] + [SECOND]
    writer = stdlib.mbox(tmp_path / "written")
    for raw in raws:
        writer.add(raw)
    writer.close()
    assert [mail.raw for mail in read_archive(tmp_path / "written", SUPPORT)] == raws


def test_a_maildir_is_read_oldest_first(tmp_path: Path) -> None:
    folder = stdlib.Maildir(tmp_path / "Maildir")
    folder.add(SECOND)
    folder.add(FIRST)
    seen = stdlib.MaildirMessage(b"Return-Path: <eve@c.example>\nDate: Sun, 01 Mar 2020 10:00:00 +0000\n\nx\n")
    seen.set_subdir("cur")
    seen.set_flags("S")
    folder.add(seen)
    (tmp_path / "Maildir" / "cur" / ".hidden").write_bytes(b"no mail")
    mails = list(read_archive(tmp_path / "Maildir", SUPPORT))
    assert [mail.raw for mail in mails[1:]] == [FIRST, SECOND]
    assert mails[0].envelope.sender == "eve@c.example"
    assert mails[0].origin.startswith("import/cur/")
    assert list(find_messages(Path(stdlib.Maildir(tmp_path / "empty")._path))) == []


def test_eml_files_and_folders_of_them(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(FIRST)
    (tmp_path / "a.EML").write_bytes(SECOND)
    (tmp_path / "notes.txt").write_bytes(b"not a mail")
    assert [mail.raw for mail in read_archive(tmp_path, SUPPORT)] == [FIRST, SECOND]
    assert [mail.raw for mail in read_archive(tmp_path / "a.EML", SUPPORT)] == [SECOND]


def test_when_a_mail_came_is_the_topmost_received(tmp_path: Path) -> None:
    path = tmp_path / "x.eml"
    hops = b"Received: from a by b;\n Tue, 03 Mar 2020 08:00:00 +0000\nReceived: by a; Mon, 02 Mar 2020 01:00:00\n"
    path.write_bytes(hops + FIRST)
    (mail,) = read_archive(path, SUPPORT)
    assert mail.received_at == datetime(2020, 3, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", [b"yesterday", b"Mon, 99 Mar 2020", b"", b"\xff\xfe", b"31 Dec 9999 23:00:00 -2300", b"9" * 500]
)
def test_a_date_that_is_none_gives_that_of_the_file(tmp_path: Path, date: bytes) -> None:
    path = tmp_path / "x.eml"
    path.write_bytes(b"Date: " + date + b"\nFrom: a@b.example\n\nx\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    (mail,) = read_archive(path, SUPPORT)
    assert mail.received_at == datetime.fromtimestamp(1_000_000_000, UTC)


def test_importing_twice_adds_nothing(tmp_path: Path, database: Database) -> None:
    """B7."""
    path = tmp_path / "old.mbox"
    many = [FIRST.replace(b"<a@c>", b"<a%d@c>" % n) for n in range(120)]
    path.write_bytes(mbox(*((b"a@b.example Mon Mar  2 09:00:01 2020", raw) for raw in [*many, many[0]])))
    assert import_archive(path, SUPPORT, database) == Imported(new=120, known=1)
    assert import_archive(path, SUPPORT, database) == Imported(new=0, known=121)
    assert [row.raw for row in kept(tmp_path / "mailcase.db")] == many


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchive, match="there is nothing at"):
        list(read_archive(tmp_path / "none", SUPPORT))
    with pytest.raises(NotAnArchive, match="has no mail in it"):
        list(read_archive(tmp_path, SUPPORT))
