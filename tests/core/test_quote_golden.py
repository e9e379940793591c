"""What is new and what was passed on in the golden mails reply-*.eml and forward-*.eml, as their .toml files say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mailcase.core.message import Envelope, Ours
from mailcase.core.reading.read import read

FOLDER = Path(__file__).parent.parent / "mail"
MAILS = sorted([*FOLDER.glob("reply-*.eml"), *FOLDER.glob("forward-*.eml")])


@pytest.mark.parametrize("path", MAILS, ids=[path.stem for path in MAILS])
def test_a_golden_mail_is_split_as_its_facts_say(path: Path) -> None:
    reading = read(path.read_bytes(), Envelope("someone@home.example", ("support@desk.example",)), Ours())
    expected = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    assert expected.pop("why")
    assert all(held in reading.new for held in expected.pop("new_holds", []))
    assert all(held in reading.quoted for held in expected.pop("quoted_holds", []))
    assert "".join(segment.text for segment in reading.segments) == reading.mail.text
    forwarded = expected.pop("forwarded", None)
    facts = {
        "new": reading.new,
        "language": reading.language,
        "kinds": [segment.kind for segment in reading.segments],
    }
    assert {key: facts[key] for key in expected} == expected
    if forwarded is None:
        assert reading.forwarded is None
        return
    assert reading.forwarded is not None
    found = {
        "sender": str(reading.forwarded.sender or ""),
        "subject": reading.forwarded.subject,
        "message_id": reading.forwarded.message_id,
        "text": reading.forwarded.text.strip(),
        "attached": reading.forwarded.attached,
    }
    assert {key: found[key] for key in forwarded} == forwarded


def test_there_are_golden_mails() -> None:
    assert len(MAILS) >= 14
