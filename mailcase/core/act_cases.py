"""Commands that reach beyond one case: merge, split, forward; and the answer that is a template (A2, T4, L2)."""

from __future__ import annotations

from dataclasses import replace

from mailcase.core import answer, opening, people
from mailcase.core.case import ImpossibleMove
from mailcase.core.change import Change
from mailcase.core.command import Command
from mailcase.core.context import Letter
from mailcase.core.decision import (
    CasesLinked,
    CaseView,
    FieldChanged,
    MessageFiled,
    MessageMoved,
    Participant,
    ParticipantsChanged,
    Reply,
)
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind
from mailcase.core.reading.address import parse_list
from mailcase.core.work import Refused, Words, Work

_WAITS = (StatusKind.NEW, StatusKind.OPEN)


def other_case(work: Work, command: Command) -> CaseView:
    """The case that a command names, merges followed. One that does not exist and one that is hidden are the same."""
    other = work.desk.cases.get(int(command.argument))
    if other is None or other.number in work.desk.hidden:
        raise Refused("no_such_case", number=command.argument)
    return other


def merge(work: Work, command: Command, _words: Words) -> None:
    """This case ends as a duplicate of another, which has its people and its mail from now on (T4). Nobody is told."""
    case, target = work.change.case, other_case(work, command)
    if target.number == case.number:
        raise Refused("merge_itself")
    if target.closed:
        raise Refused("merge_closed", number=str(target.number))
    there = Change(work.desk.policy, work.desk.now, work.change.actor, target)
    there.add(CasesLinked(target.number, case.number, "merged"))
    for change, text in (
        (work.change, work.change.phrase("merged_into", number=target.number)),
        (there, there.phrase("merged_from", number=case.number)),
    ):
        change.add(MessageFiled(change.case.number, "note", work.author, text=text, at=work.desk.now))
    joined = _joined(case, target)
    if joined:
        there.add(ParticipantsChanged(target.number, joined))
    if case.kind in _WAITS and target.kind not in _WAITS:
        there.set_status(work.desk.policy.status_of_kind(StatusKind.OPEN), why="merged")
    work.change.add(FieldChanged(case.number, "merged_into", "", str(target.number)))
    if not case.closed:
        closed = work.desk.policy.status_of_kind(StatusKind.CLOSED)
        work.change.set_status(closed, why="merged", resolution="duplicate")
    work.change.absorb(there)
    work.say("done_merged", number=case.number, other=target.number)


def _joined(case: CaseView, target: CaseView) -> tuple[Participant, ...]:
    """The people of a merged case who are not on the other one yet, the requester first, each in their role."""
    reply_to = people.reply_target(case)
    found: dict[str, Participant] = {}
    asked = [Participant(reply_to, "cc")]
    if reply_to.key != case.requester.key:
        # Answers went elsewhere: the requester may go on writing, and is not copied.
        asked.append(Participant(case.requester, "known"))
    for person in (*asked, *(p for p in case.participants if p.role != "reply-to")):
        on_it = target.knows(person.address.address)
        if not on_it and "@" in person.address.address:
            found.setdefault(person.address.key, person)
    return tuple(found.values())


def split(work: Work, _command: Command, _words: Words) -> None:
    """The answered message, else the newest of a customer, becomes a case of its own for its author."""
    case, letter = work.change.case, work.desk.answered
    if letter is None or work.desk.letters < 2:
        raise Refused("split_only", number=str(case.number))
    author = letter.author
    if people.is_ours(author.address, work.desk.policy):
        author = Address("", "")
    mailbox = work.desk.policy.mailbox(case.mailbox)
    new = opening.new_case(
        work.desk, mailbox, work.change.actor, StatusKind.OPEN, author, letter.subject or case.subject,
        language=work.desk.languages.get(author.key) or case.language, priority=case.priority, assignee=case.assignee,
    )  # fmt: skip
    number = new.case.number
    new.add(MessageMoved(case.number, number, letter.id))
    new.add(CasesLinked(number, case.number, "split"))
    for change, text in (
        (work.change, work.change.phrase("split_into", number=number)),
        (new, new.phrase("split_from", number=case.number)),
    ):
        change.add(MessageFiled(change.case.number, "note", work.author, text=text, at=work.desk.now))
    gone = [p for p in case.participants if p.address.key == author.key]
    if gone:
        work.change.add(ParticipantsChanged(case.number, (), tuple(p.address for p in gone)))
    work.change.absorb(new)
    work.say("done_split", number=case.number, other=number)


def forward(work: Work, command: Command, words: Words) -> None:
    """Somebody else is asked for help: they get the customer's message, and their answer comes back to the case."""
    change, person = work.change, parse_list(command.argument)[0]
    if people.is_ours(person.address, work.desk.policy) or work.desk.policy.agent_of(person.address):
        raise Refused("own_address", word=person.address)
    if change.case.closed:
        raise ImpossibleMove(change.case.status, "#forward")
    letter = work.desk.answered
    index = change.mail(
        Reply(
            kind="transfer",
            case=change.case.number,
            mailbox=change.case.mailbox,
            to=(person,),
            reason_key=f"transfer:{work.key}:{person.key}",
            language=change.mailbox.language,
            subject=answer.outgoing_subject(change),
            automatic=False,
            in_reply_to=change.case.thread[-1] if change.case.thread else "",
            references=change.case.thread,
            text=words.text,
            attach=bool(words.attachments),
            passes_on=letter.spool if letter else 0,
            values=_shown(work, letter),
        )
    )
    change.file(
        MessageFiled(
            change.case.number, "transfer", work.author, text=words.text, subject=answer.outgoing_subject(change),
            to=(person,), message_id=words.message_id, attachments=words.attachments, at=work.desk.now,
            reply_index=index,
        )
    )  # fmt: skip
    if not change.case.knows(person.address):
        asked = Participant(person, "transfer")
        change.add(ParticipantsChanged(change.case.number, (asked,)))
        change.case = replace(change.case, participants=(*change.case.participants, asked))
    work.say("done_forwarded", number=change.case.number, to=person.address)


def _shown(work: Work, letter: Letter | None) -> dict[str, object]:
    """What a helper is shown: the customer's message, and who asks; never the history (attack S7)."""
    return answer.case_values(work.change.case, work.desk.policy) | {
        "agent_name": work.agent.display_name if work.agent else work.change.mailbox.display_name,
        "author_name": letter.author.name if letter else "",
        "author_address": letter.author.address if letter else "",
        "received_at": letter.at if letter else None,
        "quoted": letter.text if letter else "",
    }


def template(work: Work, command: Command, _words: Words) -> None:
    """The answer is one of the operator's own texts; what the agent wrote stands where the template puts it."""
    known = work.desk.policy.answers
    name = next((n for n in known if n.casefold() == command.argument.casefold()), "")
    if not name:
        raise Refused("unknown_template", word=command.argument or "-", known=", ".join(known) or "-")
    work.template = name
