"""Large attachments are taken out before the parser sees the mail, and nothing else changes."""

from __future__ import annotations

import base64
import random
from dataclasses import fields
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.message import Limits, Mail
from mailcase.core.reading import mend, parse
from mailcase.core.reading.bounded import Tally
from mailcase.core.reading.cut import decoded_size, without_attachments
from tests.core.mutation import mutate

BIG = random.Random(1).randbytes(20_000)


def whole(raw: bytes) -> Mail:
    """The reading without the cut: the parser gets every byte."""
    mail, mended = uncut(raw)
    return mail if mended is None else parse._with_mended_head(mail, uncut(mended)[0])


def uncut(raw: bytes) -> tuple[Mail, bytes | None]:
    tally = Tally(Limits())
    raw = parse._within_lines(parse._trimmed(raw, Limits(), tally), tally)
    try:
        message = parse._Reader.bounded(raw, tally)
    except (parse.OverBound, parse.MailParserError) as error:
        return parse._head_only(raw, Limits(), tally, str(error)), None
    leaves, found = parse.body.sort(message)
    mended = mend.head(raw) if mend.is_broken(message) else raw
    return parse._mail(message, leaves, found, (), tally), mended if mended != raw else None


def with_files(*files: tuple[str, bytes], text: str = "see below\n", crlf: bool = True) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ada@quill.example", "files"
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    for media, data in files:
        main, _, sub = media.partition("/")
        mail.add_attachment(data, main, sub, filename=f"f.{sub}")
    raw = mail.as_bytes()
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if crlf else raw.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("crlf", [True, False])
def test_a_large_attachment_is_cut_and_keeps_its_size(crlf: bool) -> None:
    raw = with_files(("application/pdf", BIG), ("image/png", b"small"), ("image/gif", BIG[:9_001]), crlf=crlf)
    small, holes = without_attachments(raw)
    assert [hole.size for hole in holes] == [20_000, 9_001]
    assert len(small) < 3_000
    mail = parse.read_mail(raw)
    assert [found.size for found in mail.attachments] == [20_000, 5, 9_001]
    assert mail == whole(raw)
    assert parse.attachment_bytes(raw, 0) == BIG


@pytest.mark.parametrize("media", ["text/csv", "text/plain", "application/ms-tnef"])
def test_what_may_be_read_is_never_cut(media: str) -> None:
    raw = with_files(("application/pdf", BIG)).replace(b"application/pdf", media.encode())
    assert without_attachments(raw) == (raw, ())


def source_in_text(boundary: str) -> bytes:
    """A letter that quotes the source of a mail with an attachment in it, in real base64 lines."""
    quoted = f"--{boundary}\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
    lines = base64.encodebytes(BIG).decode()
    return (
        "From: ada@quill.example\nContent-Type: multipart/mixed; boundary=real\n\n--real\nContent-Type: text/plain\n\n"
        f"The source:\nContent-Type: multipart/mixed; boundary={boundary}\n\n{quoted}{lines}--{boundary}--\n--real--\n"
    ).encode()


def test_a_quoted_source_is_text() -> None:
    raw = source_in_text("other")
    assert without_attachments(raw) == (raw, ())
    assert parse.read_mail(raw).text.count("\n") > 300


UNUSUAL = [
    (b"Content-Type: application/pdf", b"Content-Type: application/pdf\nContent-Type: text/plain"),
    (b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: base64\nbroken line"),
    (b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 7bit"),
    (b"Content-Disposition: attachment", b"Content-Disposition: attachment; x=\r"),
    (b"multipart/mixed;", b"multipart/mixed; x=" + b"y" * 5_000 + b";"),
    (b"multipart/mixed", b"application/mixed"),
    (b"Subject: files", b"Subject: files\nnot a field"),
]


@pytest.mark.parametrize(("old", "new"), UNUSUAL)
def test_the_unusual_is_read_as_without_the_cut(old: bytes, new: bytes) -> None:
    raw = with_files(("application/pdf", BIG), crlf=False).replace(old, new)
    assert parse.read_mail(raw) == whole(raw)


def test_forged_tokens_change_nothing() -> None:
    raw = with_files(("application/pdf", BIG), ("image/png", b"x"), crlf=False)
    raw = raw.replace(base64.b64encode(b"x") + b"\n", b"mailcase+cut+000000\n")
    assert parse.read_mail(raw) == whole(raw)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_cut_or_not_the_reading_is_the_same(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.choice((5_000, 9_000, 20_000))
    raw = with_files(("application/pdf", BIG[:size]), ("image/png", BIG[: size // 2]), crlf=rng.random() < 0.5)
    other = with_files(("audio/ogg", BIG[:9_500]))
    raw = mutate(raw, other, rng)
    cut_reading, whole_reading = parse.read_mail(raw), whole(raw)
    for field in fields(Mail):
        assert getattr(cut_reading, field.name) == getattr(whole_reading, field.name), field.name


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=400))
def test_size_without_decoding(data: bytes) -> None:
    assert decoded_size(base64.encodebytes(data)) == len(data)
    assert decoded_size(base64.encodebytes(data).replace(b"\n", b"\r\n")) == len(data)


@pytest.mark.parametrize("encoded", [b"YW!j", b"YQ==YQ==", b"Y=Q=", b"YWJj caf\xe9", b"= YWJj"])
def test_what_is_no_plain_base64_has_no_size(encoded: bytes) -> None:
    assert decoded_size(encoded) == -1
