"""docs/behaviours.md: what it says of single mails, done with single mails. One check a row, by its number."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mailcase.core import case, people, subject, thread
from mailcase.core import token as tokens
from mailcase.core.compose import compose
from mailcase.core.decision import CaseView
from mailcase.core.message import Address, Envelope, Kind, Ours, Reading
from mailcase.core.policy import Agent, Mailbox, Policy, StatusKind
from mailcase.core.reading import html
from mailcase.core.reading.classify import answerable
from mailcase.core.reading.ingest import ingest_key
from mailcase.core.reading.parse import read_mail
from mailcase.core.reading.read import read
from mailcase.intake.pipe import TRY_AGAIN, deliver
from tests.docs.markdown import read as page
from tests.docs.markdown import rows

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
DESK = Ours(frozenset({"support@example.com"}), "desk0")
SUPPORT = Mailbox("support", "support@example.com")
SALES = Mailbox("sales", "sales@example.com", tag="[Vente n°{number}]")
SECRET = b"0123456789abcdef"
POLICY = Policy(
    mailboxes=(SUPPORT, SALES), agents=(Agent("bob", "bob@staff.example"), Agent("eve", "eve@staff.example")),
    secrets=(SECRET,),
)  # fmt: skip
ANNA = Address("Anna", "anna@example.org")


def a_case(number: int, requester: Address = ANNA) -> CaseView:
    return CaseView(number, number, "support", "Printer", "open", StatusKind.OPEN, requester)


def reading(head: str, body: str = "It does not print.\n", sender: str = "anna@example.org") -> Reading:
    raw = f"From: {sender}\r\nTo: support@example.com\r\n{head}\r\n{body}".replace("\r\n", "\n").replace("\n", "\r\n")
    return read(raw.encode(), Envelope(sender, ("support@example.com",)), DESK)


def kind(head: str) -> Kind:
    return reading(head).kind


def led_to(head: str, cases: tuple[CaseView, ...], *known: thread.Known, to: str = "support@example.com") -> str:
    """The case that a mail of Anna leads to, and the evidence."""
    mail = reading(head).mail
    keys = thread.keys(mail, Envelope("anna@example.org", (to,)), SUPPORT, POLICY, NOW)
    found = thread.choose(keys, {c.number: c for c in cases}, known, ANNA.key)
    return f"{found.case.number} {found.evidence.partition(':')[0]}" if found.case else "none"


def new(body: str) -> str:
    return reading("", body).new.strip()


def token_for(kind_: str, number: int, bound: str = "") -> str:
    return tokens.plus("support@example.com", tokens.make(SECRET, kind_, number, NOW, b"12345", bound))


def agents_token(sender: str) -> str:
    to = token_for(tokens.AGENT, 7, "bob")
    mail = reading("", sender=sender).mail
    return thread.keys(mail, Envelope(sender, (to,)), SUPPORT, POLICY, NOW).token_for


def is_kept_once(one: str, other: str) -> bool:
    return ingest_key(one.encode()) == ingest_key(other.encode())


MAIL = "From: anna@example.org\r\nMessage-ID: <1@x>\r\n\r\n"
OURS, THEIRS = thread.Known("o@example.com", 7, True), thread.Known("t@example.org", 8, False)
SEVEN, EIGHT = a_case(7), a_case(8)
LINKS = '<p><a href="https://example.org">here</a></p>' * 6_000


def broken(*_arguments: object) -> object:
    raise OSError("the database is away")


def piped(size: int) -> int:
    mail = io.BytesIO(b"From: a@b.example\r\n\r\n" + b"x" * size)
    return deliver(mail, "support", POLICY, broken, max_size=100, now=NOW, environment={}).code  # type: ignore[arg-type]


CHECKS: dict[int, tuple[str, Callable[[], bool]]] = {
    1: ("yes", lambda: led_to("Subject: [Case #99] [Case #7] x\r\n", (SEVEN,)) == "7 subject"),
    2: ("otherwise", lambda: led_to("Subject: New\r\nReferences: <o@example.com>\r\n", (SEVEN,), OURS) == "7 own-id"),
    4: ("no", lambda: led_to("Subject: x\r\n\r\n[Case #7] stands in the text", (SEVEN,)) == "none"),
    5: ("otherwise", lambda: led_to("References: <t@example.org> <u@example.org>\r\n", (SEVEN, EIGHT), THEIRS,
                                    thread.Known("u@example.org", 7, False)) == "7 foreign-id"),
    8: ("yes", lambda: subject.numbers("Re: http://[Case #7] [Other #79] x", SUPPORT.tag) == (7,)
        and subject.bare("[Case #7] [Other #79] x", (SUPPORT.tag,)) == "[Other #79] x"),
    9: ("yes", lambda: subject.numbers(subject.tagged("x", SALES.tag, 7), SALES.tag) == (7,)),
    11: ("yes", lambda: led_to("Subject: [Case #8]\r\n", (SEVEN, EIGHT), to=token_for("c", 7)) == "7 token"),
    15: ("in part", lambda: (agents_token("bob@staff.example"), agents_token("eve@staff.example")) == ("bob", "")),
    17: ("no", lambda: led_to("References: <o@exam\r\n ple.com>\r\n", (SEVEN,), OURS) == "none"),
    20: ("no", lambda: led_to("Subject: Re: Printer\r\n", (SEVEN,)) == "none"),
    22: ("yes", lambda: led_to("References: <bogus@x> <o@example.com>\r\n", (SEVEN,), OURS) == "7 own-id"),
    23: ("yes", lambda: led_to("Subject: [Case #99]\r\n", (SEVEN,)) == "none"),
    26: ("otherwise", lambda: case.MOVES[case.Cause.CUSTOMER_WRITES][StatusKind.CLOSED] is case.FOLLOW_UP),
    31: ("yes", lambda: case.move(StatusKind.NEW, case.Cause.CUSTOMER_WRITES) is StatusKind.NEW
         and case.move(StatusKind.PENDING, case.Cause.CUSTOMER_WRITES) is StatusKind.OPEN),
    34: ("yes", lambda: kind("X-Mailcase-Loop: desk0\r\n") is Kind.LOOP),
    36: ("yes", lambda: read(b"From: Support+x@EXAMPLE.com\r\n\r\nhi\r\n", Envelope(), DESK).kind is Kind.LOOP),
    40: ("otherwise", lambda: is_kept_once(MAIL + "a", MAIL + "a\r\n") and not is_kept_once(MAIL + "a", MAIL + "b")),
    41: ("yes", lambda: is_kept_once("From: a@b\r\n\r\nx", "Received: by c\r\nFrom: a@b\r\n\r\nx")),
    42: ("yes", lambda: [kind(f"Auto-Submitted: {v}\r\n") for v in ("AUTO-Replied", " No ", "auto-forwarded")]
         == [Kind.AUTOMATIC_REPLY, Kind.PERSON, Kind.PERSON]),
    43: ("yes", lambda: kind("Precedence: first-class\r\nPrecedence: BULK\r\n") is Kind.BULK),
    44: ("in part", lambda: {kind("X-Loop: yes\r\n"), kind("Precedence: bulk\r\n")} == {Kind.BULK}),
    46: ("yes", lambda: kind("Subject: Out of office AutoReply: Printer\r\n") is Kind.AUTOMATIC_REPLY),
    47: ("yes", lambda: kind("X-MS-Exchange-Inbox-Rules-Loop: a@b.example\r\n") is Kind.PERSON),
    48: ("yes", lambda: {kind("X-Autorespond: x\r\n"), kind("X-Precedence: auto_reply\r\n")} == {Kind.AUTOMATIC_REPLY}),
    49: ("otherwise", lambda: kind("Auto-Submitted: auto-generated\r\n") is Kind.BULK),
    58: ("yes", lambda: kind("Subject: Undelivered mail\r\n") is Kind.PERSON),
    60: ("yes", lambda: bool(read_mail(b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\x80abc").text)),
    62: ("in part", lambda: read_mail(b'From: "x <\r\n\r\nhi').sender is None),
    63: ("yes", lambda: read_mail(b"From: a@b.example\r\nTo: <<>,;@\r\n\r\nhi").sender is not None),
    64: ("yes", lambda: "\0" not in reading("Subject: a\0b\r\n", "c\0d").mail.subject + reading("", "c\0d").new),
    65: ("yes", lambda: [a.filename for a in read_mail(
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment;\r\n filename*0*=UTF-8''%C3%A4;\r\n"
        b" filename*1=bc.pdf\r\n\r\nx").attachments] == ["äbc.pdf"]),
    66: ("in part", lambda: html.clean(LINKS) == "" and "here" in html.to_text(LINKS) and people.MOST_PARTICIPANTS == 40),
    68: ("yes", lambda: "words" in read_mail(
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b\r\n"
        b"Content-Type: text/html\r\n\r\n<p>words</p>\r\n--b--\r\n").text),
    72: ("yes", lambda: new("> Does it print?\nYes.\n> And scan?\nNo.\n").count("\n") >= 3
         and new("> only\n> quoted\n") == "> only\n> quoted"),
    73: ("yes", lambda: new("Yes.\n\n> ##- Please type your reply above this line -##\n> more\n") == "Yes."),
    75: ("yes", lambda: "On your remote host" in new("One outstanding question\nOn your remote host it hangs.\n")
         and "much easier" in new("Hello,\n\nSent from my desk, is much easier\n")),
    76: ("in part", lambda: "Hello" in new("---------- Forwarded message ----------\nFrom: x@y.example\n\nHello\n")),
    78: ("otherwise", lambda: b"\r\nAuto-Submitted: auto-replied\r\n" in automatic() and b"Precedence" not in automatic()),
    80: ("yes", lambda: piped(10) == TRY_AGAIN == 75),
}  # fmt: skip


def automatic() -> bytes:
    return compose(
        sender=SUPPORT.sender, to=(ANNA,), subject="x", message_id="1@example.com", date=NOW, text="x",
        automatic="auto-replied",
    )  # fmt: skip


@pytest.mark.parametrize("number", list(CHECKS))
def test_it_does_what_the_page_says(number: int) -> None:
    told = {int(cells[0]): cells[2] for cells in rows(page("docs/behaviours.md"))}
    verdict, check = CHECKS[number]
    assert told[number] == verdict
    assert check()


def test_forwarded_by_a_rule_is_never_answered_automatically() -> None:
    found = reading("Auto-Submitted: auto-forwarded\r\n")
    assert answerable(found.mail, Envelope("anna@example.org", ("support@example.com",)), DESK, found.signals)
