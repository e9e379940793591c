"""From an agent's command by mail to its effect, while customers write ten mails a second."""

from __future__ import annotations

import email.policy
import email.utils
import re
import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from email.message import EmailMessage

from sqlalchemy import select

from mailcase.store.tables import event, spool
from tools.bench_desk import MeasuredDesk
from tools.bench_load import TO, Letter, letters
from tools.bench_rows import Figure, Scale, percentile

AGENTS = """
[[agent]]
name = "bob"
address = "bob@staff.example"

[[agent]]
name = "sue"
address = "sue@staff.example"
"""
BOB = "bob@staff.example"
EVERY = 0.5  # seconds between two commands
A_SECOND = 10  # mails of customers
_POLICY = email.policy.SMTP.clone(max_line_length=900)  # a folded address would be another one
WARM = 12  # cases that are there when it begins; the first commands are not timed

# What an agent writes, and the event of the history that it makes.
WRITTEN = (
    ("#status open", "status-changed"),
    ("#note She has called twice about it.", "note-added"),
    ("Please switch it off and on again.", "message-sent"),
)


def commands(scale: Scale) -> list[Figure]:
    """From the 250 to the moment the change is in the store, for whoever looks: p50 and p95 on both databases."""
    from tests.servers import postgres

    @contextmanager
    def on_postgresql() -> Iterator[str]:
        with postgres.running() as server:
            server.execute("CREATE DATABASE bench")
            yield server.url("bench")

    found = []
    for name, database in (("sqlite", nullcontext("sqlite:///desk.db")), ("pg", on_postgresql())):
        with database as url, MeasuredDesk("maildir:outgoing", url, more=AGENTS) as desk:
            waits = _timed(desk, 30 if scale.quick else 60)
        found.append(Figure(f"command-{name}", 1000 * percentile(waits, 95), "ms"))
        found.append(Figure(f"command-{name}-p50", 1000 * percentile(waits, 50), "ms"))
    return found


def _timed(desk: MeasuredDesk, count: int) -> list[float]:
    """Seconds until each of so many commands had its effect."""
    new = letters(1_600)[0]
    for letter in new[:WARM]:
        _send(desk, letter.sender, letter.raw())
    desk.processed(sent=True)
    copies = _newest_copies(desk)
    ended = threading.Event()
    customers = threading.Thread(target=_customers, args=(desk, new[WARM:], ended))
    customers.start()
    taken: list[tuple[int, float]] = []
    try:
        begin = time.time() + 1
        for i in range(WARM + count):
            time.sleep(max(0.0, begin + i * EVERY - time.time()))
            copy = copies[i % len(copies)]
            # Each case gets another one each time: `#status open` finds the answer's `pending`.
            text, _ = WRITTEN[(i + i // len(copies)) % len(WRITTEN)]
            mail = _answer(copy, text, i)
            spool_id = _send(desk, BOB, mail.as_bytes(policy=_POLICY), str(mail["To"]))
            at = time.time()
            taken.append((spool_id, _done_at(desk, spool_id) - at))
    finally:
        ended.set()
        customers.join()
    desk.processed(sent=True)
    _check(desk, [spool_id for spool_id, _ in taken])
    return [wait for _, wait in taken[WARM:]]


def _newest_copies(desk: MeasuredDesk) -> list[EmailMessage]:
    """An agent's copy of each case that there is."""
    found = {}
    for mail in desk.inbox(BOB):
        number = re.search(r"\[Case #(\d+)\]", str(mail["Subject"]))
        if number:
            found[int(number[1])] = mail
    if len(found) < WARM:
        raise AssertionError(f"{len(found)} copies for {WARM} cases")
    return list(found.values())


def _customers(desk: MeasuredDesk, new: list[Letter], ended: threading.Event) -> None:
    """Ten mails a second that open cases, until it is over."""
    begin = time.time()
    for i, letter in enumerate(new):
        if ended.wait(max(0.0, begin + i / A_SECOND - time.time())):
            return
        _send(desk, letter.sender, letter.raw())


def _send(desk: MeasuredDesk, sender: str, raw: bytes, to: str = TO) -> int:
    """One mail by SMTP; the number under which it was kept."""
    mail = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    with smtplib.SMTP("127.0.0.1", desk.ports["smtp"], timeout=30) as smtp:
        smtp.ehlo("bench")
        smtp.mail(sender)
        smtp.rcpt(to)
        code, words = smtp.data(mail)
        if code != 250:
            raise AssertionError(f"{code} {words!r}")
    return int(words.rsplit(b" ", 1)[1])


def _answer(copy: EmailMessage, text: str, at: int) -> EmailMessage:
    """What a mail client sends when an agent answers a copy."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Bob <{BOB}>", email.utils.parseaddr(str(copy["Reply-To"]))[1]
    mail["Subject"] = f"Re: {copy['Subject']}"
    mail["Message-ID"], mail["Date"] = f"<{at}.{time.time_ns()}@client.example>", email.utils.formatdate()
    mail["In-Reply-To"] = mail["References"] = str(copy["Message-ID"])
    mail.set_content(text + "\n")
    return mail


def _done_at(desk: MeasuredDesk, spool_id: int) -> float:
    """When somebody who looks sees the outcome of a mail: it is committed together with what the mail changed."""
    query = select(spool.c.state).where(spool.c.id == spool_id)
    end = time.time() + 60
    while time.time() < end:
        with desk.database().read() as conn:
            if conn.scalar(query) != "waiting":
                return time.time()
        time.sleep(0.002)
    raise TimeoutError(f"mail {spool_id} was not done within a minute")


def _check(desk: MeasuredDesk, ids: list[int]) -> None:
    """Every command was obeyed: an effect that did not come is no fast one."""
    with desk.database().read() as conn:
        outcomes = conn.execute(select(spool.c.outcome, spool.c.rule).where(spool.c.id.in_(ids))).all()
        acted = set(conn.scalars(select(event.c.event).where(event.c.actor == "agent:bob")))
    wrong = {tuple(row) for row in outcomes} - {("note", "agent-commands"), ("note", "agent-answers")}
    if wrong or len(outcomes) != len(ids):
        raise AssertionError(f"not obeyed: {wrong}, {len(outcomes)} of {len(ids)}")
    missing = {made for _, made in WRITTEN} - acted
    if missing:
        raise AssertionError(f"nothing of {missing} in the history, but {acted}")
