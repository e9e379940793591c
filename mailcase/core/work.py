"""The commands of one order while they are carried out: what they add up to, and why they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailcase.core.change import Change
from mailcase.core.command import Order, Problem
from mailcase.core.context import Desk
from mailcase.core.message import Address
from mailcase.core.policy import Agent, Status


class Refused(Exception):
    """A command that cannot be done on this case: nothing of the whole mail is done (A3)."""

    def __init__(self, phrase: str, **values: str) -> None:
        super().__init__(phrase)
        self.problem = Problem(phrase, values)


@dataclass
class Work:
    """What the commands of one order add up to, while they are gone through."""

    desk: Desk
    change: Change
    key: str
    author: Address
    agent: Agent | None
    status: Status | None = None
    resolution: str = ""
    until: datetime | None = None
    quiet: bool = False
    spam: bool = False
    template: str = ""
    later: datetime | None = None
    unless_answered: bool = False
    done: list[str] = field(default_factory=list)

    def say(self, phrase: str, **values: object) -> None:
        """A line of the receipt, in the agent's language."""
        language = (self.agent.language if self.agent else "") or self.change.mailbox.language
        self.done.append(self.change.policy.phrase(language, phrase, **values))


@dataclass(frozen=True, slots=True)
class Words:
    """What an agent wrote to go with the commands: the text, what it answers, and who has it already.

    `addressed` are the keys of the people in the agent's own To and Cc: they are not sent it a second time (O2).
    """

    text: str = ""
    message_id: str = ""
    subject: str = ""
    addressed: frozenset[str] = frozenset()
    attachments: tuple[Mapping[str, object], ...] = ()
    template: str = ""

    def answers(self, order: Order) -> bool:
        """Whether this is for the customer: there is something to say, and it is no note and no transfer."""
        says = bool(self.text or self.attachments or self.template or order.has("template"))
        return says and not order.has("note") and not order.has("forward")
