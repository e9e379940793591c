"""Over a bound the mail is read as far as it goes, with a defect that names the bound (R2, attacks F1-F4, S17, S19)."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from mailcase.core.message import Limits, Mail
from mailcase.core.reading.parse import attachment_bytes, read_mail

HEAD = b"From: Ada <ada@quill.example>\r\nSubject: hostile\r\nDate: Tue, 10 Nov 2026 09:15:00 +0100\r\n"


def nested(depth: int, tail: bytes = b"core\n") -> bytes:
    levels = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return HEAD + levels + b"\n" + tail


def parts(count: int, part: bytes = b"\n\n") -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=a\n\n" + (b"--a" + part) * count + b"--a--\n"


HOSTILE: dict[str, tuple[bytes, str]] = {
    "parameter-name-of-70": (HEAD + b"Content-Type: text/plain; " + b"a" * 70 + b"=x\n\nx", ""),
    "parameter-name-of-90": (HEAD + b"Content-Disposition: attachment; " + b"a" * 90 + b"*0*=x\n\nx", ""),
    "depth-50": (nested(50), ""),
    "depth-51": (nested(51), "too-deep"),
    "depth-90-short-lines": (nested(90, b"x\n" * 300_000), "too-deep"),
    "depth-49-short-lines": (nested(49, b"x\n" * 900_000), "too-many-lines"),
    "depth-1000": (nested(1_000), "too-deep"),
    "messages-in-messages": (HEAD + b"Content-Type: message/rfc822\n\n" * 1_000 + b"x", ""),
    "parts-900": (parts(900, b"\n\nx\n"), ""),
    "parts-1001": (parts(1_001, b"\n\nx\n"), "too-many-parts"),
    "parts-empty": (parts(500_000), "too-many-lines"),
    "parts-semicolons": (parts(900, b"\nContent-Disposition: a" + b";" * 4_000 + b"\n\nx\n"), ""),
    "attachments-900": (parts(900, b"\nContent-Type: image/png\n\nx\n"), "too-many-attachments"),
    "to-commas": (b"To: " + b"," * 65_536 + b"\n" + HEAD + b"\nx", "header-too-long"),
    "to-addresses": (b"To: " + b"a@b.example," * 2_500 + b"\n" + HEAD + b"\nx", ""),
    "disposition-semicolons": (HEAD + b"Content-Disposition: a" + b";" * 65_536 + b"\n\nx", "header-too-long"),
    "disposition-quotes": (HEAD + b"Content-Disposition: a" + b';a="' * 900 + b"\n\nx", ""),
    "one-long-field": (HEAD + b"X: " + b"a" * 200_000 + b"\n\nx", "header-too-long"),
    "long-header-block": (HEAD + b"X: y\n" * 55_000 + b"\nx", "headers-too-long"),
    "many-fields": (HEAD + b"X: y\n" * 2_000 + b"\nx", "too-many-headers"),
    "no-header-end": (b"x" * 400_000, "headers-too-long"),
    "encoded-words": (HEAD + b"X: " + b"=?utf-8?q?a?= " * 2_000 + b"\n\nx", ""),
    "open-words": (HEAD + b"X: " + b"=?utf-8?q?" * 3_000 + b"\n\nx", ""),
    "from-quotes": (b"From: " + b'"\\' * 15_000 + b"\n\nx", "from-not-strict"),
    "from-angles": (b"From: " + b"<" * 30_000 + b"\n\nx", "from-not-strict"),
    "from-parens": (b"From: " + b"(" * 30_000 + b"\n\nx", "from-not-strict"),
    "from-dots": (b"From: " + b"a." * 15_000 + b"@b\n\nx", "from-not-strict"),
    "ids": (HEAD + b"References: " + b"<a@b> " * 5_000 + b"\n\nx", ""),
    "date-parens": (b"Date: " + b"(" * 30_000 + b"\n\nx", "date-malformed"),
    "lines": (HEAD + b"\n" + b"\n" * 3_000_000, "too-many-lines"),
    "carriage-returns": (HEAD + b"\n" + b"\r" * 3_000_000, "too-many-lines"),
    "long-text": (HEAD + b"\n" + (b"x" * 76 + b"\n") * 40_000, "text-too-long"),
    "base64-lines": (HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"YQ==\n" * 100_000, ""),
    "html-deep": (HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 50_000, "html-too-costly"),
    "html-links": (HEAD + b"Content-Type: text/html\n\n" + b"<a href='x'>y</a>" * 5_001, "html-too-costly"),
    "continuations": (HEAD + b"Content-Disposition: x" + b"".join(b";f*%d=a" % n for n in range(900)) + b"\n\nx", ""),
    "nothing": (b"", "no-from"),
    "zeros": (b"\0" * 100_000, "no-from"),
}


HEAVY = (
    "depth-49-short-lines",
    "depth-90-short-lines",
    "parts-empty",
    "html-deep",
    "lines",
    "carriage-returns",
    "long-text",
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in HOSTILE]
)
def test_hostile_shapes_are_read_within_bounds(name: str) -> None:
    raw, defect = HOSTILE[name]
    mail = read_mail(raw)
    assert isinstance(mail, Mail)
    if defect:
        assert defect in mail.defects
    if raw.startswith(HEAD) and name != "no-header-end":
        assert (mail.subject, str(mail.sender)) == ("hostile", "Ada <ada@quill.example>")
    assert len(mail.attachments) <= Limits().attachments
    assert len(mail.text) <= Limits().text


def test_over_a_bound_the_beginning_is_shown() -> None:
    mail = read_mail(nested(60, b"the core of the matter\n"))
    assert "the core of the matter" in mail.text
    assert mail.attachments == ()


def test_limits_are_arguments() -> None:
    mail = read_mail(parts(6, b"\nContent-Type: image/png\n\nx\n"), Limits(attachments=2))
    assert len(mail.attachments) == 2
    assert "too-many-parts" in read_mail(parts(6, b"\n\nx\n"), Limits(parts=5)).defects
    assert read_mail(HEAD + b"\n" + b"x" * 100, Limits(text=10)).text == "x" * 10
    many = HEAD + b"References: " + b" ".join(b"<%d@b>" % n for n in range(9)) + b"\n\nx"
    assert read_mail(many, Limits(references=3)).references == ("0@b", "7@b", "8@b")


def test_an_attachment_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        attachment_bytes(HEAD + b"\nx", 0)
    with pytest.raises(IndexError):
        attachment_bytes(nested(60), 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["depth-49-short-lines", "parts-empty", "lines", "messages-in-messages"])
def test_the_worst_shapes_in_full_size_stay_within_the_workers_limits(name: str) -> None:
    """20 s of CPU and 512 MB are what a worker has (attacks C2); 10 to 25 MB of mail is what may come."""
    code = (
        "import sys; from tests.core.test_parse_bounds import full_size; from mailcase.core.reading.parse import read_mail;"
        f"read_mail(full_size({name!r}))"
    )

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
        resource.setrlimit(resource.RLIMIT_AS, (512 * 1024 * 1024, 512 * 1024 * 1024))

    subprocess.run([sys.executable, "-c", code], check=True, preexec_fn=bound, cwd=Path(__file__).parents[2])


def full_size(name: str) -> bytes:
    return {
        "depth-49-short-lines": lambda: nested(49, b"x\n" * 2_600_000),
        "parts-empty": lambda: parts(2_000_000, b"\n\n"),
        "lines": lambda: HEAD + b"\n" + b"\n" * 25_000_000,
        "messages-in-messages": lambda: HEAD + b"Content-Type: message/rfc822\n\n" * 1_000 + b"x\n" * 5_000_000,
    }[name]()
