"""Two agents on one mail (A6), and the mails the guard holds (A8): held, returned with the reason, sent by `#send`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailcase.core import answer, guard
from mailcase.core.change import Change
from mailcase.core.command import Order, Problem
from mailcase.core.context import Arrival, Desk
from mailcase.core.decision import Actor, CaseReserved, CaseView, Decision, Outcome
from mailcase.core.policy import Agent

# What the reason of a mail that waits for `#send` begins with; other held mails wait for a proof (A5).
MARK = "guard: "
# What a returned mail is known by in the outbox: the key of the held mail and its agent stand behind it.
RETURNED = "held:"


@dataclass(frozen=True, slots=True)
class Held:
    """Why an answer is not sent: what the agent is told, and a colleague's answer to be read first."""

    problems: tuple[Problem, ...]
    report: str = ""


def reserved_by_other(case: CaseView, agent: str, now: datetime) -> bool:
    """Whether somebody else works on this case now."""
    until = case.reserved_until
    return bool(case.reserved_by) and case.reserved_by != agent and (until is None or now < until)


def until_when(case: CaseView) -> str:
    """Until when somebody works on it, for a problem."""
    return f"{case.reserved_until:%Y-%m-%d %H:%M} UTC" if case.reserved_until else "-"


def reserve(change: Change, agent: str) -> None:
    """`#take`: the case is the agent's for as long as the mailbox says. Without `agent` it is nobody's again."""
    length = change.mailbox.reserve
    if agent and length:
        change.add(CaseReserved(change.case.number, agent, change.now + length))
    elif not agent and change.case.reserved_by:
        change.add(CaseReserved(change.case.number))


def send(held: int, agent: Agent) -> Decision:
    """`#send` lets a returned answer go on, whatever the guard thinks of it."""
    outcome = Outcome("ignored", None, f"sends held mail {held}")
    return Decision("held-sent", outcome, Actor("agent", agent.name), release=held, overrule=True)


def look(arrival: Arrival, desk: Desk, agent: Agent, case: CaseView, order: Order) -> Held | None:
    """Why this agent's answer must wait; None when it may go."""
    text = order.text
    if arrival.overruled or arrival.silent or order.has("note") or order.has("spam") or not _says(arrival, order):
        return None
    if arrival.overtaken_by:
        colleague = arrival.overtaken_by
        return Held((Problem("overtaken", {"agent": colleague.agent}),), colleague.text)
    if reserved_by_other(case, agent.name, desk.now):
        return Held(
            (Problem("reserved", {"agent": case.reserved_by, "until": until_when(case)}), Problem("leak_held", {}))
        )
    has_files = bool(arrival.reading.mail.attachments)
    problems = guard.doubts(text, case, desk, arrival.notes, arrival.told, has_files=has_files)
    if not problems:
        return None
    return Held((*problems, Problem("leak_held", {})))


def _says(arrival: Arrival, order: Order) -> bool:
    return bool(order.text or order.has("template") or (arrival.reading.mail.attachments and not order.commands))


def hold(arrival: Arrival, desk: Desk, agent: Agent, case: CaseView, held: Held, lines: Sequence[str]) -> Decision:
    """The decision that keeps the mail and returns it; `lines` are its problems in the agent's language."""
    change = Change(desk.policy, desk.now, Actor("agent", agent.name), case)
    reason = "; ".join(lines)
    change.record("answer-held", reason, agent=agent.name)
    language = agent.language or change.mailbox.language
    command = f"#send {arrival.key.removeprefix('s')}"
    values: dict[str, object] = {
        "done": [], "problems": list(lines), "report": held.report, "your_text": arrival.reading.new,
        "commands": [{"command": command, "text": desk.policy.phrase(language, "help_send")}],
    }  # fmt: skip
    answer.to_agents(change, (agent,), "command-result", f"{RETURNED}{arrival.key}", values)
    decision = change.finish("answer-held", Outcome("quarantined", case.number, f"held: {reason}"))
    return Decision(
        decision.rule, decision.outcome, decision.actor, decision.events, decision.replies, hold=MARK + reason
    )
