"""Heads and structures that the library's parser gives up on, read as their writers meant them."""

from __future__ import annotations

import pytest

from mailcase.core.reading.parse import attachment_bytes, read_mail

FROM = b"From: Ada Quill <ada@quill.example>\n"
REST = b"Subject: order\nMessage-ID: <m1@quill.example>\n\nwords\n"

HEADS = {
    "a line that is no field": FROM + b"HTTP/1.1 200 OK\n" + REST,
    "blanks before colons": FROM + b"X-Y : z\nSubject : order\nMessage-ID\t: <m1@quill.example>\n\nwords\n",
    "an mbox line that was quoted": b">From ada@quill.example Tue Nov 10 09:15:00 2026\n" + FROM + REST,
    "an mbox line in the middle": FROM + b"From ada@quill.example Tue Nov 10 09:15:00 2026\n" + REST,
    "white lines above": b" \t\n\n   \n" + FROM + REST,
    "every line ends with CR CR LF": (FROM + REST).replace(b"\n", b"\r\r\n"),
    "a fold without its blank": FROM
    + b"Content-Type: text/plain;\ncharset=utf-8\nSubject: =?utf-8?q?or?=\n=?utf-8?q?der?=\n"
    + b"Message-ID: <m1@quill.example>\n\nwords\n",
    "an id with blanks": FROM + b"Subject: order\nMessage-ID: < m1@quill.example\n >\n\nwords\n",
    "an id that is not closed": FROM + b"Subject: order\nMessage-ID: <m1@quill.example\n\nwords\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_broken_head_is_read_to_its_end(name: str) -> None:
    mail = read_mail(HEADS[name])
    assert (mail.subject, mail.message_id, mail.text.strip()) == ("order", "m1@quill.example", "words")
    assert [str(author) for author in mail.authors] == ["Ada Quill <ada@quill.example>"]


@pytest.mark.parametrize(
    "head",
    [
        b"no field\n" + FROM,
        b"From : ada@quill.example\n",
        b"To : desk@desk.example\n" + FROM,
        FROM + b"no field\n" + FROM,
    ],
)
def test_nobody_is_certain_by_a_mended_head(head: bytes) -> None:
    mail = read_mail(head + REST)
    assert mail.sender is None
    assert mail.authors[0].address == "ada@quill.example"
    assert "header-broken" in mail.defects


def test_the_sender_stays_certain_where_both_readings_agree() -> None:
    mail = read_mail(HEADS["a line that is no field"])
    assert str(mail.sender) == "Ada Quill <ada@quill.example>"
    assert "header-broken" in mail.defects


@pytest.mark.parametrize("body", [b"Dear all,\nnote: this\n\nend\n", b"--\nFrom: x\n", b"no field\n" * 100_001])
def test_words_right_below_the_head_are_the_text(body: bytes) -> None:
    mail = read_mail(FROM + b"Subject: order\n" + body)
    assert mail.subject == "order"
    assert mail.text.startswith(body[:8].decode())
    assert "header-broken" not in mail.defects


def test_attachments_are_found_below_a_broken_head() -> None:
    raw = FROM + b"no field\nSubject: order\nContent-Type: multipart/mixed;\nboundary=b\n\n--b\n\nwords\n"
    raw += b"--b\nContent-Type: application/pdf; name=a.pdf\n\n1234\n--b--\n"
    mail = read_mail(raw)
    assert [(found.filename, found.size) for found in mail.attachments] == [("a.pdf", 4)]
    assert attachment_bytes(raw, 0) == b"1234"


PARTS = [
    (b"Content-Type: application/pdf; name=e.pdf\nContent-Disposition: attachment\n\n", [("e.pdf", 0)]),
    (b"Content-Type: application/pdf\nContent-Disposition: attachment\n\n", []),
    (b"Content-Type: plain/text\n\nmore words\n", []),
]


@pytest.mark.parametrize(("part", "files"), PARTS, ids=["empty with a name", "empty without", "plain/text"])
def test_which_parts_are_files(part: bytes, files: list[tuple[str, int]]) -> None:
    mail = read_mail(FROM + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n" + part + b"\n--b--\n")
    assert [(found.filename, found.size) for found in mail.attachments] == files


def test_a_page_without_a_label_says_its_charset() -> None:
    page = "<meta charset=windows-1251><p>Заказ</p>".encode("cp1251")
    assert read_mail(FROM + b"Content-Type: text/html\n\n" + page).text == "Заказ"


def test_a_field_is_in_the_charset_of_the_text() -> None:
    raw = "From: Łucja <l@quill.example>\nTo: Józef <j@desk.example>\nSubject: Zamówienie: łódź\n".encode("iso-8859-2")
    mail = read_mail(raw + b"Content-Type: text/plain; charset=iso-8859-2\n\n" + "łódź".encode("iso-8859-2"))
    assert (mail.subject, mail.text) == ("Zamówienie: łódź", "łódź")
    assert (str(mail.sender), str(mail.to[0])) == ("Łucja <l@quill.example>", "Józef <j@desk.example>")


@pytest.mark.parametrize(
    "field",
    [
        b"j\xf6rg@quill.example",
        b"A <j\xf6rg@quill.example>",
        b"\xd3@quill.example",
        b"\x1b$B<!\x1b(B <j@quill.example>",
    ],
)
def test_no_charset_makes_an_address_certain(field: bytes) -> None:
    assert read_mail(b"From: " + field + b"\nContent-Type: text/plain; charset=koi8-r\n\nx\n").sender is None
