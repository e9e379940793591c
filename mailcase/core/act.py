"""What an agent or operator does to a case: the same code for commands by mail and for the command line (A2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from mailcase.core import act_cases, answer, later, lock, opening, people
from mailcase.core.case import Cause, ImpossibleMove
from mailcase.core.change import Change
from mailcase.core.command import QUESTIONS, Command, Order, Problem
from mailcase.core.context import Desk
from mailcase.core.decision import (
    Actor,
    CasesLinked,
    CaseView,
    FieldChanged,
    MessageFiled,
    Participant,
    ParticipantsChanged,
    Reply,
    TagsChanged,
)
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind
from mailcase.core.reading.address import parse_list
from mailcase.core.work import Refused as Refused
from mailcase.core.work import Words as Words
from mailcase.core.work import Work as Work


def act(desk: Desk, case: CaseView, actor: Actor, key: str, author: Address, order: Order, words: Words) -> Work:
    """Do everything an order says, and send what is to be sent. Raises Refused or ImpossibleMove; then nothing counts.

    On a closed case an answer, or `#followup`, goes out under the number of a new follow-up case (F6); where one is
    active already, the caller passes that one as `case` (F5).
    """
    answers = words.answers(order)
    alone = next((c.name for c in order.commands if c.name in ("merge", "split")), "")
    if alone and answers:
        raise Refused("alone", word=f"#{alone}")
    agent = desk.policy.agent(actor.name) if actor.kind == "agent" else None
    if case.closed and (answers or order.has("followup")) and not order.has("later"):
        change = opening.follow_up(desk, case, actor, StatusKind.OPEN)
    else:
        if order.has("followup"):
            raise Refused("followup_needs_closed", number=str(case.number), status=case.status)
        change = Change(desk.policy, desk.now, actor, case)
    work = Work(desk, change, key, author, agent)
    for command in order.commands:
        HANDLERS[command.name](work, command, words)
    if work.spam:
        answers = False
    if order.has("later") and work.later and not answers:
        raise Refused("later_empty")
    if answers and work.later:
        later.put(work, words)
        answers = False
    if answers:
        _answer(work, replace(words, template=work.template or words.template))
    if work.status:
        _set_status(work, told=answers)
    return work


def _answer(work: Work, words: Words) -> None:
    """Relay an agent's words to the customer and the participants, rebuilt from nothing (O2)."""
    change = work.change
    everybody = (people.reply_target(change.case), *people.copied(change.case, change.policy))
    waiting = [a for a in everybody if a.key not in words.addressed and "@" in a.address]
    if not any("@" in a.address for a in everybody):
        raise Refused("no_requester", number=str(change.case.number))
    resolving = work.status is not None and work.status.kind is StatusKind.RESOLVED and not work.quiet
    index = -1
    if waiting:
        index = change.mail(
            Reply(
                kind=words.template or "answer",
                case=change.case.number,
                mailbox=change.case.mailbox,
                to=tuple(waiting[:1]),
                cc=tuple(waiting[1:]),
                reason_key=f"answer:{work.key}",
                language=change.language,
                subject=answer.outgoing_subject(change),
                automatic=False,
                in_reply_to=change.case.thread[-1] if change.case.thread else "",
                references=change.case.thread,
                text=words.text,
                attach=bool(words.attachments),
                values={
                    **answer.case_values(change.case, change.policy),
                    "agent_name": work.agent.display_name if work.agent else "",
                    "confirm": resolving,
                },
            )
        )
    change.file(
        MessageFiled(
            change.case.number, "outgoing", work.author, text=words.text, subject=answer.outgoing_subject(change),
            to=tuple(everybody[:1]), cc=tuple(everybody[1:]), message_id=words.message_id,
            attachments=words.attachments, at=work.desk.now, reply_index=index,
        )
    )  # fmt: skip
    if work.status is None:
        change.move(Cause.AGENT_ANSWERS)
    change.case = replace(change.case, answered=True)
    work.say("done_answered", number=change.case.number, to=", ".join(a.address for a in everybody))


def _set_status(work: Work, *, told: bool) -> None:
    """Set what was ordered; the customer hears of resolved and closed, unless quiet, spam, or told already."""
    change, status = work.change, work.status
    assert status is not None
    resolution = work.resolution
    if status.kind is StatusKind.CLOSED and not resolution:
        resolution = "solved"
    change.set_status(status, why="agent" if work.agent else "operator", resolution=resolution, until=work.until)
    work.say("done_status", number=change.case.number, status=status.label or status.name)
    if told or work.quiet or work.spam:
        return
    kind = {StatusKind.RESOLVED: "resolved", StatusKind.CLOSED: "closed"}.get(status.kind)
    if kind and resolution not in ("spam", "duplicate"):
        reason = f"{kind}:{change.case.number}:{change.before.version}"
        ladder = change.mailbox.deadlines.of(change.case.priority)
        values = {"confirm": kind == "resolved", "close_after": ladder.close_resolved_after}
        answer.to_customer(change, kind, reason, work.desk.counts, values)


def _status(work: Work, command: Command, _words: Words) -> None:
    status = work.desk.policy.status(command.argument)
    if status and status.kind is StatusKind.POSTPONED and work.until is None:
        raise Refused("postpone_needs_date", word=status.name)
    work.status = status


def _resolve(work: Work, _command: Command, _words: Words) -> None:
    work.status = work.desk.policy.status_of_kind(StatusKind.RESOLVED)


def _close(work: Work, command: Command, _words: Words) -> None:
    work.status = work.desk.policy.status_of_kind(StatusKind.CLOSED)
    work.resolution = command.argument


def _spam(work: Work, _command: Command, _words: Words) -> None:
    work.status = work.desk.policy.status_of_kind(StatusKind.CLOSED)
    work.resolution, work.spam = "spam", True


def _postpone(work: Work, command: Command, _words: Words) -> None:
    work.status = work.desk.policy.status_of_kind(StatusKind.POSTPONED)
    work.until = datetime.fromisoformat(command.argument)


def _note(work: Work, command: Command, words: Words) -> None:
    text = "\n".join(part for part in (command.argument, words.text) if part)
    if not text and not words.attachments:
        raise Refused("empty_note")
    work.change.file(
        MessageFiled(
            work.change.case.number, "note", work.author, text=text, subject=words.subject,
            message_id=words.message_id, attachments=words.attachments, at=work.desk.now,
        )
    )  # fmt: skip
    work.say("done_note", number=work.change.case.number)


def _assign(work: Work, command: Command, _words: Words) -> None:
    work.change.set_field("assignee", command.argument)
    work.say("done_assigned", number=work.change.case.number, agent=command.argument)


def _take(work: Work, _command: Command, _words: Words) -> None:
    if work.agent is None:
        raise Refused("agents_only", word="#take")
    if lock.reserved_by_other(work.change.case, work.agent.name, work.desk.now):
        case = work.change.case
        raise Refused("reserved", agent=case.reserved_by, until=lock.until_when(case))
    lock.reserve(work.change, work.agent.name)
    work.change.set_field("assignee", work.agent.name)
    work.say("done_assigned", number=work.change.case.number, agent=work.agent.name)


def _release(work: Work, _command: Command, _words: Words) -> None:
    lock.reserve(work.change, "")
    work.change.set_field("assignee", "")
    work.say("done_released", number=work.change.case.number)


def _priority(work: Work, command: Command, _words: Words) -> None:
    work.change.set_field("priority", command.argument)
    work.say("done_priority", number=work.change.case.number, priority=command.argument)


def _tag(work: Work, command: Command, _words: Words) -> None:
    words = command.argument.split()
    removed = tuple(w[1:] for w in words if w.startswith("-") and w[1:] in work.change.case.tags)
    added = tuple(w.lstrip("+") for w in words if not w.startswith("-") and w.lstrip("+") not in work.change.case.tags)
    if added or removed:
        work.change.add(TagsChanged(work.change.case.number, added, removed))
        left = tuple(t for t in work.change.case.tags if t not in removed)
        work.change.case = replace(work.change.case, tags=(*left, *added))
    work.say("done_tags", number=work.change.case.number, tags=", ".join(work.change.case.tags) or "-")


def _cc(work: Work, command: Command, _words: Words) -> None:
    case = work.change.case
    added = [parse_list(w.lstrip("+"))[0] for w in command.argument.split() if not w.startswith("-")]
    removed = [parse_list(w[1:])[0] for w in command.argument.split() if w.startswith("-")]
    for address in added:
        if people.is_ours(address.address, work.desk.policy):
            raise Refused("own_address", word=address.address)
    gone = {a.key for a in (*added, *removed)}
    new = tuple(Participant(a, "cc") for a in added)
    work.change.add(ParticipantsChanged(case.number, new, tuple(removed)))
    left = tuple(p for p in case.participants if p.address.key not in gone)
    work.change.case = replace(case, participants=(*left, *new))
    work.say("done_cc", number=case.number, people=", ".join(p.address.address for p in new) or "-")


def _requester(work: Work, command: Command, _words: Words) -> None:
    case = work.change.case
    person = parse_list(command.argument)[0]
    if people.is_ours(person.address, work.desk.policy):
        raise Refused("own_address", word=person.address)
    work.change.add(FieldChanged(case.number, "requester", str(case.requester), str(person)))
    left = tuple(p for p in case.participants if p.address.key != person.key and p.role != "reply-to")
    work.change.case = replace(case, requester=person, participants=left)
    work.say("done_requester", number=case.number, requester=person.address)


def _link(work: Work, command: Command, _words: Words) -> None:
    other = act_cases.other_case(work, command).number
    if other == work.change.case.number:
        raise Refused("no_such_case", number=command.argument)
    work.change.add(CasesLinked(work.change.case.number, other))
    work.say("done_linked", number=work.change.case.number, other=other)


def _followup(work: Work, _command: Command, _words: Words) -> None:
    work.say("done_followup", number=work.change.case.number)


def _quiet(work: Work, _command: Command, _words: Words) -> None:
    work.quiet = True


def _send(_work: Work, _command: Command, _words: Words) -> None:
    """The answer to a mail that the guard returned never comes here: then nothing is held."""
    raise Refused("nothing_held")


def _asked(_work: Work, _command: Command, _words: Words) -> None:
    """A question is answered by the mail's rule, whatever else is in the order (A4)."""


HANDLERS: Mapping[str, Callable[[Work, Command, Words], None]] = {
    "status": _status,
    "resolve": _resolve,
    "close": _close,
    "postpone": _postpone,
    "note": _note,
    "assign": _assign,
    "take": _take,
    "release": _release,
    "priority": _priority,
    "tag": _tag,
    "cc": _cc,
    "requester": _requester,
    "link": _link,
    "followup": _followup,
    "merge": act_cases.merge,
    "split": act_cases.split,
    "forward": act_cases.forward,
    "template": act_cases.template,
    "later": later.later,
    "spam": _spam,
    "quiet": _quiet,
    "send": _send,
    **dict.fromkeys(QUESTIONS, _asked),
}


def problem_of(error: Refused | ImpossibleMove) -> Problem:
    """What is said about an order that could not be carried out."""
    if isinstance(error, Refused):
        return error.problem
    return Problem("impossible_move", {"from_status": error.from_status, "to_status": error.to_status})


def problem_lines(problems: Sequence[Problem], desk: Desk, language: str) -> list[str]:
    """The problems in an agent's language."""
    return [desk.policy.phrase(language, p.phrase, **p.values) for p in problems]
