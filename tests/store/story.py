"""Values for the tests of the store: a mail, a decision that opens a case, an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from mailcase.core.decision import (
    Actor,
    CaseOpened,
    Deadline,
    Decision,
    Event,
    MessageFiled,
    Outcome,
    StatusChanged,
)
from mailcase.core.message import Address, Envelope
from mailcase.core.policy import StatusKind
from mailcase.core.reading.ingest import ingest_key
from mailcase.store import cases, outbox, record, spool
from mailcase.store.values import Incoming, OutgoingMail

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)
ANNA = Address("Anna Müller", "anna@example.com")
SUPPORT = Address("Support", "help@desk.example")
CUSTOMER = Actor("customer", "anna@example.com")
BOB = Actor("agent", "bob")


def incoming(text: str, **values: object) -> Incoming:
    """A mail on its way into the spool; the same text makes the same mail."""
    raw = f"From: anna@example.com\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()
    given: dict[str, object] = {"received_at": NOW, "source": "smtp", **values}
    envelope = Envelope("anna@example.com", ("help@desk.example",))
    return Incoming(raw, envelope, ingest_key=ingest_key(raw), **given)  # type: ignore[arg-type]


def outgoing(case: int | None, reason: str, **values: object) -> OutgoingMail:
    """A mail on its way into the outbox."""
    given: dict[str, object] = {
        "kind": "acknowledgement", "mailbox": "support", "envelope_from": "", "recipients": ("anna@example.com",),
        "to": "anna@example.com", "subject": "Your case", "message_id": f"{reason}@desk.example",
        "raw": f"Subject: {reason}\r\n\r\nhello\r\n".encode("utf-8", "replace"), "automatic": True, **values,
    }  # fmt: skip
    return OutgoingMail(case=case, reason_key=reason, **given)  # type: ignore[arg-type]


def opening(
    number: int, *more: Event, requester: Address = ANNA, subject: str = "Broken printer", **values: object
) -> Decision:
    """A customer's mail opens a case."""
    events = (
        CaseOpened(number, "support", subject, requester, "new", StatusKind.NEW, **values),  # type: ignore[arg-type]
        MessageFiled(number, "incoming", requester, text="It does not print any more.", subject=subject,
                     to=(SUPPORT,), message_id=f"m{number}@example.com", evidence="none", at=NOW),
        *more,
    )  # fmt: skip
    due = Deadline(number, "remind_agent", NOW + timedelta(hours=8))
    return Decision("customer-new", Outcome("case", number), CUSTOMER, events, deadlines={number: (due,)})


def answering(number: int, *more: Event) -> Decision:
    """An agent's answer, by the mail whose reply index is 0."""
    events = (
        MessageFiled(number, "outgoing", Address("Bob", "help@desk.example"), text="Is it switched on?",
                     subject="Re: Broken printer", to=(ANNA,), reply_index=0, at=NOW),
        StatusChanged(number, "new", "pending", StatusKind.PENDING, why="agent answers"),
        *more,
    )  # fmt: skip
    return Decision("agent-answer", Outcome("case", number), BOB, events)


def apply(
    conn: Connection, decision: Decision, *, spool_id: int | None = None, mails: tuple[OutgoingMail, ...] = (),
    now: datetime = NOW, **given: object,
) -> list[int | None]:  # fmt: skip
    """Write a decision with its mails, at the versions that stand now."""
    touched = {event.case for event in decision.events}
    versions = {case.number: case.version for case in cases.by_numbers(conn, touched)}
    ids = outbox.add(conn, mails, now) if mails else []
    sent = {i: (ids[i], mail.message_id) for i, mail in enumerate(mails)}
    values: dict[str, object] = {"versions": versions, **given}
    record.record(conn, decision, now=now, spool_id=spool_id, sent=sent, **values)  # type: ignore[arg-type]
    return ids


def one_case(conn: Connection, text: str = "printer", **values: object) -> int:
    """A mail came, and is a case now: its number."""
    (accepted,) = spool.add(conn, [incoming(text)])
    number = cases.next_number(conn)
    apply(conn, opening(number, **values), spool_id=accepted.id)  # type: ignore[arg-type]
    spool.finish(conn, accepted.id, Outcome("case", number), "customer-new", NOW)
    return number
