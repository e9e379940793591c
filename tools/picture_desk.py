"""A short day at a real desk on which every kind of mail is sent: what the pictures are made of."""

from __future__ import annotations

import email.policy
import email.utils
import smtplib
import time
import tomllib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import select, update

from mailcase.store import outbox
from mailcase.store.tables import deadline, mark
from mailcase.store.tables import outbox as outbox_table
from tools.desk import Desk

WORDS = Path(__file__).with_name("pictures.toml")
ANNA, BEN, CARL, DANA = "anna@example.org", "ben@example.net", "carl@example.com", "dana@helper.example"
BOB, SUE = "bob@staff.example", "sue@staff.example"
SUPPORT, ORDERS = "support@desk.example", "orders@desk.example"
CONFIG = """\
database = "sqlite:///desk.db"
secret_file = "secret"
weekly_report = "{report}"
[smtp]
listen = "127.0.0.1:{smtp}"
[http]
listen = "127.0.0.1:{http}"
[send]
to = "maildir:outgoing"
[automatic]
address_hour = 1000
address_day = 1000
case_day = 1000
[[mailbox]]
name = "support"
address = "{support}"
display_name = "{words.desk}"
language = "{language}"
[[mailbox]]
name = "orders"
address = "{orders}"
display_name = "{words.desk}"
language = "{language}"
[mailbox.deadlines]
remind_customer = ["3d"]
[[agent]]
name = "bob"
address = "{bob}"
display_name = "{words.bob}"
brief = "00:00"
[[agent]]
name = "sue"
address = "{sue}"
display_name = "{words.sue}"
role = "supervisor"
"""

REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce.1@mx.example.net>
Date: {date}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your mail.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {who}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 <{who}>: mailbox is over its quota

--b
Content-Type: text/rfc822-headers

Message-ID: <{id}>

--b--
"""


class Day(Desk):
    """The desk, the mails that were read from its Maildir, and those of them that are shown: `shown` by name."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.words = SimpleNamespace(**tomllib.loads(WORDS.read_text("utf-8"))[language])
        self.shown: dict[str, EmailMessage] = {}
        self._read_rows: set[int] = set()
        people = {"support": SUPPORT, "orders": ORDERS, "bob": BOB, "sue": SUE}
        self.config.write_text(
            CONFIG.format(words=self.words, language=language, report="mon 00:00", **people, **self.ports), "utf-8"
        )

    def got(self, kind: str, address: str, name: str = "") -> EmailMessage:
        """The next mail of this kind that was sent to somebody; it is shown under `name`."""

        def look() -> EmailMessage | None:
            with self.database().read() as conn:
                rows = [r for r in outbox.items(conn, "sent") if r.kind == kind and address in r.to]
            mails = {str(mail["Message-ID"]).strip("<>"): mail for _, mail in self._outgoing()}
            for row in rows:
                if row.id not in self._read_rows and row.message_id in mails:
                    self._read_rows.add(row.id)
                    return mails[row.message_id]
            return None

        mail = self.wait_for(look, f"{address} gets a mail of kind {kind}")
        assert mail is not None
        if name:
            self.shown[name] = mail
        return mail

    def attached(self, sender: str, text: str, answers: EmailMessage, files: tuple[tuple[str, bytes], ...]) -> None:
        """Somebody answers a mail, with files."""
        mail, to = EmailMessage(), email.utils.parseaddr(str(answers["From"]))[1]
        mail["From"], mail["To"], mail["Subject"] = sender, to, f"Re: {answers['Subject']}"
        mail["Message-ID"], mail["Date"] = "<files.1@client.example>", email.utils.formatdate()
        mail["In-Reply-To"] = str(answers["Message-ID"])
        mail.set_content(text)
        for name, data in files:
            kind = ("image", "jpeg") if name.endswith(".jpg") else ("text", "plain")
            mail.add_attachment(data, *kind, filename=name)
        self.send(mail.as_bytes(policy=email.policy.SMTP), sender, to)

    def bob(self, copy: EmailMessage, text: str, kind: str, name: str = "") -> EmailMessage:
        """Bob answers a mail, and a mail of this kind comes back to him."""
        self.write(f"{self.words.bob} <{BOB}>", "", text, answers=copy)
        return self.got(kind, BOB, name)

    def opened(self, subject: str, text: str, name: str = "", address: str = ANNA, to: str = SUPPORT) -> EmailMessage:
        """A customer opens a case; the acknowledgement is shown under `name`. Bob's copy."""
        self.write(f"{name_of(self.words, address)} <{address}>", subject, text, to=to)
        self.got("acknowledgement", address, name)
        self.got("notification", SUE)
        return self.got("notification", BOB)

    def late(self, number: int, kind: str) -> None:
        """As if days had passed: what waits on this case is due now."""
        self.wait_for(lambda: self._moved(number, kind), f"case {number} has a deadline {kind}")

    def _moved(self, number: int, kind: str) -> bool:
        due = update(deadline).where(deadline.c.case == number, deadline.c.kind == kind)
        with self.database().write() as conn:
            return conn.execute(due.values(due_at=datetime.now(UTC))).rowcount > 0


def number_of(mail: EmailMessage) -> int:
    """The case that its subject names."""
    return int(str(mail["Subject"]).partition("#")[2].partition("]")[0])


def name_of(words: SimpleNamespace, address: str) -> str:
    """The display name behind an address."""
    return {ANNA: words.customer, BEN: words.other, BOB: words.bob, SUE: words.sue}.get(address, "")


def mails(language: str) -> dict[str, EmailMessage]:
    """Every kind of mail, by the name of its picture, in the order in which the page has them."""
    with Day(language) as day:
        for part in (_first_case, _solved, _follow_up, _held, _helper, _unproven, _questions, _bounced, _late, _rounds):
            part(day)
        return {name: day.shown[name] for name in ORDER}


ORDER = (
    "acknowledgement", "answer", "solved-question", "solved", "closed", "follow-up", "reminder", "no-response",
    "transfer",
    "copy", "copy-of-an-answer", "copy-unverified", "copy-of-a-helper", "receipt", "not-done", "held-colleague",
    "held-reserved", "held-guard", "did-you-send-this", "list", "search", "show", "help", "undelivered",
    "waits-for-you", "woke", "escalated", "brief", "report",
)  # fmt: skip


def _first_case(day: Day) -> None:
    words = day.words
    copy = day.shown["copy"] = day.opened(words.subject, words.trouble, "acknowledgement")
    sues = [m for m in day.inbox(SUE) if "Reply-To" in m][-1]
    day.bob(copy, "#priority high\n#tag printer hx-2041\n#assign bob", "command-result", "receipt")
    day.bob(copy, f"#clsoe\n{words.answer}", "command-result", "not-done")
    day.write(f"{words.bob} <{BOB}>", "", words.answer, answers=copy)
    answer = day.got("answer", ANNA, "answer")
    day.write(f"{words.sue} <{SUE}>", "", words.second, answers=sues)
    day.got("command-result", SUE, "held-colleague")
    files = (("photo.jpg", b"\xff\xd8" + b"x" * 482_131), ("log.txt", b"E-117\n" * 135))
    day.attached(f"{words.customer} <{ANNA}>", words.more, answer, files)
    day.got("notification", BOB, "copy-of-an-answer")


def _solved(day: Day) -> None:
    words, copy = day.words, day.shown["copy-of-an-answer"]
    day.bob(copy, f"#note {words.note}", "command-result")
    day.bob(copy, words.leak, "command-result", "held-guard")
    day.bob(copy, f"#resolve\n{words.solved}", "command-result")
    asked = day.got("answer", ANNA, "solved-question")
    day.write(f"{words.customer} <{ANNA}>", "", words.thanks, answers=asked)
    day.got("closed", ANNA, "closed")


def _follow_up(day: Day) -> None:
    words = day.words
    day.write(f"{words.customer} <{ANNA}>", "", words.again, answers=day.shown["closed"])
    told = day.got("follow-up", ANNA, "follow-up")
    copy = day.got("notification", BOB)
    day.write(f"Carl <{CARL}>", f"Re: {told['Subject']}", words.stranger, to=SUPPORT)
    day.got("notification", BOB, "copy-unverified")
    day.bob(copy, "#resolve", "command-result")
    day.got("resolved", ANNA, "solved")


def _held(day: Day) -> None:
    words = day.words
    copy = day.opened(words.other_subject, words.other_trouble, address=BEN)
    sues = [m for m in day.inbox(SUE) if "Reply-To" in m][-1]
    day.bob(copy, "#take", "command-result")
    day.write(f"{words.sue} <{SUE}>", "", words.second, answers=sues)
    day.got("command-result", SUE, "held-reserved")


def _helper(day: Day) -> None:
    words = day.words
    copy = day.opened("Scanner HX-90", words.transfer, address=BEN)
    day.bob(copy, f"#forward {DANA}\n{words.ask_helper}", "command-result")
    request = day.got("transfer", DANA, "transfer")
    day.write(f"Dana <{DANA}>", "", words.helped, answers=request)
    day.got("notification", BOB, "copy-of-a-helper")


def _unproven(day: Day) -> None:
    subject = str(day.shown["copy-of-a-helper"]["Subject"])
    day.write(f"{day.words.bob} <{BOB}>", f"Re: {subject}", f"#close\n{day.words.second}", to=SUPPORT)
    day.got("confirm-agent", BOB, "did-you-send-this")


def _questions(day: Day) -> None:
    copy = day.shown["copy-of-an-answer"]
    day.bob(copy, "#list all", "command-result", "list")
    day.bob(copy, f"#search {day.words.search}", "command-result", "search")
    day.bob(copy, "#show 1001", "case-shown", "show")
    day.bob(copy, "#help", "command-result", "help")


def _bounced(day: Day) -> None:
    """An answer comes back from the customer's server, to the address that it left with."""
    copy = day.shown["copy-of-a-helper"]
    day.write(f"{day.words.bob} <{BOB}>", "", day.words.second, answers=copy)
    day.got("answer", BEN)
    returns = select(outbox_table.c.envelope_from, outbox_table.c.message_id).where(outbox_table.c.kind == "answer")
    with day.database().read() as conn:
        returns_to, message_id = conn.execute(returns.order_by(outbox_table.c.id.desc())).first() or ("", "")
    report = REPORT.format(to=returns_to, who=BEN, id=message_id, date=email.utils.formatdate())
    with smtplib.SMTP("127.0.0.1", day.ports["smtp"], timeout=30) as smtp:
        smtp.sendmail("", [returns_to], report.replace("\n", "\r\n").encode())
    day.got("delivery-problem", BOB, "undelivered")


def _late(day: Day) -> None:
    """A customer who is silent, agents who are, and a case that was set aside."""
    words = day.words
    copy = day.opened(words.other_subject, words.other_trouble, address=BEN, to=ORDERS)
    day.write(f"{words.bob} <{BOB}>", "", words.second, answers=copy)
    day.got("answer", BEN)
    day.late(number_of(copy), "remind_customer")
    day.got("reminder", BEN, "reminder")
    day.late(number_of(copy), "close_pending")
    day.got("no-response", BEN, "no-response")
    copy = day.opened(words.subject, words.trouble, to=ORDERS)
    day.late(number_of(copy), "remind_agent")
    day.got("agent-reminder", BOB, "waits-for-you")
    day.late(number_of(copy), "escalate")
    day.got("escalation", SUE, "escalated")
    day.bob(copy, "#postpone 3d", "command-result")
    day.late(number_of(copy), "wake")
    day.got("agent-reminder", BOB, "woke")


def _rounds(day: Day) -> None:
    """The brief and the report: as if they had last been made a week ago, and the next report were due in a minute."""
    day.settled()
    day.stop()
    now = datetime.now(UTC)
    moment = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    day.config.write_text(day.config.read_text("utf-8").replace("mon 00:00", f"{moment:%a %H:%M}".lower()), "utf-8")
    with day.database().write() as conn:
        conn.execute(update(mark).values(at=now - timedelta(days=8)))
    time.sleep((moment - now).total_seconds())
    day.start()
    day.got("digest", BOB, "brief")
    day.got("report", SUE, "report")
