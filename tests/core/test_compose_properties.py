"""Whatever stands in a case, composed mail reads back as it was meant, and no value becomes a field (S12, bar 35)."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailcase.core.compose import ComposeError, OutgoingAttachment, clean_line, clean_text, compose
from mailcase.core.headers import encoded_words, field, file_name
from mailcase.core.message import Address

pytestmark = pytest.mark.slow

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANY = st.text(max_size=400)
NAMES = st.text(max_size=80)
FIELDS = {
    "Date", "From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Mailcase-Loop", "X-Mailcase-Why", "MIME-Version", "Content-Type",
}  # fmt: skip


def letter(**changes: Any) -> bytes:
    given: dict[str, Any] = {
        "sender": Address("Support", "support@example.com"), "to": (Address("Anna", "anna@example.org"),),
        "cc": (Address("Ben", "ben@example.org"),), "subject": "Printer", "message_id": "1.2.3@example.com",
        "date": NOON, "text": "Hello", "html": "<p>Hello</p>", "in_reply_to": "q@example.org",
        "references": ("p@example.org",), "reply_to": "support+t@example.com", "automatic": "auto-generated",
        "desk_id": "d", "extra": (("X-Mailcase-Why", "new-case"),),
        "attachments": (OutgoingAttachment("a.txt", "text/plain", b"a"),),
    }  # fmt: skip
    return compose(**(given | changes))


def decoded(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


@given(ANY)
@example("=?utf-8?q?x=0D=0ABcc:_e@x?=")
@example("[Case #1042] Störung =?x?= im Büro")
@example("\u2028\u2029\x85\x0b\x0c")
@example("a" * 600)
@settings(max_examples=300)
def test_a_subject_reads_back(subject: str) -> None:
    message = message_from_bytes(letter(subject=subject), policy=policy.default)
    assert message["Subject"] == clean_line(subject)
    assert decoded(message_from_bytes(letter(subject=subject))["Subject"]) == clean_line(subject)


@given(st.text(min_size=1, max_size=300), st.integers(min_value=0, max_value=75))
def test_encoded_words_are_short_and_whole(text: str, room: int) -> None:
    clean = clean_line(text)
    if not clean:
        return
    words = encoded_words(clean, room)
    assert all(len(word) <= 75 for word in words)
    for word in words:
        decode_header(word)[0][0].decode("utf-8")  # each by itself: no character is cut in two
    assert "".join(str(make_header(decode_header(word))) for word in words) == clean


@given(st.text(max_size=2000))
def test_header_lines_stay_short(value: str) -> None:
    words = clean_line(value, 900).split(" ")
    longest = max(map(len, words))
    assert all(len(line) <= max(78, longest + 2) for line in field("X-Mailcase-Why", value).split("\r\n"))


@given(NAMES, NAMES)
@example('O"Neil, \\ X', "support@bank.example")
@example("a@b.example", "<x@y.example>")
def test_display_names_read_back(sender: str, name: str) -> None:
    raw = letter(sender=Address(sender, "support@example.com"), to=(Address(name, "anna@example.org"),) * 2)
    message = message_from_bytes(raw, policy=policy.default)
    assert [a.addr_spec for a in message["From"].addresses] == ["support@example.com"]
    assert [a.addr_spec for a in message["To"].addresses] == ["anna@example.org"] * 2
    # Read by the older parser: the newer keeps the blank between two encoded words of a phrase (RFC 2047 section 6.2).
    plain = message_from_bytes(raw)
    assert decoded(getaddresses([plain["From"]])[0][0]) == clean_line(sender, 120)
    assert decoded(getaddresses([plain["To"]])[1][0]) == clean_line(name, 120)


@given(st.text(max_size=3000), st.text(max_size=3000))
@example("trailing blanks  \n\t\n-- \nx", "<p>\u2028</p>")
@example("a" * 1000 + "ü" * 1000, "=" * 200)
@example("--=_0000\n--=_\n", "\r\r\n")
@settings(max_examples=300)
def test_bodies_read_back(text: str, html: str) -> None:
    raw = letter(text=text, html=html + "x")
    message = message_from_bytes(raw, policy=policy.default)
    parts = {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}
    shown = message.get_body(("html",))
    plain = message.get_body(("plain",))
    assert shown is not None
    assert plain is not None
    assert plain.get_payload(decode=True).decode().replace("\r\n", "\n") == clean_text(text)
    assert shown.get_payload(decode=True).decode().replace("\r\n", "\n") == clean_text(html + "x")
    assert set(parts) == {"text/plain", "text/html"}
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(
    st.text(max_size=200), st.binary(max_size=3000), st.sampled_from(["text/plain", "image/png", "text/html", "x/y"])
)
def test_attachments_read_back(name: str, data: bytes, content_type: str) -> None:
    raw = letter(attachments=(OutgoingAttachment(name, content_type, data),))
    (part,) = message_from_bytes(raw, policy=policy.default).iter_attachments()
    assert part.get_payload(decode=True) == data
    assert part.get_filename() == file_name(name)
    assert "/" not in file_name(name)


@given(st.lists(st.text(max_size=60), max_size=40), st.text(max_size=60))
def test_only_safe_ids_are_written(references: list[str], parent: str) -> None:
    message = message_from_bytes(letter(references=references, in_reply_to=parent))
    assert set(message.keys()) <= FIELDS
    for known in str(message.get("References", "")).split():
        assert known[1:-1] in {r.strip().removeprefix("<").removesuffix(">") for r in (*references, parent)}


def payloads() -> list[str]:
    """500 ways to try to begin a new field, made from line ends, field beginnings and disguises."""
    ends = [
        "\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\0\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r\n ", "\n\t",
    ]  # fmt: skip
    starts = [
        "Bcc: eve@example.net", "bcc:eve@example.net", "To: eve@example.net", "Subject: x", "From: eve@example.net",
        "Content-Type: text/html", "X-Mailcase-Case: 1", "Reply-To: eve@example.net", "\r\n<script>x</script>",
    ]  # fmt: skip
    frames = [
        "hello{end}{start}", "{end}{start}", "{end}{start}{end}", "a>{end}{start}", 'a"{end}{start}',
        "=?utf-8?q?a{quoted}?=",
    ]  # fmt: skip
    made = [
        frame.format(end=end, start=start, quoted=f"=0D=0A{start.replace(' ', '_')}")
        for end, start, frame in itertools.product(ends, starts, frames)
    ]
    return random.Random(7).sample(sorted(set(made)), 500)


@pytest.mark.parametrize("where", ["subject", "sender", "to", "filename", "reply_to", "ids"])
def test_no_payload_becomes_a_header_field(where: str) -> None:
    refused = 0
    for payload in payloads():
        changes: dict[str, Any] = {
            "subject": {"subject": payload},
            "sender": {"sender": Address(payload, "support@example.com")},
            "to": {"to": (Address(payload, "anna@example.org"),)},
            "filename": {"attachments": (OutgoingAttachment(payload, payload, b"x", content_id=payload),)},
            "reply_to": {"reply_to": f"anna@example.org{payload}"},
            "ids": {"in_reply_to": payload, "references": (payload,), "desk_id": payload, "language": payload,
                    "extra": (("X-Mailcase-Why", payload),)},
        }[where]  # fmt: skip
        try:
            raw = letter(**changes)
        except ComposeError:
            refused += 1
            continue
        message = message_from_bytes(raw, policy=policy.default)
        keys = list(message.keys())
        assert set(keys) <= FIELDS, payload
        assert len(keys) == len(set(keys)), payload
        assert [a.addr_spec for a in message["To"].addresses] == ["anna@example.org"], payload
        assert [a.addr_spec for a in message["From"].addresses] == ["support@example.com"], payload
        inner = {key for part in message.walk() if part is not message for key in part}
        assert inner <= {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID"}, payload
    assert refused == (500 if where == "reply_to" else 0)
