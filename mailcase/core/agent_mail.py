"""Rules for mail from agents: proof first, then commands, then the answer to the customer (A2, A3, A5, A7)."""

from __future__ import annotations

from dataclasses import replace

from mailcase.core import answer, ask, lock, opening
from mailcase.core.act import Refused, Words, act, problem_lines, problem_of
from mailcase.core.ask import command_help
from mailcase.core.case import ImpossibleMove
from mailcase.core.change import Change
from mailcase.core.command import QUESTIONS, Command, Order, Problem, parse
from mailcase.core.context import Arrival, Desk
from mailcase.core.decision import Actor, CaseView, Decision, MessageFiled, Outcome, Reply
from mailcase.core.filing import attachments, filed
from mailcase.core.message import Address
from mailcase.core.policy import Agent, StatusKind
from mailcase.core.proof import REASONS
from mailcase.core.reading.address import parse_list

# What says nothing to anybody outside but what every customer is told of their own case.
BY_LINK = frozenset(("status", "resolve", "close", "postpone", "note", "assign", "take", "release", "priority", "tag",
                     "quiet", "link", "followup", *QUESTIONS))  # fmt: skip


def held_confirmed(arrival: Arrival, desk: Desk) -> Decision | None:
    """The agent's answer to "did you send this?" lets the held mail go on (A5)."""
    if arrival.held is None or arrival.agent is None:
        return None
    outcome = Outcome("ignored", None, f"confirms held mail {arrival.held}")
    return Decision("held-confirmed", outcome, Actor("agent", arrival.agent.name), release=arrival.held)


def agent_without_proof(arrival: Arrival, desk: Desk) -> Decision | None:
    """An agent's address without proof: the mail waits until the agent confirms it by a round trip (A5, S4)."""
    agent = arrival.agent
    beyond = arrival.proof == "link" and not _by_link(arrival, desk)
    if agent is None or (arrival.proof and not beyond):
        return None
    if beyond:
        arrival = replace(arrival, distrust="link: in a list it carries commands only, and not all of them")
    case = arrival.thread.case
    values: dict[str, object] = {
        "number": case.number if case else 0,
        "subject": arrival.reading.mail.subject,
        "reason": _told(arrival.distrust, desk, agent.language or arrival.mailbox.language),
        "text": arrival.reading.new[:500],
    }
    reply = Reply(
        kind="confirm-agent",
        case=case.number if case else 0,
        mailbox=arrival.mailbox.name,
        to=(Address(agent.display_name, agent.address),),
        reason_key=f"confirm:{arrival.key}:{agent.name}",
        language=agent.language or arrival.mailbox.language,
        agent=agent.name,
        values=values,
    )
    replies = () if arrival.silent else (reply,)
    outcome = Outcome("quarantined", case.number if case else None, f"held: {arrival.distrust}")
    return Decision("agent-held", outcome, Actor("system"), (), replies, hold=arrival.distrust)


def _told(distrust: str, desk: Desk, language: str) -> str:
    """A distrust in an agent's language; the operator's own words are in the ledger."""
    reason = distrust.partition(":")[0]
    return desk.policy.phrase(language, f"distrust_{reason.replace('-', '_')}") if reason in REASONS else distrust


def _by_link(arrival: Arrival, desk: Desk) -> bool:
    """Whether this is no more than what a link of a list may carry: its address stands in a text that may get about."""
    order = parse(arrival.reading.new, desk.policy, desk.now)
    names = {c.name for c in order.commands}
    return bool(names) and names <= BY_LINK and not order.text and not arrival.reading.mail.attachments


def from_agent(arrival: Arrival, desk: Desk) -> Decision | None:
    """A proven agent: commands are done, text is relayed to the customer (A2, O2)."""
    agent = arrival.agent
    if agent is None:
        return None
    order = parse(arrival.reading.new, desk.policy, desk.now)
    if arrival.returned is not None and order.has("send") and not order.problems:
        if not order.text and all(c.name == "send" for c in order.commands):
            return lock.send(arrival.returned, agent)
        order = replace(order, problems=(Problem("send_alone", {}),))
    case = arrival.follow_up or arrival.thread.case
    if case is None:
        return _without_case(arrival, desk, agent, order)
    if case.number in desk.hidden:
        problem = Problem("case_hidden", {"number": str(case.number)})
        return _answer_without_case(arrival, desk, agent, (problem,))
    change = Change(desk.policy, desk.now, Actor("agent", agent.name), case)
    if order.problems:
        return _refuse(arrival, desk, change, agent, order.problems)
    if order.only_asks:
        return _answer_questions(arrival, desk, agent, order)
    if not order.commands and not order.text and not arrival.reading.mail.attachments:
        return _refuse(arrival, desk, change, agent, (Problem("empty_mail", {}),))
    held = lock.look(arrival, desk, agent, case, order)
    if held:
        lines = problem_lines(held.problems, desk, agent.language or change.mailbox.language)
        return lock.hold(arrival, desk, agent, case, held, lines)
    return _obey(arrival, desk, agent, case, order)


def _obey(arrival: Arrival, desk: Desk, agent: Agent, case: CaseView, order: Order) -> Decision:
    mail = arrival.reading.mail
    files = tuple(a for a in attachments(arrival) if not a["inline"]) if order.text or not order.commands else ()
    addressed = frozenset(a.key for a in (*mail.to, *mail.cc))
    words = Words(order.text, mail.message_id, mail.subject, addressed, files)
    author = Address(agent.display_name, agent.address)
    try:
        work = act(desk, case, Actor("agent", agent.name), arrival.key, author, order, words)
    except (Refused, ImpossibleMove) as error:
        change = Change(desk.policy, desk.now, Actor("agent", agent.name), case)
        return _refuse(arrival, desk, change, agent, (problem_of(error),))
    change = work.change
    change.silent = arrival.silent
    if order.commands and agent.receipts and not arrival.silent:
        values: dict[str, object] = {"done": work.done, "problems": [], "commands": [], "your_text": ""}
        answer.to_agents(change, (agent,), "command-result", f"receipt:{arrival.key}", values)
    rule = "agent-commands" if not words.text and not files else "agent-answers"
    kind = "case" if change.case.number == desk.next_number else "note"
    decision = change.finish(rule, Outcome(kind, change.case.number))
    if not order.questions or arrival.silent:
        return decision
    return replace(decision, replies=(*decision.replies, *ask.replies(arrival, desk, agent, order.questions)))


def _refuse(arrival: Arrival, desk: Desk, change: Change, agent: Agent, problems: tuple[Problem, ...]) -> Decision:
    """Nothing reaches the customer; the agent gets back what was wrong and what there is (A3)."""
    language = agent.language or change.mailbox.language
    lines = problem_lines(problems, desk, language)
    change.record("command-refused", "; ".join(lines), agent=agent.name)
    values: dict[str, object] = {
        "done": [],
        "problems": lines,
        "commands": command_help(desk, language),
        "your_text": arrival.reading.new,
    }
    answer.to_agents(change, (agent,), "command-result", f"refused:{arrival.key}", values)
    return change.finish("command-refused", Outcome("note", change.case.number, "; ".join(lines)))


def _answer_questions(arrival: Arrival, desk: Desk, agent: Agent, order: Order) -> Decision:
    """Questions alone: answered, and whatever else stands in the mail goes nowhere (A4)."""
    case = arrival.follow_up or arrival.thread.case
    replies = () if arrival.silent else ask.replies(arrival, desk, agent, order.questions, order.text)
    asked = ", ".join(str(c) for c in order.questions)
    outcome = Outcome("note", case.number, asked) if case else Outcome("ignored", None, f"asks: {asked}")
    return Decision("agent-asks", outcome, Actor("agent", agent.name), (), replies)


def _without_case(arrival: Arrival, desk: Desk, agent: Agent, order: Order) -> Decision:
    """An agent writes without a case: a forwarded mail, a case for a customer, or a case of the agent's own (A7)."""
    if order.only_asks and not order.problems:
        return _answer_questions(arrival, desk, agent, order)
    if not order.problems and not order.commands and not order.text and not arrival.reading.mail.attachments:
        return _answer_without_case(arrival, desk, agent, (Problem("empty_mail", {}),))
    requester, title, unsure = _for_whom(arrival, order)
    actor = Actor("agent", agent.name)
    author = Address(agent.display_name, agent.address)
    commands = tuple(c for c in order.commands if c.name != "requester" and c not in order.questions)
    if order.problems or unsure:
        problems = order.problems or (Problem("unsure_forward", {}),)
        return _answer_without_case(arrival, desk, agent, problems)
    language = desk.languages.get(requester.key, "") or arrival.reading.language
    change = opening.new_case(desk, arrival.mailbox, actor, StatusKind.OPEN, requester, title, language=language)
    change.silent = arrival.silent
    change.file(_first_message(arrival, change.case))
    if commands:
        order = Order((*commands, Command("quiet")), "")
        try:
            work = act(desk, change.case, actor, arrival.key, author, order, Words())
        except (Refused, ImpossibleMove) as error:
            return _answer_without_case(arrival, desk, agent, (problem_of(error),))
        change.events += work.change.events
        change.deadlines |= work.change.deadlines
        change.case = work.change.case
    values: dict[str, object] = {
        "done": [change.phrase("done_opened", number=change.case.number, requester=requester.address)],
        "problems": [], "commands": [], "your_text": "",
    }  # fmt: skip
    answer.to_agents(change, (agent,), "command-result", f"opened:{arrival.key}", values)
    return change.finish("agent-opens", Outcome("case", change.case.number))


def _first_message(arrival: Arrival, case: CaseView) -> MessageFiled:
    """What a case of an agent's begins with: the original sender's words, or a note of the agent's own."""
    forwarded = arrival.reading.forwarded
    if forwarded is None or forwarded.sender is None or forwarded.sender.key != case.requester.key:
        return filed(arrival, case, direction="note")
    return replace(
        filed(arrival, case), author=forwarded.sender, text=forwarded.text or arrival.reading.new, html="",
        subject=forwarded.subject or arrival.reading.mail.subject, at=forwarded.date or arrival.received_at,
    )  # fmt: skip


def _for_whom(arrival: Arrival, order: Order) -> tuple[Address, str, bool]:
    """(requester, subject, unsure) of a case an agent opens: `#requester`, a forward's author, or the agent."""
    mail, forwarded = arrival.reading.mail, arrival.reading.forwarded
    named = next((c.argument for c in order.commands if c.name == "requester"), "")
    if named:
        return parse_list(named)[0], mail.subject, False
    if forwarded:
        original = forwarded.sender
        return original or Address("", ""), forwarded.subject or mail.subject, original is None
    assert arrival.agent is not None
    return Address(arrival.agent.display_name, arrival.agent.address), mail.subject, False


def _answer_without_case(arrival: Arrival, desk: Desk, agent: Agent, problems: tuple[Problem, ...]) -> Decision:
    language = agent.language or arrival.mailbox.language
    lines = problem_lines(problems, desk, language)
    reply = Reply(
        kind="command-result",
        case=0,
        mailbox=arrival.mailbox.name,
        to=(Address(agent.display_name, agent.address),),
        reason_key=f"refused:{arrival.key}:{agent.name}",
        language=language,
        agent=agent.name,
        subject=arrival.reading.mail.subject,
        in_reply_to=arrival.reading.mail.message_id,
        references=(arrival.reading.mail.message_id,) if arrival.reading.mail.message_id else (),
        values={
            "number": 0, "done": [], "problems": lines, "commands": command_help(desk, language),
            "your_text": arrival.reading.new if problems else "",
        },
    )  # fmt: skip
    reason = "; ".join(lines) or "help"
    rule = "command-refused" if problems else "agent-help"
    return Decision(rule, Outcome("ignored", None, reason), Actor("agent", agent.name), (), (reply,))
