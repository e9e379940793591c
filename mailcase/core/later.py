"""`#later 3d`: an answer that goes out later, perhaps not if the customer writes first (O6)."""

from __future__ import annotations

from datetime import datetime

from mailcase.core.command import CANCEL, Command
from mailcase.core.decision import AnswerScheduled, ScheduleCancelled
from mailcase.core.work import Refused, Words, Work


def later(work: Work, command: Command, words: Words) -> None:
    """The command: when. What goes out is known when all commands are done."""
    case = work.change.case
    if command.argument == CANCEL:
        work.change.add(ScheduleCancelled(case.number))
        work.say("done_later_cancelled", number=case.number)
        return
    if case.closed:
        raise Refused("later_closed", number=str(case.number))
    if words.attachments:
        raise Refused("later_files")
    when, _, unless = command.argument.partition(" ")
    work.later, work.unless_answered = datetime.fromisoformat(when), bool(unless)


def put(work: Work, words: Words) -> None:
    """Keep the answer until its time comes."""
    assert work.later is not None
    number, agent = work.change.case.number, work.agent.name if work.agent else ""
    work.change.add(
        AnswerScheduled(number, work.later, agent, words.text, work.template or words.template, work.unless_answered)
    )
    work.say("done_later", number=number, when=f"{work.later:%Y-%m-%d %H:%M} UTC")
