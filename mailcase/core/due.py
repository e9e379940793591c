"""What happens when a deadline comes (D1, D3): remind, escalate, close, wake. One function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailcase.core import answer, people
from mailcase.core.case import Cause
from mailcase.core.change import Change
from mailcase.core.context import Desk
from mailcase.core.deadline import after_reminder
from mailcase.core.decision import SYSTEM, CaseView, Deadline, Decision, Outcome
from mailcase.core.history import attempts, waiting_since
from mailcase.core.policy import Agent, StatusKind

# The kinds of status in which a deadline still means something: whatever moved the case elsewhere has cancelled it.
WHILE: Mapping[str, tuple[StatusKind, ...]] = {
    "remind_customer": (StatusKind.PENDING,),
    "remind_agent": (StatusKind.NEW, StatusKind.OPEN),
    "escalate": (StatusKind.NEW, StatusKind.OPEN),
    "first_response": (StatusKind.NEW, StatusKind.OPEN),
    "resolution": (StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING, StatusKind.POSTPONED),
    "close_pending": (StatusKind.PENDING,),
    "close_resolved": (StatusKind.RESOLVED,),
    "wake": (StatusKind.POSTPONED,),
}


def decide_due(case: CaseView, deadline: Deadline, desk: Desk) -> Decision:
    """The decision on one deadline that has come. It takes the deadline away, whatever else it does."""
    change = Change(desk.policy, desk.now, SYSTEM, case)
    rule = f"deadline-{deadline.kind}"
    if case.kind not in WHILE[deadline.kind] or (deadline.kind == "first_response" and case.answered):
        return change.finish(f"{rule}-void", Outcome("note", case.number, "the case has moved on"))
    # Due time and step make each reminder once per waiting period, whatever the clock does (C6).
    reason = f"{deadline.kind}:{case.number}:{deadline.step}:{deadline.due_at:%Y%m%dT%H%M%S}"
    ACTIONS[deadline.kind](change, deadline, desk, reason)
    return change.finish(rule, Outcome("note", case.number))


def _remind_customer(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    attempt = change.case.attempts + 1
    ladder = change.mailbox.deadlines
    values = {"attempt": attempt, "text": "", "close_after": ladder.of(change.case.priority).close_pending_after}
    if answer.to_customer(change, "reminder", reason, desk.counts, values):
        text = change.phrase("reminder_sent", attempt=attempt, to=change.case.requester.address)
        change.record("reminder-sent", text, attempt=attempt)
    rest = after_reminder(change.case, deadline, ladder, change.mailbox.hours, change.now)
    if rest is not None:
        change.deadlines[change.case.number] = rest


def _remind_agent(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    agents = people.responsible(change.case, change.mailbox, desk.policy)
    since = waiting_since(desk.history) or deadline.due_at
    answer.to_agents(change, agents, "agent-reminder", reason, {"waiting_since": since, "why": "waiting"})
    change.record("agent-reminded", change.phrase("agent_reminded", agents=_names(agents)))


def _escalate(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    """To the agent the ladder names, who becomes responsible; else the supervisors are told."""
    agents = _raised(change, deadline, desk, reason, "escalated")
    change.record("escalated", change.phrase("escalated", agents=_names(agents)))


def _target(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    """A first response or a resolution is late: escalated like anything that waits too long."""
    agents = _raised(change, deadline, desk, reason, deadline.kind)
    text = change.phrase(f"missed_{deadline.kind}", agents=_names(agents))
    change.record("target-missed", text, target=deadline.kind)


def _raised(change: Change, deadline: Deadline, desk: Desk, reason: str, why: str) -> tuple[Agent, ...]:
    ladder = change.mailbox.deadlines.of(change.case.priority)
    named = desk.policy.agent(ladder.escalate_to) if ladder.escalate_to else None
    agents = (named,) if named else people.supervisors(change.mailbox, desk.policy)
    if named and change.case.assignee != named.name:
        change.set_field("assignee", named.name)
    since = waiting_since(desk.history) or deadline.due_at
    answer.to_agents(change, agents, "escalation", reason, {"waiting_since": since, "why": why})
    return agents


def _names(agents: tuple[Agent, ...]) -> str:
    return ", ".join(a.name for a in agents) or "-"


def _close_pending(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    values = {"attempts": attempts(desk.history)}
    answer.to_customer(change, "no-response", reason, desk.counts, values)
    change.close(Cause.SILENT_PENDING, "no_response")


def _close_resolved(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    change.close(Cause.SILENT_RESOLVED, "solved")
    answer.to_customer(change, "closed", reason, desk.counts, {"confirm": False})


def _wake(change: Change, deadline: Deadline, desk: Desk, reason: str) -> None:
    change.move(Cause.WAKES)
    agents = people.responsible(change.case, change.mailbox, desk.policy)
    values = {"waiting_since": waiting_since(desk.history), "why": "woke"}
    answer.to_agents(change, agents, "agent-reminder", reason, values)


ACTIONS: Mapping[str, Callable[[Change, Deadline, Desk, str], None]] = {
    "remind_customer": _remind_customer,
    "remind_agent": _remind_agent,
    "escalate": _escalate,
    "first_response": _target,
    "resolution": _target,
    "close_pending": _close_pending,
    "close_resolved": _close_resolved,
    "wake": _wake,
}
