"""The record of a mail that joins a case."""

from __future__ import annotations

from mailcase.core.context import Arrival
from mailcase.core.decision import CaseView, MessageFiled
from mailcase.core.message import Address


def filed(
    arrival: Arrival, case: CaseView, *, direction: str = "incoming", automatic: bool = False, verified: bool = True
) -> MessageFiled:
    """The message as it is kept on `case`: what is new, what is quoted, and the evidence that brought it there (T6)."""
    mail = arrival.reading.mail
    author = arrival.author or (mail.authors[0] if mail.authors else Address("", ""))
    evidence = arrival.thread.evidence or "none"
    if arrival.follow_up is not None and arrival.follow_up.number == case.number:
        evidence += f", active follow-up of {arrival.thread.case.number}" if arrival.thread.case else ""
    return MessageFiled(
        case=case.number,
        direction=direction,
        author=author,
        text=arrival.reading.new,
        quoted=arrival.reading.quoted,
        html=mail.html,
        subject=mail.subject,
        to=mail.to,
        cc=mail.cc,
        message_id=mail.message_id,
        automatic=automatic,
        verified=verified,
        evidence=evidence,
        attachments=attachments(arrival),
        at=arrival.received_at,
    )


def attachments(arrival: Arrival) -> tuple[dict[str, object], ...]:
    """The attachments as metadata; their bytes stay in the raw mail."""
    return tuple(
        {"filename": a.filename, "content_type": a.content_type, "size": a.size, "index": a.index, "inline": a.inline}
        for a in arrival.reading.mail.attachments
    )
