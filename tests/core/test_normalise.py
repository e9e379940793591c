"""Text that fits every column, header and terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.reading.normalise import clean_filename, clean_line, clean_subject, clean_text

TEXTS = [
    ("a\r\nb\rc\n", "a\nb\nc\n"),
    ("tab\tstays", "tab\tstays"),
    ("nul\0 bell\x07 esc\x1b del\x7f c1\x9b", "nul bell esc del c1"),
    ("line\u2028paragraph\u2029next\x85page\x0c.", "line\nparagraph\nnext\npage\n."),
    ("\ufeffbom \ufffe\uffff", "bom "),
    ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ("emoji 😀 é", "emoji 😀 é"),
]
LINES = [
    ("  a \t b\r\n c ", "a b c"),
    ("a\0b\x1bc\x7fd", "a b c d"),
    ("inv\u202efdp.exe", "invfdp.exe"),
    ("a\u200bd\u2060m\u00adin\ufeff", "admin"),
    ("\u2066x\u2069\u200e\u200f", "x"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("क्\u200dष", "क्\u200dष"),
    ("👩\u200d💻", "👩\u200d💻"),
    ("ad\u200dmin", "admin"),
    ("a\u200c é\u200d", "a é"),
    ("é\u200d\u200d\u200dé", "é\u200dé"),
    ("e\u0301", "é"),
    ("a\u2028b", "a b"),
    ("x\U000e0041\U000e007fy", "xy"),
    ("\ud800", ""),
]


@pytest.mark.parametrize(("raw", "text"), TEXTS)
def test_clean_text(raw: str, text: str) -> None:
    assert clean_text(raw) == text


@pytest.mark.parametrize(("raw", "line"), LINES)
def test_clean_line(raw: str, line: str) -> None:
    assert clean_line(raw) == line


def test_lengths() -> None:
    assert len(clean_line("x" * 5_000)) == 255
    assert len(clean_subject("x" * 5_000)) == 998
    assert clean_filename("/etc/passwd") == "passwd"
    assert clean_filename("a/b\\") == ""


ANY = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("\0\r\n\t \u200c\u200d\u202e\ufeff\ud800\u0301ae/\\."))
)


@settings(max_examples=100, deadline=None)
@given(ANY)
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    for cleaned_by in (clean_text, clean_line, clean_subject, clean_filename):
        once = cleaned_by(raw)
        assert cleaned_by(once) == once
        once.encode("utf-8")
        assert "\0" not in once


@settings(max_examples=100, deadline=None)
@given(ANY)
def test_a_line_is_one_normal_line(raw: str) -> None:
    line = clean_line(raw)
    assert len(line.splitlines()) <= 1
    assert unicodedata.is_normalized("NFC", line)
    assert len(clean_filename(raw).encode()) <= 255
