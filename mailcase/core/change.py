"""One change of one case while it is being put together: events, mails and deadlines that belong to each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from mailcase.core import deadline
from mailcase.core.case import Cause, FollowUp, check_settable, move
from mailcase.core.decision import (
    Actor,
    CaseOpened,
    CaseView,
    Deadline,
    Decision,
    Event,
    FieldChanged,
    MessageFiled,
    Outcome,
    Recorded,
    Reply,
    StatusChanged,
)
from mailcase.core.policy import Mailbox, Policy, Status, StatusKind


class Change:
    """Collects what is decided; `case` always shows the case as it will stand. Not shared, not kept."""

    def __init__(self, policy: Policy, now: datetime, actor: Actor, case: CaseView) -> None:
        self.policy, self.now, self.actor = policy, now, actor
        self.before = self.case = case
        self.events: list[Event] = []
        self.replies: list[Reply] = []
        self.deadlines: dict[int, tuple[Deadline, ...]] = {}
        self.silent = False

    @property
    def mailbox(self) -> Mailbox:
        """The mailbox of the case."""
        return self.policy.mailbox(self.case.mailbox)

    @property
    def language(self) -> str:
        """The language the customer is written to in: the case's, else the mailbox's (R7)."""
        return self.case.language or self.mailbox.language

    def phrase(self, key: str, **values: object) -> str:
        """A short text of ours in the mailbox's language: histories are read by agents."""
        return self.policy.phrase(self.mailbox.language, key, **values)

    def add(self, event: Event) -> None:
        """Put an event at the end of what happened."""
        self.events.append(event)

    def record(self, event: str, text: str = "", **data: object) -> None:
        """A line of history that changes nothing else."""
        self.events.append(Recorded(self.case.number, event, text, data))

    def mail(self, reply: Reply) -> int:
        """Have a mail sent; returns its index for `MessageFiled.reply_index`. An import sends nothing (B5)."""
        self.replies.append(reply)
        return len(self.replies) - 1

    def file(self, message: MessageFiled, references: tuple[str, ...] = ()) -> None:
        """A message joins the case; what it refers to and its own id join the thread (RFC 5322 section 3.6.4)."""
        self.events.append(message)
        ids = (*self.case.thread, *references, *((message.message_id,) if message.message_id else ()))
        self.case = replace(self.case, thread=tuple(dict.fromkeys(ids)))

    def opened(self, event: CaseOpened) -> None:
        """The case of this change is a new one: starts its deadlines."""
        self.events.append(event)
        self._restart(None)

    def set_field(self, field: Literal["assignee", "priority", "subject", "language"], after: str) -> None:
        """Change a plain field, unless it is so already."""
        before = str(getattr(self.case, field))
        if before == after:
            return
        self.events.append(FieldChanged(self.case.number, field, before, after))
        changed: dict[str, Any] = {field: after}
        self.case = replace(self.case, **changed)
        if field == "priority" and self.case.kind in (StatusKind.NEW, StatusKind.OPEN):
            ladder = self.mailbox.deadlines
            if ladder.of(before) != ladder.of(after):
                self._restart(None)

    def absorb(self, other: Change) -> None:
        """What happens to another case at the same time, as a merge does."""
        self.events += other.events
        self.deadlines |= other.deadlines

    def move(self, cause: Cause) -> bool:
        """Do what the table says. False when it says: follow-up case, and nothing was changed."""
        after = move(self.case.kind, cause, answered=self.case.answered)
        if isinstance(after, FollowUp):
            return False
        if after is not self.case.kind:
            self._set(self.policy.status_of_kind(after), why=cause.value)
        elif cause is Cause.AGENT_ANSWERS and after in (StatusKind.PENDING, StatusKind.RESOLVED):
            self._restart(self.case.until)
        return True

    def set_status(self, status: Status, *, why: str, resolution: str = "", until: datetime | None = None) -> None:
        """Set a status by hand. Raises ImpossibleMove."""
        check_settable(self.case.kind, self.case.status, status.kind, status.name)
        same = status.name == self.case.status and until == self.case.until
        if not same or resolution != self.case.resolution:
            self._set(status, why=why, resolution=resolution, until=until)

    def close(self, cause: Cause, resolution: str) -> None:
        """Close by the table, with a resolution. Raises ImpossibleMove."""
        move(self.case.kind, cause)
        self._set(self.policy.status_of_kind(StatusKind.CLOSED), why=cause.value, resolution=resolution)

    def _set(self, status: Status, *, why: str, resolution: str = "", until: datetime | None = None) -> None:
        before = self.case.status
        self.events.append(StatusChanged(self.case.number, before, status.name, status.kind, resolution, until, why))
        self.case = replace(self.case, status=status.name, kind=status.kind, resolution=resolution, until=until)
        self._restart(until)

    def _restart(self, until: datetime | None) -> None:
        mailbox = self.mailbox
        self.deadlines[self.case.number] = deadline.of_case(
            self.case, mailbox.deadlines, mailbox.hours, self.now, until
        )

    def finish(self, rule: str, outcome: Outcome) -> Decision:
        """The decision. What is silent has no mails and no deadlines."""
        if self.silent:
            return Decision(rule, outcome, self.actor, tuple(self.events), (), dict.fromkeys(self.deadlines, ()))
        return Decision(rule, outcome, self.actor, tuple(self.events), tuple(self.replies), self.deadlines)
