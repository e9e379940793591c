"""Replies that other projects keep, with what their parsers make of them (data outside the repository)."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mailcase.core.message import Limits
from mailcase.core.reading import html, quote
from mailcase.core.reading.parse import read_mail

CORPUS = Path(os.environ.get("MAILCASE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
INDEX = CORPUS / "index.jsonl"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not INDEX.exists(), reason="no corpus: neither ../shared/corpus nor $MAILCASE_CORPUS"),
]

# What those projects expect of these, and the rules do not want.
OTHERWISE = {
    "forwarded_gmail.txt": "a forward is no quotation",
    "test_quote-04.txt": "a forward is no quotation",
    "test_quote-05.txt": "a forward is no quotation",
    "embedded_email_16.txt": "a quotation alone above the answer is left out, with an attribution or without",
    "test_too_many_lines.txt": "expects a line of the author's own to be cut (its parser was bounded to one line)",
    "email_danish_5.txt": "a closing and a name belong to the letter",
    "email_pl_1_3.txt": "a closing and a name belong to the letter; nothing new, so everything is shown",
    "email_swedish_2.txt": "a name below the letter belongs to it",
    "mail-parser-reply/test/emails/email_2_1.txt": "a ruled line above the block belongs to the quotation",
}


def squashed(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def rows() -> list[dict[str, Any]]:
    """The rows that say what is new, of the kinds text, html and whole mails."""
    if not INDEX.exists():
        return []
    read = (json.loads(line) for line in INDEX.read_text().splitlines())
    keys = {"reply_text", "first_fragment", "reply_contains", "reply_not_contains"}
    return [
        row
        for row in read
        if keys & row.get("expect", {}).keys() and not row.get("contaminated") and (CORPUS / row["path"]).exists()
    ]


def new_of(row: dict[str, Any]) -> str:
    raw = (CORPUS / row["path"]).read_bytes()
    if row["form"] == "eml":
        mail = read_mail(raw, Limits())
        return squashed(quote.new_text(quote.split(mail.text)))
    source = raw.decode("utf-8", "replace")
    text = html.to_text(source) if row["form"] == "html" else source
    return squashed(quote.new_text(quote.split(text, source if row["form"] == "html" else "")))


def is_right(row: dict[str, Any]) -> bool:
    new, expect = new_of(row), row["expect"]
    if isinstance(expect.get("reply_text"), str):
        return new == squashed(expect["reply_text"])
    if isinstance(expect.get("first_fragment"), str):
        return new.startswith(squashed(expect["first_fragment"])[:200])
    held, lacked = expect.get("reply_contains", []), expect.get("reply_not_contains", [])
    return all(squashed(part) in new for part in held) and not any(squashed(part) in new for part in lacked)


def is_otherwise(path: str) -> bool:
    return any(path.endswith(f"/{name}") or path == name for name in OTHERWISE)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["path"]) for row in rows() if not is_otherwise(row["path"])])
def test_reply(row: dict[str, Any]) -> None:
    assert is_right(row)


def test_few_are_expected_otherwise() -> None:
    wrong = [row["path"] for row in rows() if not is_right(row)]
    assert len(wrong) <= len(rows()) // 10, wrong
