"""What agents' own mail clients send: each answer reaches the customer with exactly what the agent wrote (A2, A5, O2).

The bodies are written after the habits of the clients; the desk's copy that they quote is real.
"""

from __future__ import annotations

import email.utils
import html
import quopri
from base64 import encodebytes
from collections.abc import Callable

import pytest

from tests.agents.room import NOW, Room, html_of, letter, reply_to, text_of

WORDS = "Hello Ms Berg,\n\nplease switch it off and on again.\n\nBob"
Body = Callable[[str, str, str], str]


def marked(copy: str) -> str:
    return "".join(f"> {line}\n" if line else ">\n" for line in copy.splitlines())


def page(text: str) -> str:
    return html.escape(text).replace("\n", "<br>\n")


ON = "On Sat, 21 Nov 2026 at 10:00, {} wrote:"
PLAIN: dict[str, Body] = {
    "Thunderbird": lambda w, s, c: f"{w}\n\nOn 21.11.26 11:00, {s} wrote:\n{marked(c)}",
    "Thunderbird in German": lambda w, s, c: f"{w}\n\nAm 21.11.26 um 11:00 schrieb {s}:\n{marked(c)}",
    "Gmail": lambda w, s, c: f"{w}\n\nOn Sat, Nov 21, 2026 at 11:00 AM {s} <support@example.com> wrote:\n\n{marked(c)}",
    "Gmail in French": lambda w, s, c: f"{w}\n\nLe sam. 21 nov. 2026 à 11:00, {s} <support@example.com> a écrit :\n\n{marked(c)}",
    "Gmail folds its line": lambda w, s, c: (
        f"{w}\n\nOn Sat, Nov 21, 2026 at 11:00 AM {s} <\nsupport@example.com> wrote:\n\n{marked(c)}"),
    "Apple Mail": lambda w, s, c: f"{w}\n\n> On 21. Nov 2026, at 11:00, {s} <support@example.com> wrote:\n> \n{marked(c)}",
    "iPhone": lambda w, s, c: (
        f"{w}\n\nSent from my iPhone\n\n> On 21 Nov 2026, at 11:00, {s} <support@example.com> wrote:\n> \n{marked(c)}"),
    "Outlook": lambda w, s, c: (
        f"{w}\n\n-----Original Message-----\nFrom: {s} <support@example.com>\nSent: Saturday, 21 November 2026 11:00\n"
        f"To: Bob <bob@staff.example>\nSubject: [Case #1] Printer\n\n{c}"),
    "Outlook in German": lambda w, s, c: (
        f"{w}\n\nVon: {s} <support@example.com>\nGesendet: Samstag, 21. November 2026 11:00\n"
        f"An: Bob <bob@staff.example>\nBetreff: [Case #1] Printer\n\n{c}"),
    "Outlook for phones": lambda w, s, c: (
        f"{w}\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n"
        f"From: {s} <support@example.com>\nSent: Saturday, November 21, 2026 11:00:00 AM\n"
        f"To: Bob <bob@staff.example>\nSubject: [Case #1] Printer\n\n{c}"),
    "K-9 on Android": lambda w, s, c: f"{w}\n\nAm 21. November 2026 11:00:00 MEZ schrieb {s} <support@example.com>:\n{marked(c)}",
    "mutt": lambda w, s, c: f"On Sat, Nov 21, 2026 at 11:00:00AM +0100, {s} wrote:\n{marked(c)}\n{w}\n",
    "KMail": lambda w, s, c: f"{w}\n\nOn Saturday, 21 November 2026 11:00:00 CET {s} wrote:\n{marked(c)}",
    "a signature": lambda w, s, c: f"{w}\n\n-- \nBob Builder\nExample Inc., +1 555 0100\n\n{ON.format(s)}\n{marked(c)}",
    "a signature below the quotation": lambda w, s, c: f"{w}\n\n{ON.format(s)}\n{marked(c)}\n-- \nBob Builder\n+1 555 0100\n",
    "nothing quoted": lambda w, _s, _c: w,
    "the marker quoted without marks": lambda w, _s, c: f"{w}\n\n{c}",
    "only a part quoted": lambda w, s, c: f"{w}\n\n{ON.format(s)}\n> It does not print.\n",
    "blank lines first": lambda w, s, c: f"\n\n\n{w}\n\n{ON.format(s)}\n{marked(c)}",
    "bottom posting": lambda w, s, c: f"{ON.format(s)}\n\n{marked(c)}\n{w}",
    "bottom posting with a signature": lambda w, s, c: f"{ON.format(s)}\n{marked(c)}\n{w}\n\n-- \nBob Builder\n",
}  # fmt: skip
PAGES: dict[str, Body] = {
    "Gmail, HTML only": lambda w, s, c: (
        f'<div dir="ltr">{page(w)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Sat, Nov 21, 2026 at '
        f'11:00 AM {page(s)} &lt;<a href="mailto:support@example.com">support@example.com</a>&gt; wrote:<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{page(c)}</blockquote></div>'),
    "Outlook, HTML only": lambda w, s, c: (
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{page(w)}<o:p></o:p></p><p>&nbsp;</p><div><div '
        f'style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>From:</b> {page(s)} '
        f"&lt;support@example.com&gt;<br><b>Sent:</b> Saturday, November 21, 2026 11:00 AM<br><b>To:</b> Bob<br>"
        f"<b>Subject:</b> [Case #1] Printer</p></div></div>{page(c)}</div></body></html>"),
    "Apple Mail, HTML only": lambda w, s, c: (
        f'<html><body style="word-wrap: break-word;">{page(w)}<div><br><blockquote type="cite"><div>On 21 Nov 2026, at 11:00, '
        f'{page(s)} wrote:</div><br><div>{page(c)}</div></blockquote></div></body></html>'),
    "Outlook on the web, HTML only": lambda w, s, c: (
        f'<div style="font-family:Calibri">{page(w)}</div><div id="appendonsend"></div><hr style="width:98%"><div '
        f'id="divRplyFwdMsg" dir="ltr"><b>From:</b> {page(s)} &lt;support@example.com&gt;<br><b>Sent:</b> Saturday, November '
        f"21, 2026 11:00 AM<br><b>To:</b> Bob<br><b>Subject:</b> [Case #1] Printer</div><div>{page(c)}</div>"),
}  # fmt: skip


def answered(room: Room, body: Body, words: str = WORDS, kind: str = "text/plain; charset=utf-8", encoding: str = "8bit",
             charset: str = "utf-8") -> str:  # fmt: skip
    """Bob's client answers the copy of a new case of Anna's; returns the text that Anna got."""
    number, copy = room.opened("Printer")
    name = email.utils.parseaddr(str(copy["From"]))[0]
    data = body(words, name, text_of(copy)).encode(charset)
    coded = {"8bit": data, "quoted-printable": quopri.encodestring(data), "base64": encodebytes(data)}[encoding]
    head = (
        f"From: Bob <bob@staff.example>\r\nTo: {name} <{reply_to(copy)}>\r\nSubject: Re: {copy['Subject']}\r\n"
        f"Date: {email.utils.format_datetime(NOW)}\r\nMessage-ID: <honest.{number}@staff.example>\r\n"
        f"In-Reply-To: {copy['Message-ID']}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\nX-Originating-IP: [10.1.2.3]\r\nUser-Agent: client\r\n\r\n"
    ).encode()
    before = room.last()
    room.deliver(head + coded.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), to=reply_to(copy))
    told = room.mails("anna@example.org", before)
    assert len(told) == 1, [line["text"] for line in room.case(number)["history"]]
    whole = told[0].as_string()
    assert "staff.example" not in whole
    assert "10.1.2.3" not in whole
    assert "##-" not in text_of(told[0]) + html_of(told[0])
    words, _, footer = text_of(told[0]).rpartition("\n-- \n")
    assert footer.strip() == f"Case number: {number}"
    return words


@pytest.mark.parametrize("name", PLAIN)
def test_plain_clients(room: Room, name: str) -> None:
    assert answered(room, PLAIN[name]).strip() == WORDS


@pytest.mark.parametrize("name", PAGES)
def test_clients_that_send_nothing_but_HTML(room: Room, name: str) -> None:
    assert answered(room, PAGES[name], kind="text/html; charset=utf-8").strip() == WORDS


@pytest.mark.parametrize(
    ("kind", "encoding", "charset", "words"),
    [
        ("text/plain; charset=utf-8", "quoted-printable", "utf-8", "Grüße aus Köln – 50 € 日本語"),
        ("text/plain; charset=utf-8", "base64", "utf-8", "Grüße aus Köln – 50 € 日本語"),
        ("text/plain; charset=iso-8859-1", "8bit", "iso-8859-1", "Grüße aus Köln"),
        ("text/plain; charset=windows-1252", "quoted-printable", "cp1252", "„Grüße“ – 50 €"),
        ("text/plain; charset=iso-2022-jp", "8bit", "iso-2022-jp", "電源を入れ直してください。"),
    ],
)
def test_charsets_and_encodings(room: Room, kind: str, encoding: str, charset: str, words: str) -> None:
    body: Body = lambda w, _s, _c: w  # noqa: E731
    assert answered(room, body, words, kind, encoding, charset).strip() == words


def test_flowed_lines_are_joined(room: Room) -> None:
    body: Body = lambda w, s, c: f"{w}\n\nOn 21.11.26 11:00, {s} wrote:\n{marked(c)}"  # noqa: E731
    words = "This is one long line that the client broke \nwhere it liked."
    text = answered(room, body, words, "text/plain; charset=utf-8; format=flowed")
    assert " ".join(text.split()) == "This is one long line that the client broke where it liked."


@pytest.mark.parametrize("name", ["Thunderbird", "Gmail", "Outlook", "iPhone", "bottom posting"])
def test_an_empty_answer_sends_nothing(room: Room, name: str) -> None:
    """The whole text is quotation: what the desk wrote to the agent must not go to the customer."""
    number, copy = room.opened("Printer")
    sender = email.utils.parseaddr(str(copy["From"]))[0]
    before = room.last()
    mail = letter(
        "Bob <bob@staff.example>", f"Re: {copy['Subject']}", PLAIN[name]("", sender, text_of(copy)), reply_to(copy)
    )
    room.deliver(mail, to=reply_to(copy))
    assert not room.mails("anna@example.org", before)
    assert "neither text nor commands" in text_of(room.mails("bob@staff.example", before)[-1])
    assert room.case(number)["status"] == "new"
