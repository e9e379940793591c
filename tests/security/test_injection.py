"""What a stranger writes stays text: in pages, in templates, in header fields, in commands (S8-S12, S32, S35, S37, S40)."""

from __future__ import annotations

import ast
import email.utils
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailcase.core.reading.html import clean
from tests.agents.room import Room, answer, events, html_of, letter, reply_to, text_of
from tests.security.pages import all_faults, faults, shown
from tests.security.payloads import ACTIVE, BEACONS, HOST, TEMPLATES
from tests.servers.sink import Received, Sink
from tools.desk import Desk, _parsed

ROOT = Path(__file__).parents[2]


def test_the_reader_of_pages_sees_every_payload_for_what_it_is() -> None:
    blind = [p for p in (*ACTIVE, *BEACONS) if not faults(p)]
    assert blind in ([], ["<%00script>alert(1)</script>"]), blind
    assert faults("<p>a <b>b</b> <a href='https://x.example'>c</a><img src='cid:a'></p>") == []


def everywhere(payload: str, number: int) -> EmailMessage:
    """The payload in subject, name, text, page, file name and type."""
    name = f"{payload} {number}"
    mail = EmailMessage()
    mail["Subject"] = name.replace("\t", " ")
    mail["To"] = "support@example.com"
    mail["Message-ID"] = f"<payload.{number}@evil.example>"
    mail["Date"] = email.utils.formatdate()
    mail.set_content(f"text {name}\n")
    mail.add_alternative(f"<html><body><p>before</p>{payload}<p>after {number}</p></body></html>", subtype="html")
    mail.add_attachment(f"<html>{payload}</html>", subtype="html", filename=f"{name}.html")
    mail.add_attachment(f"<svg>{payload}</svg>".encode(), maintype="image", subtype="svg+xml", filename="x.svg")
    return mail


def from_(mail: EmailMessage, name: str, address: str) -> bytes:
    """The mail with a name in From as odd as it is."""
    word = email.utils.formataddr((name, address), "utf-8")
    return f"From: {word}\r\n".encode() + mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("payloads", [ACTIVE[::2], ACTIVE[1::2], BEACONS], ids=["odd", "even", "beacons"])
def test_S8_S9_nothing_runs_or_loads_in_any_mail_that_we_write(fresh: Room, payloads: tuple[str, ...]) -> None:
    for number, payload in enumerate(payloads):
        before = fresh.last()
        raw = from_(everywhere(payload, number), payload.replace("\t", " "), f"x{number}@evil.example")
        fresh.deliver(raw, sender=f"x{number}@evil.example")
        copy = fresh.mails("bob@staff.example", before)[-1]
        fresh.deliver(answer(copy, f"We got {payload}"), to=reply_to(copy))
        fresh.deliver(answer(copy, "#resolve"), to=reply_to(copy))
        sent = fresh.sent(before)
        assert len(sent) >= 4
        for item in sent:
            mail = fresh.mails(item.recipients[0].address, item.id - 1)[0]
            assert all_faults(mail) == [], (payload, item.kind)
            page = html_of(mail)
            assert not any(f'="{scheme}{HOST}' in page for scheme in ("http://", "//", "https://"))


def test_S8_S9_cleaned_pages_are_harmless() -> None:
    for payload in (*ACTIVE, *BEACONS):
        for page in (payload, f"<p>a</p>{payload}<p>b</p>", f"<table><tr><td>{payload}", f"<!-- -->{payload}<!--"):
            assert faults(clean(page)) == [], page


FETCHERS = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "webbrowser", "ftplib", "pdfkit", "weasyprint",
            "xhtml2pdf", "selenium", "playwright"}  # fmt: skip


def imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    named = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return named | {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}


def test_S10_nothing_here_fetches_or_prints_a_page() -> None:
    """A page that is turned into a picture or a file would be read on the server's behalf."""
    assert imports(Path(__file__)) >= {"ast"}
    for file in (ROOT / "mailcase").rglob("*.py"):
        assert not imports(file) & FETCHERS, file


def test_S11_template_words_come_out_as_they_were_written(fresh: Room) -> None:
    for number, payload in enumerate(TEMPLATES):
        before = fresh.last()
        sender = email.utils.formataddr((f"{payload} Name", f"t{number}@evil.example"), "utf-8")
        fresh.deliver(letter(sender, f"{payload} subject", f"{payload} text"), sender=f"t{number}@evil.example")
        copy = fresh.mails("bob@staff.example", before)[-1]
        assert f"{payload} text" in text_of(copy)
        assert f"{payload} subject" in f"{copy['Subject']} {text_of(copy)}"
        assert f"{payload} Name" in f"{copy['From']} {text_of(copy)}"
        assert f"{payload} text" in shown(html_of(copy))
        fresh.deliver(answer(copy, f"You wrote {payload} indeed."), to=reply_to(copy))
        said = fresh.mails(f"t{number}@evil.example", before)[-1]
        assert f"You wrote {payload} indeed." in text_of(said)
        assert all(item.state == "queued" for item in fresh.sent(before))


# ---- S12: header fields, to the smarthost and back ----

WORD = "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?="
FIELDS = {
    "Subject": f"{WORD} help", "From": f"{WORD} <anna@example.org>", "Reply-To": f"{WORD} <anna2@example.org>",
    "To": f"{WORD} <support@example.com>", "Cc": f"{WORD} <carl@example.net>", "Message-ID": f"<{WORD}@example.org>",
    "In-Reply-To": f"<{WORD}@example.org>", "References": f"<{WORD}@example.org> <a\tBcc:eve@evil.example>",
    "Comments": WORD, "X-Mailcase-Loop": WORD, "Thread-Topic": WORD, "Content-Language": WORD, "Sender": f"{WORD} <anna@example.org>",
    "Organization": WORD, "Date": f"{WORD}", "Return-Path": f"<{WORD}@example.org>", "List-Id": "",
}  # fmt: skip
PARTS = (
    f'Content-Type: text/plain; charset="{WORD}"', f'Content-Type: application/pdf; name="{WORD}.pdf"',
    f'Content-Disposition: attachment; filename="{WORD}.pdf"', "Content-Disposition: attachment; filename*=utf-8''x%0D%0ABcc:eve@evil.example.pdf",
    f"Content-ID: <{WORD}>", f"Content-Type: image/{WORD}; name=a.png",
)  # fmt: skip
MEANT = frozenset((
    "date", "from", "to", "cc", "reply-to", "subject", "message-id", "in-reply-to", "references", "auto-submitted",
    "x-auto-response-suppress", "x-mailcase-loop", "content-language", "mime-version", "content-type",
    "content-transfer-encoding", "precedence",
))  # fmt: skip


def injected(field: str) -> bytes:
    """A mail with the word in one field, and in the fields of a part of it."""
    fields = {"From": "Anna <anna@example.org>", "To": "support@example.com", "Subject": "help",
              "Message-ID": f"<{field}.inject@example.org>", "Date": email.utils.formatdate()}  # fmt: skip
    fields |= {field: FIELDS[field]} if field in FIELDS else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    part = field if field in PARTS else PARTS[2]
    return (f"{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
            f"about {abs(hash(field))}\r\n--b\r\n{part}\r\n\r\ndata\r\n--b--\r\n").encode()  # fmt: skip


@pytest.fixture(scope="module")
def wired() -> Iterator[tuple[Desk, Sink]]:
    limits = "[automatic]\naddress_hour = 1000\naddress_day = 1000\ncase_day = 1000"
    with (
        Sink() as sink,
        Desk(send=f"smtp://127.0.0.1:{sink.port}", mailbox_more='notify = ["bob"]', more=limits) as desk,
    ):
        yield desk, sink


def harmless(mail: Received, allowed: set[str]) -> None:
    """One recipient, the fields that are meant, each once, and no sign of the injected one."""
    assert set(mail.recipients) <= allowed
    head = mail.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    names = [line.partition(":")[0].lower() for line in head.split("\r\n") if line[0] not in " \t"]
    assert len(names) == len(set(names))
    assert set(names) <= MEANT
    parsed = _parsed(mail.raw)
    assert parsed["Bcc"] is None
    for part in parsed.walk():
        assert not part.defects
        assert {name.lower() for name in part.keys()} <= MEANT | {"content-disposition", "content-id"}  # noqa: SIM118


@pytest.mark.parametrize("field", [*FIELDS, *PARTS], ids=[*FIELDS, *(f"part{n}" for n in range(len(PARTS)))])
def test_S12_no_word_becomes_a_field_or_a_recipient(wired: tuple[Desk, Sink], field: str) -> None:
    desk, sink = wired
    before = len(sink.mails)
    desk.send(injected(field), "anna@example.org", "support@example.com")
    desk.settled()
    copies = [m for m in sink.mails[before:] if m.recipients == ("bob@staff.example",)]
    assert len(copies) == 1
    copy = _parsed(copies[0].raw)
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Date"] = "bob@staff.example", str(copy["Reply-To"]), email.utils.formatdate()
    reply.set_content(f"We look into it.\n\nOn Monday {WORD} wrote:\n> hello\n")
    raw = f"Subject: Re: {WORD}\r\nMessage-ID: <bob.{abs(hash(field))}@staff.example>\r\n".encode() + reply.as_bytes(
    ).replace(b"\n", b"\r\n")  # fmt: skip
    desk.send(raw, "bob@staff.example", str(copy["Reply-To"]))
    desk.settled()
    got = list(sink.mails[before:])
    assert any(b"We look into it." in m.raw for m in got)
    for mail in got:
        assert len(mail.recipients) == 1 or field == "Cc"
        harmless(mail, {"anna@example.org", "anna2@example.org", "carl@example.net", "bob@staff.example"})


# ---- what arrives is not obeyed ----


def report(original: str, recipient: str = "anna@example.org") -> bytes:
    """A delivery report in the standard form (RFC 3464)."""
    return (
        "From: Mail Delivery System <mailer-daemon@evil.example>\r\nTo: support@example.com\r\nSubject: Undelivered\r\n"
        f"Message-ID: <{abs(hash(original))}.dsn@evil.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        "Not delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; evil.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"{original}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    "proof", ["none", "number", "made-up id", "the customer's id", "the agent's address", "genuine"]
)
def test_S32_a_forged_delivery_report_fails_no_mail(room: Room, proof: str) -> None:
    number, copy = room.opened()
    before = room.last()
    room.deliver(answer(copy, "Try the other cable."), to=reply_to(copy))
    (sent,) = [item for item in room.sent(before) if item.kind == "answer"]
    theirs = room.case(number)["messages"][0]["message_id"]
    original = {
        "none": "Subject: x",
        "number": f"Subject: Re: [Case #{number}] Printer",
        "made-up id": f"Message-ID: <{number:x}.{'a' * 26}.{'b' * 13}@example.com>",
        "the customer's id": f"Message-ID: <{theirs}>",
        "the agent's address": "Subject: x",
        "genuine": f"Message-ID: <{sent.message_id}>",
    }[proof]
    to = reply_to(copy) if proof == "the agent's address" else "support@example.com"
    room.deliver(report(original), to=to, sender="")
    case = room.case(number)
    assert case["status"] == ("open" if proof == "genuine" else "pending")
    assert ("mail-bounced" in events(case)) == (proof == "genuine")


def test_S35_our_own_fields_in_foreign_mail_grant_nothing(room: Room) -> None:
    number, _ = room.opened()
    forged = letter("eve@evil.example", "Hello", "#resolve", X_Mailcase_Case=str(number), X_Mailcase_Agent="bob",
                    X_Mailcase_Token="a1", X_RT_Loop_Prevention="x", Resent_From="bob@staff.example",
                    Resent_To="anna@example.org")  # fmt: skip
    entry = room.entry(room.deliver(forged, sender="eve@evil.example"))
    assert entry.case not in (None, number)
    assert room.case(number)["status"] == "new"
    loop = room.entry(
        room.deliver(letter("f@evil.example", "Loop", "x", X_Mailcase_Loop="roomdesk"), sender="f@evil.example")
    )
    assert (loop.case, loop.outcome) == (None, "ignored")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript",
                                  "application/x-msdownload", "text/html; charset=utf-7", "message/rfc822", "application/pdf"])  # fmt: skip
def test_S37_active_files_leave_as_files(room: Room, kind: str) -> None:
    _, copy = room.opened()
    before = room.last()
    raw = answer(copy, "Here it is.").as_bytes().partition(b"\n\n")
    head = b"\n".join(line for line in raw[0].split(b"\n") if not line.lower().startswith((b"content-", b"mime-")))
    data = (
        head + b'\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        b"Here it is.\n--b\nContent-Type: " + kind.encode() + b'\nContent-Disposition: inline; filename="page.html"\n\n'
        b"Subject: x\n\n<script>alert(1)</script>\n--b--\n"
    )  # fmt: skip
    room.deliver(data.replace(b"\n", b"\r\n"), to=reply_to(copy))
    (mail,) = room.mails("anna@example.org", before)
    files = [p for p in mail.walk() if p.get_filename()]
    wanted = kind if kind == "application/pdf" else "application/octet-stream"
    assert [(p.get_content_type(), p.get_content_disposition()) for p in files] == [(wanted, "attachment")]
    assert all_faults(mail) == []


HIDDEN = {
    "quoted": "Thanks.\n\nOn Monday Anna wrote:\n> #close\n> #forward eve@evil.example\n",
    "signature": "Thanks.\n\n-- \nBob\n#close\n",
    "words": "Thanks.\nstatus: closed\nX-Status: closed\n",
    "in the middle": "Thanks, and\n#close\nis what you would write.\n",
}


@pytest.mark.parametrize("where", HIDDEN)
def test_S40_only_the_first_lines_are_commands(room: Room, where: str) -> None:
    number, copy = room.opened()
    before = room.last()
    room.deliver(answer(copy, HIDDEN[where]), to=reply_to(copy))
    assert room.case(number)["status"] in ("pending", "new")
    assert not room.mails("eve@evil.example", before)


HIDING = (
    "<p style='display:none'>#close</p><div hidden>#close</div><div class='a' HIDDEN=until-found>#close</div>"
    "<span style='mso-hide:all'>#close</span><p aria-hidden='true' title='hidden'>Thanks.</p>"
)


def test_S40_what_a_page_hides_is_no_command(room: Room) -> None:
    number, copy = room.opened()
    mail = answer(copy, "x")
    mail.set_content(HIDING, subtype="html")
    room.deliver(mail, to=reply_to(copy))
    assert room.case(number)["status"] in ("pending", "new")


def test_S40_no_setting_is_reachable_by_mail(room: Room) -> None:
    _, copy = room.opened()
    before = room.policy
    text = "#set acknowledge false\n#config\n#password x\n#agent add eve@evil.example\n#token\n"
    was = room.last()
    room.deliver(answer(copy, text), to=reply_to(copy))
    assert room.policy == before
    (refused,) = room.sent(was)
    assert refused.kind == "command-result"
