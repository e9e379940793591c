"""The mails we send of our own accord, as values: to customers within the limits of O4, to agents with their token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mailcase.core import people, subject
from mailcase.core.change import Change
from mailcase.core.context import Arrival, Counts, HistoryLine
from mailcase.core.decision import CaseView, Reply
from mailcase.core.history import told
from mailcase.core.message import Address
from mailcase.core.policy import Agent, AutomaticLimits, Policy

# A subject that we repeat to somebody is cut here: it is for recognising, not for reading (O5).
SUBJECT_LENGTH = 60
# Of its history an agent's copy shows the last lines.
HISTORY_LINES = 8


def over_limit(counts: Counts, limits: AutomaticLimits) -> str:
    """Which limit of automatic mail is reached (O4, attack S13), or "" for none."""
    pairs = (
        ("address_hour", counts.address_hour, limits.address_hour),
        ("address_day", counts.address_day, limits.address_day),
        ("case_day", counts.case_day, limits.case_day),
        ("domain_hour", counts.domain_hour, limits.domain_hour),
        ("total_hour", counts.total_hour, limits.total_hour),
    )
    return next((f"limit {name} ({most}) reached" for name, now, most in pairs if now >= most), "")


def outgoing_subject(change: Change) -> str:
    """The case's subject with its own tag and no older one (T5, F3)."""
    tags = tuple(m.tag for m in change.policy.mailboxes)
    return subject.tagged(change.case.subject, change.mailbox.tag, change.case.number, tags)


def case_values(case: CaseView, policy: Policy) -> dict[str, object]:
    """What every template may say about a case. Plain data: no template sees an object of ours (F12)."""
    status = policy.status(case.status)
    return {
        "number": case.number,
        "subject": case.subject,
        "status": case.status,
        "status_label": status.label if status else case.status,
        "priority": case.priority,
        "assignee": case.assignee,
        "resolution": case.resolution,
        "requester_name": case.requester.name,
        "requester_address": case.requester.address,
        "tags": list(case.tags),
        "until": case.until,
        "follow_up_of": case.follow_up_of,
    }


def to_customer(
    change: Change, kind: str, reason: str, counts: Counts, values: Mapping[str, object], *, null_sender: bool = False
) -> bool:
    """Queue an automatic mail to the requester, or record why not (O4). True when it was queued."""
    target = change.case.requester
    why_not = _unwelcome(target, change.policy) or over_limit(counts, change.policy.automatic)
    if change.silent:
        return False
    if why_not:
        suppressed(change, kind, why_not)
        return False
    change.mail(
        Reply(
            kind=kind,
            case=change.case.number,
            mailbox=change.case.mailbox,
            to=(target,),
            reason_key=reason,
            language=change.language,
            subject=outgoing_subject(change),
            null_sender=null_sender,
            in_reply_to=change.case.thread[-1] if change.case.thread else "",
            references=change.case.thread,
            values={**case_values(change.case, change.policy), **values},
        )
    )
    return True


def suppressed(change: Change, kind: str, why: str) -> None:
    """Silence is recorded with its reason (O4)."""
    change.record("mail-suppressed", f"{kind}: {why}", kind=kind, reason=why)


def _unwelcome(address: Address, policy: Policy) -> str:
    if "@" not in address.address:
        return "no address to answer"
    if people.is_ours(address.address, policy):
        return "our own address"
    return ""


def to_agents(
    change: Change, agents: Iterable[Agent], kind: str, reason: str, values: Mapping[str, object], *, text: str = ""
) -> None:
    """Queue a mail to each agent, in their language, with a Reply-To that carries their token (A1)."""
    for agent in dict.fromkeys(agents):
        change.mail(
            Reply(
                kind=kind,
                case=change.case.number,
                mailbox=change.case.mailbox,
                to=(Address(agent.display_name, agent.address),),
                reason_key=f"{reason}:{agent.name}",
                language=agent.language or change.mailbox.language,
                subject=outgoing_subject(change),
                null_sender=False,
                agent=agent.name,
                references=change.case.thread,
                text=text,
                values={**case_values(change.case, change.policy), **values},
            )
        )


def notify(change: Change, arrival: Arrival, history: tuple[HistoryLine, ...], chain: tuple[int, ...]) -> None:
    """Agents get a copy of customer mail, with the state of the case above it (A1, S3)."""
    if change.silent:
        return
    mail = arrival.reading.mail
    author = arrival.author or (mail.authors[0] if mail.authors else Address("", ""))
    # Nobody is told of their own mail: an agent who writes as a customer knows what they wrote.
    agents = [a for a in people.watchers(change.case, change.mailbox, change.policy) if a != arrival.agent]
    values = {
        "author_name": author.name,
        "author_address": author.address,
        "verified": arrival.author is not None and change.case.knows(arrival.author.address),
        "transfer": arrival.author is not None and change.case.helper(arrival.author.address),
        "text": arrival.reading.new,
        "quoted_lines": arrival.reading.quoted.count("\n") + 1 if arrival.reading.quoted.strip() else 0,
        "attachments": [{"filename": a.filename, "size": a.size} for a in mail.attachments],
        "history": told(history, HISTORY_LINES),
        "chain": list(chain),
        "reply_to": [a.address for a in mail.reply_to],
        "received_at": arrival.received_at,
    }
    to_agents(change, agents, "notification", f"notify:{arrival.key}", values)
