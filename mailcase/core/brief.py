"""The morning brief: one mail an agent and working day, with what waits for them; nothing when nothing does (A4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailcase.core.context import CaseRow
from mailcase.core.decision import Reply
from mailcase.core.message import Address
from mailcase.core.policy import Agent, Mailbox, Policy

# What can be done with one tap to a row of a section; what is closed is undone by its follow-up case (F1).
_LINKS: Mapping[str, tuple[str, ...]] = {
    "waiting": ("take", "resolve", "show"),
    "due": ("take", "resolve", "show"),
    "reopened": ("take", "show"),
    "bounced": ("show",),
    "held": ("show",),
    "closed": ("followup", "show"),
}


def home(agent: Agent, policy: Policy) -> Mailbox:
    """The mailbox whose clock and address an agent's own mail goes by: the first they work on."""
    return next((m for m in policy.mailboxes if agent in policy.team(m.name)), policy.mailboxes[0])


def brief(agent: Agent, sections: Mapping[str, Sequence[CaseRow]], day: datetime, policy: Policy) -> Reply | None:
    """The brief of `day`, with those sections that have rows; None when all are empty."""
    mailbox = home(agent, policy)
    language = agent.language or mailbox.language
    told = [
        {"title": title, "cases": [_row(title, row, language, policy) for row in sections.get(title, ())]}
        for title in _LINKS
        if sections.get(title)
    ]
    if not told:
        return None
    return Reply(
        kind="digest",
        case=0,
        mailbox=mailbox.name,
        to=(Address(agent.display_name, agent.address),),
        reason_key=f"brief:{agent.name}:{day:%Y%m%dT%H%M}",
        language=language,
        agent=agent.name,
        values={"number": 0, "sections": told},
    )


def _row(title: str, row: CaseRow, language: str, policy: Policy) -> dict[str, object]:
    bodies = {"show": f"#show {row.number}"}
    links = [
        {"label": policy.phrase(language, f"link_{name}"), "body": bodies.get(name, f"#{name}")}
        for name in _LINKS[title]
    ]
    return {
        "number": row.number, "subject": row.subject, "status": row.status, "requester": row.requester, "at": row.at,
        "assignee": row.assignee, "links": links if row.number else [],
    }  # fmt: skip
