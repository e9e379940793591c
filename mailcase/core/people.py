"""Who is this, and who gets what? (R6, A1, O2, pain 11)"""

from __future__ import annotations

from collections.abc import Iterable

from mailcase.core.decision import CaseView, Participant
from mailcase.core.message import Address, Mail
from mailcase.core.policy import Agent, Mailbox, Policy

# One mail brings at most this many people onto a case: a cc storm is not a conversation.
MOST_PARTICIPANTS = 40


def role(author: Address | None, case: CaseView | None, policy: Policy) -> str:
    """requester, participant, agent, ourselves, stranger or unknown. Says nothing about proof."""
    if author is None:
        return "unknown"
    if is_ours(author.address, policy):
        return "ourselves"
    if policy.agent_of(author.address):
        return "agent"
    if case is None:
        return "stranger"
    if case.requester.key == author.key:
        return "requester"
    return "participant" if case.knows(author.address) else "stranger"


def is_ours(address: str, policy: Policy) -> bool:
    """True for every address we serve: nothing is ever sent to one (O4)."""
    return policy.mailbox_of(address) is not None


def outside(people: Iterable[Address], policy: Policy) -> tuple[Address, ...]:
    """Those who are neither we nor agents, each once, at most MOST_PARTICIPANTS."""
    found: dict[str, Address] = {}
    for person in people:
        if "@" not in person.address or is_ours(person.address, policy) or policy.agent_of(person.address):
            continue
        found.setdefault(person.key, person)
    return tuple(found.values())[:MOST_PARTICIPANTS]


def newcomers(mail: Mail, author: Address | None, case: CaseView | None, policy: Policy) -> tuple[Participant, ...]:
    """The people of To and Cc who are not on the case yet, with their roles."""
    known = {p.address.key for p in case.participants} if case else set()
    if author:
        known.add(author.key)
    found: dict[str, Participant] = {}
    for where, people in (("to", mail.to), ("cc", mail.cc)):
        for person in outside(people, policy):
            if person.key not in known:
                found.setdefault(person.key, Participant(person, where))
    return tuple(found.values())[:MOST_PARTICIPANTS]


def reply_target(case: CaseView) -> Address:
    """Where an answer to the requester goes: their own Reply-To where they gave one (R6)."""
    return next((p.address for p in case.participants if p.role == "reply-to"), case.requester)


def copied(case: CaseView, policy: Policy) -> tuple[Address, ...]:
    """The confirmed participants who get what the requester gets."""
    target = reply_target(case).key
    people = (p.address for p in case.participants if p.role in ("to", "cc"))
    return tuple(a for a in outside(people, policy) if a.key not in (target, case.requester.key))


def watchers(case: CaseView, mailbox: Mailbox, policy: Policy) -> tuple[Agent, ...]:
    """The agents who get a copy of customer mail: those the mailbox notifies, and the assignee (A1)."""
    names = dict.fromkeys((*mailbox.notify, *((case.assignee,) if case.assignee else ())))
    return tuple(a for a in (policy.agent(n) for n in names) if a)


def responsible(case: CaseView, mailbox: Mailbox, policy: Policy) -> tuple[Agent, ...]:
    """Who is reminded: the assignee, else everybody the mailbox notifies."""
    assignee = policy.agent(case.assignee) if case.assignee else None
    return (assignee,) if assignee else watchers(case, mailbox, policy)


def supervisors(mailbox: Mailbox, policy: Policy) -> tuple[Agent, ...]:
    """Who an escalation goes to: the mailbox's supervisors, else its whole team."""
    team = policy.team(mailbox.name)
    return tuple(a for a in team if a.role == "supervisor") or team
