"""An answer whose time has come (O6): sent as its agent would send it now, or given back when that cannot be done."""

from __future__ import annotations

from mailcase.core import answer
from mailcase.core.act import Refused, Words, act, problem_lines, problem_of
from mailcase.core.case import ImpossibleMove
from mailcase.core.change import Change
from mailcase.core.command import Order, Problem
from mailcase.core.context import Desk
from mailcase.core.decision import Actor, AnswerScheduled, CaseView, Decision, Outcome
from mailcase.core.message import Address


def decide_later(case: CaseView, key: int, scheduled: AnswerScheduled, desk: Desk) -> Decision:
    """The decision on one scheduled answer. `key` names it in reason keys. A case that was closed is left alone."""
    agent = desk.policy.agent(scheduled.agent) if scheduled.agent else None
    actor = Actor("agent", scheduled.agent) if scheduled.agent else Actor("operator")
    author = Address(agent.display_name, agent.address) if agent else Address(scheduled.agent, "")
    try:
        if case.closed:
            raise Refused("later_closed", number=str(case.number))
        words = Words(scheduled.text, template=scheduled.template)
        work = act(desk, case, actor, f"later:{key}", author, Order((), scheduled.text), words)
    except (Refused, ImpossibleMove) as error:
        return _given_back(case, key, scheduled, desk, problem_of(error))
    return work.change.finish("scheduled-answer", Outcome("note", work.change.case.number))


def _given_back(case: CaseView, key: int, scheduled: AnswerScheduled, desk: Desk, problem: Problem) -> Decision:
    """Not sent: a line of history says why, and the agent gets the text back."""
    change = Change(desk.policy, desk.now, Actor("system"), case)
    agent = desk.policy.agent(scheduled.agent) if scheduled.agent else None
    language = (agent.language if agent else "") or change.mailbox.language
    lines = problem_lines((problem,), desk, language)
    change.record("scheduled-answer-cancelled", "; ".join(lines), later=key)
    values: dict[str, object] = {"done": [], "problems": lines, "commands": [], "your_text": scheduled.text}
    answer.to_agents(change, (agent,) if agent else (), "command-result", f"later:{key}", values)
    return change.finish("scheduled-answer-cancelled", Outcome("note", case.number))
