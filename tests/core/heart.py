"""Values for tests of the heart: a policy, cases and arrivals, with what the test at hand does not care about filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mailcase.core import thread
from mailcase.core.context import Arrival, Desk
from mailcase.core.decide import decide
from mailcase.core.decision import CaseView, Decision, Participant
from mailcase.core.message import Address, Envelope, Kind, Mail, Reading
from mailcase.core.policy import Agent, Deadlines, Mailbox, Policy, StatusKind

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ANNA = Address("Anna Berg", "anna@example.org")
STRANGER = Address("", "mallory@evil.example")
SUPPORT = Mailbox(
    name="support",
    address="support@example.com",
    display_name="Example Support",
    notify=("bob", "sue"),
    deadlines=Deadlines(
        remind_customer=(timedelta(days=3), timedelta(days=7)),
        close_pending_after=timedelta(days=14),
        close_resolved_after=timedelta(days=5),
        remind_agent=timedelta(hours=8),
        escalate=timedelta(hours=16),
    ),
)
BOB = Agent("bob", "bob@staff.example", "Bob")
SUE = Agent("sue", "sue@staff.example", "Sue", role="supervisor")
POLICY = Policy(
    mailboxes=(SUPPORT, Mailbox("sales", "sales@example.com", tag="[Sales #{number}]", language="de")),
    agents=(BOB, SUE),
    secrets=(b"the secret of these tests",),
    phrases={"en": {"follow_up_from": "Follow-up case created from case {number}",
                    "follow_up_created": "Follow-up case {number} created",
                    "unverified_sender": "Unverified sender: {sender}",
                    "mentions_case": "Mentions case {number}"}},
)  # fmt: skip


def case(number: int = 1042, kind: StatusKind = StatusKind.OPEN, **more: Any) -> CaseView:
    """A case of Anna's."""
    values: dict[str, Any] = {
        "id": number, "number": number, "mailbox": "support", "subject": "Printer", "status": kind.value,
        "kind": kind, "requester": ANNA, "version": 3, "language": "en", "answered": True,
        "thread": ("first@example.org", "answer@example.com"),
    }  # fmt: skip
    return CaseView(**{**values, **more})


def mail(sender: Address | None = ANNA, subject: str = "Printer", **more: Any) -> Mail:
    """A mail to the support address."""
    values: dict[str, Any] = {
        "message_id": "new@example.org", "subject": subject, "sender": sender,
        "authors": (sender,) if sender else (), "to": (Address("", "support@example.com"),),
    }  # fmt: skip
    return Mail(**{**values, **more})


def arrival(
    text: str = "It is still broken.", sender: Address | None = ANNA, *, on: CaseView | None = None,
    kind: Kind = Kind.PERSON, subject: str = "Printer", evidence: str = "subject:1042", mail_more: Any = None,
    reading_more: Any = None, **more: Any,
) -> Arrival:  # fmt: skip
    """A mail that arrived, on a case or on none."""
    message = mail(sender, subject, **(mail_more or {}))
    reading = Reading(message, kind, new=text, language="en", **(reading_more or {}))
    values: dict[str, Any] = {
        "key": "s1", "reading": reading, "envelope": Envelope(sender.address if sender else ""), "source": "smtp",
        "mailbox": SUPPORT, "keys": thread.Keys(), "author": sender, "received_at": NOW,
        "thread": thread.Thread(on, evidence) if on else thread.NOWHERE,
    }  # fmt: skip
    return Arrival(**{**values, **more})


def desk(*cases: CaseView, policy: Policy = POLICY, **more: Any) -> Desk:
    """A desk whose next case is 1077."""
    return replace(Desk(policy, NOW, 1077, {c.number: c for c in cases}), **more)


def decided(what: Arrival, *cases: CaseView, **more: Any) -> Decision:
    """The decision on an arrival."""
    known = [c for c in (what.thread.case, what.follow_up) if c]
    return decide(what, desk(*known, *cases, **more))


def named(values: Sequence[object], name: str) -> list[Any]:
    """Those events whose class has this name."""
    return [v for v in values if type(v).__name__ == name]


def moved(decision: Decision) -> tuple[str, str] | None:
    """(from, to) of the only change of status, or None."""
    found = named(decision.events, "StatusChanged")
    assert len(found) < 2
    return (found[0].from_status, found[0].to_status) if found else None


def mailed(decision: Decision) -> list[tuple[str, str]]:
    """(kind, recipients) of every mail that goes out."""
    return [(r.kind, " ".join(a.address for a in (*r.to, *r.cc))) for r in decision.replies]


def participant(address: str, role: str = "cc") -> Participant:
    """Somebody on a case."""
    return Participant(Address("", address), role)
