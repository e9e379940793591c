"""Composed mail says what was meant and nothing else: fields, encodings, attachments (O2, S7, S12, S25, S37)."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

import pytest

from mailcase.core.compose import ComposeError, OutgoingAttachment, compose, verify
from mailcase.core.message import Address

SENDER = Address("Example Support", "support@example.com")
ANNA = Address("Anna Berg", "anna@example.org")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PLAIN_FIELDS = [
    "Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
]  # fmt: skip


def mail(**changes: Any) -> bytes:
    given: dict[str, Any] = {
        "sender": SENDER, "to": (ANNA,), "subject": "[Case #1042] Printer", "message_id": "a.b.c@example.com",
        "date": NOON, "text": "Hello\n",
    }  # fmt: skip
    return compose(**(given | changes))


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def names(raw: bytes) -> list[str]:
    return [name for name, _ in message_from_bytes(raw).items()]


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_a_plain_mail_is_seven_bit_text_with_these_fields_only() -> None:
    raw = mail()
    assert names(raw) == PLAIN_FIELDS
    assert parsed(raw)["Content-Transfer-Encoding"] == "7bit"
    assert raw.endswith(b"\r\n\r\nHello\r\n")
    assert parsed(raw)["Date"].datetime == NOON


def test_the_same_arguments_give_the_same_bytes() -> None:
    files = (OutgoingAttachment("a.pdf", "application/pdf", b"%PDF"),)
    assert mail(html="<p>x</p>", attachments=files) == mail(html="<p>x</p>", attachments=files)


def test_an_automatic_mail_says_so() -> None:
    raw = mail(automatic="auto-replied", desk_id="desk7", language="de-AT")
    message = parsed(raw)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Mailcase-Loop"] == "desk7"
    assert message["Content-Language"] == "de-AT"
    assert "Auto-Submitted" not in parsed(mail(desk_id="desk7"))


def test_a_thread_keeps_its_first_and_last_ids_and_ends_with_the_parent() -> None:
    ids = [f"{n}@example.org" for n in range(60)]
    message = parsed(mail(in_reply_to="<59@example.org>", references=ids))
    assert message["In-Reply-To"] == "<59@example.org>"
    references = str(message["References"]).split()
    assert references[0] == "<0@example.org>"
    assert references[-2:] == ["<58@example.org>", "<59@example.org>"]
    assert len(references) == 21


@pytest.mark.parametrize("odd", ["", "a b@c", "a@b>\r\nBcc: x@y", "ä@b", "a" * 500, "a\0@b", "<a@<b>"])
def test_foreign_ids_that_cannot_be_written_are_left_out(odd: str) -> None:
    message = parsed(mail(in_reply_to=odd, references=[odd, "good@example.org"]))
    assert "In-Reply-To" not in message
    assert message["References"] == "<good@example.org>"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Plain and short.\n", "7bit"),
        ("x" * 200 + "\n", "quoted-printable"),
        ("Grüße aus Köln, wie besprochen, mit allem, was dazugehört.\n", "quoted-printable"),
        ("プリンターが印刷できません。\n", "base64"),
    ],
)
def test_text_takes_the_shortest_encoding(text: str, encoding: str) -> None:
    raw = mail(text=text)
    assert parsed(raw)["Content-Transfer-Encoding"] == encoding
    assert body(parsed(raw), "plain") == text
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_lines_that_smtp_or_mbox_could_misread_come_through() -> None:
    text = "one\n.\n..\nFrom me\n-- \nHELO\nMAIL FROM:<x@y>\n\n.\n"
    raw = mail(text=text)
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert body(parsed(raw), "plain") == text


@pytest.mark.parametrize(
    "end", ["\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n\n.\r\r\n", "\0\r\n.\n"]
)
def test_no_body_can_smuggle_an_end_of_data(end: str) -> None:
    raw = mail(text=f"before{end}MAIL FROM:<x@example.net>\r\n", html=f"<p>before{end}after</p>")
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert b"\0" not in raw


def test_html_images_and_files_lie_where_clients_look_for_them() -> None:
    picture = OutgoingAttachment("logo.png", "image/png", b"\x89PNG", content_id="logo@example.com")
    report = OutgoingAttachment("report.pdf", "application/pdf", b"%PDF" * 50)
    message = parsed(mail(html='<img src="cid:logo@example.com">', attachments=(picture, report)))
    assert message.get_content_type() == "multipart/mixed"
    alternative, file = message.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "multipart/related"]
    related = list(list(alternative.iter_parts())[1].iter_parts())
    assert [part.get_content_type() for part in related] == ["text/html", "image/png"]
    assert related[1]["Content-ID"] == "<logo@example.com>"
    assert related[1].get_content_disposition() == "inline"
    assert file.get_content() == report.data


def test_an_image_without_html_to_show_it_is_a_file() -> None:
    picture = OutgoingAttachment("logo.png", "image/png", b"\x89PNG", content_id="logo@example.com")
    message = parsed(mail(attachments=(picture,)))
    assert [part.get_filename() for part in message.iter_attachments()] == ["logo.png"]


@pytest.mark.parametrize(
    "declared",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "message/rfc822",
     "multipart/mixed", "x", "text/html\r\nBcc: x@example.net", ""],
)  # fmt: skip
def test_active_types_leave_as_octet_stream(declared: str) -> None:
    message = parsed(mail(attachments=(OutgoingAttachment("page.html", declared, b"<script>1</script>"),)))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content_disposition() == "attachment"
    assert part.get_filename() == "page.html"
    assert part.get_content() == b"<script>1</script>"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ('a "quoted" \\ name.txt', 'a "quoted" _ name.txt'),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("Übersicht für März.pdf", "Übersicht für März.pdf"),
        ("請求書" * 20 + ".pdf", "請求書" * 20 + ".pdf"),
        ("inv\u202efdp.exe", "invfdp.exe"),
        ("a\r\nBcc: x@example.net\r\n.txt", "a Bcc: x@example.net .txt"),
        ("=?utf-8?q?x=0D=0ABcc:_e@x?=", "=?utf-8?q?x=0D=0ABcc:_e@x?="),
        ("", "attachment"),
        ("...", "attachment"),
        ("\0", "attachment"),
    ],
)
def test_file_names_are_only_names(name: str, kept: str) -> None:
    raw = mail(attachments=(OutgoingAttachment(name, "text/plain", b"x"),))
    (part,) = parsed(raw).iter_attachments()
    assert part.get_filename() == kept
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_a_long_file_name_keeps_its_extension() -> None:
    (part,) = parsed(mail(attachments=(OutgoingAttachment("x" * 5000 + ".tar", "", b""),))).iter_attachments()
    name = part.get_filename()
    assert name is not None
    assert len(name) == 150
    assert name.endswith(".tar")


def test_older_clients_find_the_name_in_the_content_type() -> None:
    raw = mail(attachments=(OutgoingAttachment("Übersicht.pdf", "application/pdf", b"x"),))
    assert b'name="=?utf-8?' in raw
    assert b"filename*=utf-8''%C3%9Cbersicht.pdf" in raw


@pytest.mark.parametrize(
    "address",
    ["", "anna", "anna@", "@example.org", "a b@example.org", "anna@example.org\r\nBcc: x@y.example", "a@b@c",
     "a@-b.org", "<anna@example.org>", "anna@example..org", ".anna@example.org", "anna@example.org, b@c.example",
     "änna@example.org", "a" * 300 + "@example.org", "anna@[example.org]",
     '"a"b"@example.org', "anna(x)@example.org", "a\0@b.example"],
)  # fmt: skip
def test_what_is_no_address_is_not_sent_to(address: str) -> None:
    with pytest.raises(ComposeError):
        mail(to=(Address("x", address),))
    if address:
        with pytest.raises(ComposeError):
            mail(reply_to=address)


def test_an_international_domain_is_written_in_ascii() -> None:
    message = parsed(mail(to=(Address("", "anna@bücher.example"),)))
    assert message["To"].addresses[0].addr_spec == "anna@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "no-at-sign"}, {"message_id": "a b@c"}, {"message_id": ""},
        {"date": datetime(2026, 11, 21)}, {"automatic": "yes"}, {"extra": [("Bcc", "x@example.net")]},
        {"extra": [("Subject", "x")]}, {"extra": [("X-A\r\nBcc", "x")]}, {"extra": [("X A", "x")]},
        {"extra": [("", "x")]}, {"extra": [("Received", "x")]},
    ],
)  # fmt: skip
def test_what_must_not_leave_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ComposeError):
        mail(**changes)


def test_extra_fields_are_cleaned_like_all_others() -> None:
    raw = mail(extra=[("X-Mailcase-Why", "rule: new-case\r\nBcc: x@example.net " + "long " * 400)])
    assert names(raw) == [*PLAIN_FIELDS[:5], "X-Mailcase-Why", *PLAIN_FIELDS[5:]]


def test_no_recipient_is_said_to_be_undisclosed() -> None:
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in mail(to=())


def test_many_recipients_are_folded_and_all_there() -> None:
    people = tuple(Address(f"Person, Number {n}", f"person{n}@example.org") for n in range(80))
    raw = mail(to=people[:1], cc=people[1:])
    assert getaddresses([str(parsed(raw)["Cc"])]) == [(p.name, p.address) for p in people[1:]]
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    ("broken", "intended"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nx\r\n", ("A",)),
        (b"A: 1\r\n\r\nx\r\n", ("A", "B")),
        (b"B: 1\r\nA: 2\r\n\r\nx\r\n", ("A", "B")),
        (b"A: 1\n\r\n\r\nx\r\n", ("A",)),
        (b"A: 1\r\n\r\nx\ry\r\n", ("A",)),
        (b"A: 1\r\n\r\nx\0\r\n", ("A",)),
        (b"A: \xff\r\n\r\nx\r\n", ("A",)),
        (b"A: 1\r\n\r\n\xff\r\n", ("A",)),
        (b"A: 1\r\nno colon\r\n\r\nx\r\n", ("A",)),
        (b"A : 1\r\n\r\nx\r\n", ("A",)),
        (b"A: 1\r\n   \r\n\r\nx\r\n", ("A",)),
        (b"A: " + b"1" * 999 + b"\r\n\r\nx\r\n", ("A",)),
        (b"A: 1", ("A",)),
    ],
)
def test_the_check_before_sending_sees_what_was_not_meant(broken: bytes, intended: tuple[str, ...]) -> None:
    with pytest.raises(ComposeError):
        verify(broken, intended)


def test_the_check_before_sending_lets_good_mail_through() -> None:
    raw = b"A: 1\r\n more\r\nB: \r\n\r\nx\r\n"
    assert verify(raw, ("A", "B")) is raw
