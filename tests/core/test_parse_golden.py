"""What is read from the golden mails parse-*.eml, fact by fact as their .toml files say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailcase.core.message import Address, Mail
from mailcase.core.reading.parse import attachment_bytes, read_mail

MAILS = sorted((Path(__file__).parent.parent / "mail").glob("parse-*.eml"))


def facts(mail: Mail) -> dict[str, Any]:
    def texts(addresses: tuple[Address, ...]) -> list[str]:
        return [str(address) for address in addresses]

    return {
        "subject": mail.subject,
        "sender": str(mail.sender or ""),
        "authors": texts(mail.authors),
        "to": texts(mail.to),
        "cc": texts(mail.cc),
        "reply_to": texts(mail.reply_to),
        "date": mail.date.isoformat() if mail.date else "",
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "content_type": mail.content_type,
        "text": mail.text,
        "parts": [f"{part.depth} {part.content_type}" for part in mail.parts],
        "defects": list(mail.defects),
    }


@pytest.mark.parametrize("path", MAILS, ids=[path.stem for path in MAILS])
def test_a_golden_mail_is_read_as_its_facts_say(path: Path) -> None:
    raw = path.read_bytes()
    mail = read_mail(raw)
    expected = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
    assert expected.pop("why")
    attachments = expected.pop("attachments", [])
    assert [{key: getattr(a, key) for key in want} for a, want in zip(mail.attachments, attachments, strict=True)] == (
        attachments
    )
    assert all(held in mail.html for held in expected.pop("html_holds", []))
    assert not any(lacked in mail.html for lacked in expected.pop("html_lacks", []))
    assert all(any(held in part.text for part in mail.parts) for held in expected.pop("part_holds", []))
    read = facts(mail)
    assert {key: read[key] for key in expected} == expected
    assert [len(attachment_bytes(raw, a.index)) for a in mail.attachments] == [a.size for a in mail.attachments]


def test_there_are_golden_mails() -> None:
    assert len(MAILS) >= 30
