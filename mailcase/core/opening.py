"""How a case begins: from a stranger's mail, from an agent, as the follow-up of a closed one (F1-F4)."""

from __future__ import annotations

from dataclasses import replace

from mailcase.core import people, subject
from mailcase.core.change import Change
from mailcase.core.context import Arrival, Desk
from mailcase.core.decision import Actor, CaseOpened, CaseView, MessageFiled, Participant
from mailcase.core.message import Address
from mailcase.core.policy import Mailbox, StatusKind


def new_case(
    desk: Desk, mailbox: Mailbox, actor: Actor, kind: StatusKind, requester: Address, title: str, **more: object
) -> Change:
    """A change whose case has just been opened. `more` are further fields of CaseOpened."""
    status = desk.policy.status_of_kind(kind)
    tags = tuple(m.tag for m in desk.policy.mailboxes)
    opened = CaseOpened(
        case=desk.next_number,
        mailbox=mailbox.name,
        subject=subject.bare(title, tags),
        requester=requester,
        status=status.name,
        kind=status.kind,
        **more,  # type: ignore[arg-type]
    )
    change = Change(desk.policy, desk.now, actor, _view(opened))
    change.opened(opened)
    return change


def _view(opened: CaseOpened) -> CaseView:
    return CaseView(
        id=0,
        number=opened.case,
        mailbox=opened.mailbox,
        subject=opened.subject,
        status=opened.status,
        kind=opened.kind,
        requester=opened.requester,
        priority=opened.priority,
        assignee=opened.assignee,
        language=opened.language,
        follow_up_of=opened.follow_up_of,
        participants=opened.participants,
        tags=opened.tags,
    )


def from_mail(desk: Desk, arrival: Arrival, actor: Actor, kind: StatusKind = StatusKind.NEW) -> Change:
    """A new case for the author of a mail, with the people it was also written to (pain 11)."""
    mail = arrival.reading.mail
    # From may be too broken to rest any right on it, and still good enough for an agent to answer to.
    requester = arrival.author or (mail.authors[0] if len(mail.authors) == 1 else Address("", ""))
    tricked = arrival.author is None and desk.policy.agent_of(requester.address) is not None
    if tricked or people.is_ours(requester.address, desk.policy):
        # Attack S16: nobody is requester under one of our own addresses, nor under an agent's by a trick.
        requester = Address("", "")
    participants = [*people.newcomers(mail, requester, None, desk.policy)]
    reply_to = [a for a in people.outside(mail.reply_to, desk.policy) if a.key != requester.key]
    if len(reply_to) == 1:
        participants.append(Participant(reply_to[0], "reply-to"))
    language = desk.languages.get(requester.key) or arrival.reading.language
    return new_case(
        desk, arrival.mailbox, actor, kind, requester, mail.subject,
        language=language, participants=tuple(participants),
    )  # fmt: skip


def follow_up(desk: Desk, closed: CaseView, actor: Actor, kind: StatusKind, title: str = "") -> Change:
    """The follow-up case of a closed one, with the notes in both histories (F2, F3)."""
    mailbox = desk.policy.mailbox(closed.mailbox)
    change = new_case(
        desk, mailbox, actor, kind, closed.requester, title or closed.subject,
        language=closed.language,
        assignee=closed.assignee if mailbox.inherit_assignee else "",
        participants=tuple(p for p in closed.participants if p.role != "unverified"),
        follow_up_of=closed.number,
    )  # fmt: skip
    here = change.phrase("follow_up_from", number=closed.number)
    there = change.phrase("follow_up_created", number=change.case.number)
    for number, text in ((change.case.number, here), (closed.number, there)):
        change.add(MessageFiled(number, "note", Address(actor.name, ""), text=text, at=desk.now))
    # The old thread goes on in the customer's client (F4).
    change.case = replace(change.case, thread=closed.thread)
    return change
