"""Boundaries under other names: nobody can tell, whatever a mail has in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading.boundaries import MOST, NAME, renamed
from mailcase.core.reading.parse import read_mail

MAILS = sorted((Path(__file__).parent.parent / "mail").glob("*.eml"))

NESTED = b"""\
From: Jane <jane@example.org>
Subject: nested
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer-0001"

before
--outer-0001
Content-Type: multipart/alternative; boundary=inner-0002

--inner-0002

the text
--inner-0002
Content-Type: text/html

<p>the text</p>
--inner-0002--
--outer-0001
Content-Type: text/plain; name=a.txt
Content-Disposition: attachment; filename=a.txt

--inner-0002
a file
--outer-0001--
after
"""


def same(raw: bytes) -> bool:
    """Whether the mail reads the same, but for one field more, where that field has our names in it: then none is used."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    untouched = b"X-Note: " + NAME.encode() + b"\n" + raw
    assert renamed(untouched) == (untouched, {})
    return replace(read_mail(raw), headers=()) == replace(read_mail(untouched), headers=())


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_every_mail_reads_the_same(path: Path) -> None:
    assert same(path.read_bytes())


def test_boundary_lines_are_renamed_and_nothing_else() -> None:
    changed, names = renamed(NESTED)
    assert names == {"outer-0001": f"{NAME}0", "inner-0002": f"{NAME}1"}
    for stated, name in names.items():
        changed = changed.replace(b"\n--" + name.encode(), b"\n--" + stated.encode())
    assert changed == NESTED


def test_a_line_that_only_looks_like_a_boundary_keeps_its_words() -> None:
    assert same(NESTED)
    assert b"inner-0002" in NESTED.rpartition(b"filename=")[2]
    assert any("--inner-0002" in part.text for part in read_mail(NESTED).parts)


@pytest.mark.parametrize(
    "raw",
    [
        NESTED.replace(b"inner-0002", b"outer-0001-x"),  # one is the beginning of the other
        NESTED.replace(b"a file", NAME.encode()),  # somebody knows our names
        NESTED.replace(b"a file", b"a file--inner-0002--"),
        NESTED.replace(b"\n", b"\r"),
        NESTED + b"".join(b"boundary=number-%04d\n" % number for number in range(MOST)),
        NESTED.replace(b"boundary=", b"boundary= "),
        b"no: mail\n\nat all",
    ],
)
def test_what_is_unusual_stays_as_it_is(raw: bytes) -> None:
    assert renamed(raw) == (raw, {})
    assert same(raw)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*NESTED.splitlines(True), b"--outer-0001\r\n", b"--inner-0002-- \n", b"\r", b"x"])))
def test_lines_in_any_order_read_the_same(lines: list[bytes]) -> None:
    head = NESTED.partition(b"\n\n")[0] + b"\n\n"
    assert same(head + b"".join(lines))
