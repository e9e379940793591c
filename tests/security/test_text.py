"""Odd names of charsets, names that deceive, names that are paths, bytes that no column holds (S20-S24)."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from mailcase.core.message import Envelope, Ours
from mailcase.core.reading import normalise
from mailcase.core.reading.parse import read_mail
from mailcase.core.reading.read import read
from tests.agents.room import Room, html_of, letter, text_of
from tests.security.pages import all_faults

CHARSETS = (
    "unicode_escape", "raw_unicode_escape", "unicode-escape", "utf-7", "UTF7", "punycode", "idna", "rot13", "rot_13", "hex", "hex_codec",
    "base64", "bz2", "zlib", "zip", "uu", "quopri", "string_escape", "undefined", "mbcs", "oem", "palmos", "charmap", "utf-8\0",
    "utf-8\0x", "utf-8 ", " utf-8", "utf-8;x", "'utf-8'", '"utf-8', "utf-8,latin1", "utf8mb4", "utf-16", "utf-16le", "utf-32", "utf-8-sig",
    "iso-2022-kr", "iso-2022-jp-2004", "hz", "x-user-defined", "x-unknown", "unknown-8bit", "8bit", "binary", "default", "none", "null",
    "", "x" * 5_000, "../../etc/passwd", "os.path", "encodings.utf_8", "__import__", "%s", "{0}", "ascii\nBcc: eve@evil.example",
    "ansi_x3.110-1983", "cp437", "cp037", "ebcdic-us", "macintosh", "tis-620", "koi8-r", "viscii", "windows-31j", "gb18030",
)  # fmt: skip
BODY = rb"\u003cscript\u003e &lt; +ADw-script+AD4- caf\xe9 and plain words"


def named(charset: str, number: int) -> bytes:
    """A mail that names the charset in its text, its subject and its sender."""
    flat = charset.replace("\n", "\r\n ").encode("utf-8", "replace")
    return (
        b"From: =?" + flat[:60].replace(b" ", b"_") + b"?q?Ann=E9?= <a%d@evil.example>\r\nTo: support@example.com\r\nSubject: =?" % number
        + flat[:60].replace(b" ", b"_") + b"?b?XHUwMDNj?= words %d\r\nMessage-ID: <charset.%d@evil.example>\r\n" % (number, number)
        + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=" + flat + b"\r\n\r\n" + BODY + b" %d\r\n" % number
    )  # fmt: skip


def test_S20_every_charset_is_a_case_and_no_codec_runs(fresh: Room) -> None:
    assert len(CHARSETS) >= 60
    for number, charset in enumerate(CHARSETS):
        before = fresh.last()
        entry = fresh.entry(fresh.deliver(named(charset, number), sender=f"a{number}@evil.example"))
        assert entry.case is not None, (charset, entry.reason)
        assert entry.outcome == "case", (charset, entry.reason)
        case = fresh.case(entry.case)
        (message,) = case["messages"]
        if charset.lower() not in ("utf-7", "utf7"):  # old mail is written in it
            assert "<script>" not in f"{message['text']}{case['subject']}", charset
        copy = fresh.mails("bob@staff.example", before)[-1]
        assert all_faults(copy) == [], charset
        if charset not in ("utf-16", "utf-16le", "utf-32", "cp037", "ebcdic-us"):
            assert "plain words" in message["text"], charset
        acks = [i for i in fresh.sent(before) if i.kind == "acknowledgement"]
        assert len(acks) <= 1, "a strange charset makes no second answer"


DECEIVING = {
    "inv\u202efdp.exe": "invfdp.exe",
    "a\u200bd\u200bmin.pdf": "admin.pdf",
    "\u2066x\u2069.pdf": "x.pdf",
    "re\u00adport.pdf": "report.pdf",
    "\ufeffx.pdf": "x.pdf",
    "x\U000e0041\U000e0042.pdf": "x.pdf",
    "x\u200f\u200e.pdf": "x.pdf",
}


def attached(filename: str, subject: str = "Files", sender: str = "Ann <ann@example.org>") -> bytes:
    mail = letter("x@example.org", subject, "See the file.")
    del mail["From"]
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="MARK")
    raw = mail.as_bytes().replace(b"\r\n", b"\n")
    name = "".join(f"%{octet:02X}" for octet in filename.encode("utf-8", "surrogatepass"))
    raw = raw.replace(b'filename="MARK"', b"filename*=utf-8''" + name.encode())
    return (f"From: {sender}\r\n".encode() + raw).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("name", DECEIVING, ids=range(len(DECEIVING)))
def test_S21_no_file_name_reads_as_another(room: Room, name: str) -> None:
    before = room.last()
    room.deliver(attached(name, f"Look: {name}"))
    copy = room.mails("bob@staff.example", before)[-1]
    shown = f"{copy['Subject']}{text_of(copy)}{html_of(copy)}"
    assert DECEIVING[name] in shown
    assert not [c for c in shown if unicodedata.category(c) == "Cf"]


@pytest.mark.parametrize("sender", [
    "Bob <bob@xn--stff-5cd.example>", "bob@staff.example <eve@evil.example>", "Bob\u202e <eve@evil.example>",
    "=?utf-8?q?bob=40staff=2Eexample?= <eve@evil.example>", "\u0412ob <eve@evil.example>",
])  # fmt: skip
def test_S21_the_address_always_stands_beside_the_name(room: Room, sender: str) -> None:
    before = room.last()
    room.deliver(
        f"From: {sender}\r\nTo: support@example.com\r\nSubject: Hi {before}\r\n\r\nHello {before}\r\n".encode()
    )
    copy = room.mails("bob@staff.example", before)[-1]
    address = sender.rpartition("<")[2].strip(">")
    assert address in text_of(copy) + html_of(copy)
    assert "support@example.com" in str(copy["From"])


NAMES = (
    "../../etc/passwd", "..\\..\\boot.ini", "/etc/cron.d/x", "C:\\windows\\x.exe", "....//....//etc/passwd", "..%2f..%2fetc", "CON", "NUL.txt",
    "AUX", "COM1.txt", "x" * 5_000, "", " ", ".", "..", "...", "\0", "a\0b.txt", ".htaccess", "~/.ssh/authorized_keys", "$(id).txt", "`id`.txt",
    "|id", "-rf", "--help", "a\nb.txt", "a\r\nBcc: x.txt", "file:///etc/passwd", "\\\\server\\share\\x", "x/", "/", "\\", "a/../b", "..;/x",
    "\uff0e\uff0e\uff0fetc", "\u2215etc\u2215passwd", "x:stream", "x.lnk", "desktop.ini", "a" * 300 + ".pdf", "\ud800.txt", "\U0001f4a9" * 200 + ".pdf",
)  # fmt: skip


def test_S22_names_are_words_and_no_places(fresh: Room, tmp_path: Path) -> None:
    assert len(NAMES) >= 40
    before = {p.name for p in tmp_path.iterdir()}
    for number, name in enumerate(NAMES):
        raw = attached(name, f"../../etc/passwd {number}")
        entry = fresh.entry(fresh.deliver(raw, sender=f"f{number}@example.org"))
        assert entry.outcome == "case", (name, entry.reason)
        (file,) = read_mail(raw).attachments
        kept = file.filename
        assert not any(c in kept for c in "/\\\0\r\n")
        assert kept not in (".", "..")
        assert not kept.startswith(".")
        assert len(kept.encode()) <= 255
    assert {p.name for p in tmp_path.iterdir()} == before
    assert not any(p.is_dir() for p in tmp_path.iterdir())


def test_S23_a_long_extension_ends() -> None:
    for name in (
        "x." + "a" * 100_000,
        "." * 100_000,
        "x" + ".a" * 50_000,
        "." + "\u0301" * 100_000,
        "\U0001f4a9." * 30_000,
    ):
        kept = normalise.clean_filename(name)
        assert len(kept.encode()) <= 255
        assert len(read_mail(attached(name)).attachments) == 1


def oddities(number: int, odd: bytes) -> bytes:
    """A mail with the bytes in every field that we keep."""
    return (
        b"From: An" + odd + b"n <odd%d@example.org>\r\nTo: Su" + odd + b"p <support@example.com>\r\nCc: C" + odd + b" <cc@example.net>\r\nSubject: Od"
        b"d" + odd + b" %d\r\nMessage-ID: <odd%d" + odd + b"@example.org>\r\nIn-Reply-To: <x" + odd + b"@example.org>\r\nReferences: <y" + odd + b"@z>\r\n"
        b"X-Odd: a" + odd + b"\r\nDate: Mon" + odd + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nwords" + odd + b"end\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>pa" + odd
        + b"ge</p>\r\n--b\r\nContent-Type: application/x-y; name=\"f" + odd + b".bin\"\r\nContent-Disposition: attachment; filename=\"f" + odd
        + b".bin\"\r\n\r\ndata" + odd + b"\r\n--b--\r\n"
    ).replace(b"%d", str(number).encode())  # fmt: skip


ODD = (b"\0", b"\xed\xa0\x80", b"\xed\xb2\x80\xed\xa0\x80", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xff\xfe", b"\xc0\x80", b"\x1b[2J", b"\x7f", b"\x80",
       b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\x0b", b"=?utf-8?q?=00?=", b"=?utf-8?b?AAAA?=", b"=?utf-16?b?2AA=?=", b"\xef\xbb\xbf")  # fmt: skip


def test_S24_no_byte_in_any_field_is_too_odd_for_a_database(on_both: Room) -> None:
    for number, odd in enumerate(ODD):
        raw = oddities(number, odd)
        # By IMAP a mail may hold anything; on the wire NUL is refused.
        entry = on_both.entry(on_both.deliver(raw, source="imap", sender=f"odd{number}@example.org"))
        assert entry.outcome == "case", (odd, entry.reason)
        assert entry.case is not None
        case = on_both.case(entry.case)
        (message,) = case["messages"]
        text = f"{case['subject']}{message['text']}{message['author']}{message['attachments']}"
        assert "words" in message["text"]
        assert not any(c in text for c in "\0\x1b\x7f\ufffe\uffff\ufeff")
        assert not any(unicodedata.category(c) == "Cs" for c in text)
        reading = read(raw, Envelope(f"odd{number}@example.org", ("support@example.com",)), Ours())
        assert (message["text"], case["subject"]) == (reading.new, reading.mail.subject), (
            "not a letter is lost on the way"
        )
