"""The values that decisions are made from and of: a case as it stands, what was decided, what is to be mailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailcase.core.message import Address
from mailcase.core.policy import StatusKind


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused something: `kind` is customer, agent, operator or system; `name` an agent's name or an address."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody on a case. `role` is requester, to, cc, reply-to, known (may write, is not copied), transfer (an agent
    asked them for help: the same), or unverified (T3: gets nothing until an agent adds them)."""

    address: Address
    role: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as it stood when it was read. `version` moves with every change: a decision on an old one is made again.

    `number` is what people see, `id` the row. `thread` holds our and their Message-IDs on the case, oldest first, for
    References. `attempts` counts reminders to the customer since the last human mail (D3).
    """

    id: int
    number: int
    mailbox: str
    subject: str
    status: str
    kind: StatusKind
    requester: Address
    version: int = 0
    resolution: str = ""
    priority: str = "normal"
    assignee: str = ""
    language: str = ""
    answered: bool = False
    until: datetime | None = None
    follow_up_of: int | None = None
    follow_ups: tuple[int, ...] = ()
    merged_into: int | None = None
    tags: tuple[str, ...] = ()
    participants: tuple[Participant, ...] = ()
    thread: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    attempts: int = 0
    reserved_by: str = ""
    reserved_until: datetime | None = None

    @property
    def closed(self) -> bool:
        """Final: mail from a person makes a follow-up case (F1)."""
        return self.kind is StatusKind.CLOSED

    def helper(self, address: str) -> bool:
        """True for somebody the case was forwarded to, who is no customer (L2)."""
        key = address.casefold()
        return self.requester.key != key and any(
            p.address.key == key and p.role == "transfer" for p in self.participants
        )

    def knows(self, address: str) -> bool:
        """True for the requester and confirmed participants, False for strangers and the unverified."""
        key = address.casefold()
        return any(p.address.key == key and p.role != "unverified" for p in self.participants) or (
            self.requester.key == key
        )


# ---- what was decided: events, in the past tense. `case` is always a case number. ----------------------------------


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A case with a new number. `follow_up_of` links both ways (F1)."""

    case: int
    mailbox: str
    subject: str
    requester: Address
    status: str
    kind: StatusKind
    language: str = ""
    priority: str = "normal"
    assignee: str = ""
    follow_up_of: int | None = None
    participants: tuple[Participant, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageFiled:
    """A message joined a case. `direction` is incoming, outgoing, note or transfer.

    `text` is what is new, `quoted` the rest. `evidence` says how it found the case (T6), `rule` which rule filed it.
    `message_id` is without brackets. `reply_index` points into `Decision.replies` when this is the record of a mail
    we send (its Message-ID is then the one it is sent with); -1 otherwise.
    """

    case: int
    direction: str
    author: Address
    text: str = ""
    quoted: str = ""
    html: str = ""
    subject: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    message_id: str = ""
    automatic: bool = False
    verified: bool = True
    evidence: str = ""
    attachments: tuple[Mapping[str, object], ...] = ()
    at: datetime | None = None
    reply_index: int = -1


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A move of the table in `core/case.py`; `why` is the cause in a word or two."""

    case: int
    from_status: str
    to_status: str
    kind: StatusKind
    resolution: str = ""
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class FieldChanged:
    """One plain field of a case: assignee, priority, subject, language, requester, answered, merged_into."""

    case: int
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CaseReserved:
    """An agent works on the case until then (A6); without an agent nobody does any more."""

    case: int
    agent: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerScheduled:
    """An agent's answer that is to go out later (O6): a text or a template; not always if the customer writes."""

    case: int
    due_at: datetime
    agent: str
    text: str = ""
    template: str = ""
    unless_answered: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleCancelled:
    """Whatever was to go out later on the case will not (O6)."""

    case: int


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """Tags added to and removed from a case."""

    case: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParticipantsChanged:
    """People added (a changed role counts as added) and removed."""

    case: int
    added: tuple[Participant, ...] = ()
    removed: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class CasesLinked:
    """Two cases that belong together: `relation` is related, merged or split. Recorded on both."""

    case: int
    other: int
    relation: str = "related"


@dataclass(frozen=True, slots=True)
class MessageMoved:
    """A message left `case` for the case `to` (a split). `message` is its row."""

    case: int
    to: int
    message: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A line of history that changes nothing else: `event` is a fixed word such as reminder-sent, mail-suppressed."""

    case: int
    event: str
    text: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BounceRecorded:
    """A delivery report about one of our mails (R5): the outbox row found by its Message-ID is marked."""

    case: int
    outgoing_message_id: str
    address: str
    permanent: bool
    status: str = ""
    text: str = ""


Event = (
    CaseOpened
    | MessageFiled
    | StatusChanged
    | FieldChanged
    | CaseReserved
    | AnswerScheduled
    | ScheduleCancelled
    | TagsChanged
    | ParticipantsChanged
    | CasesLinked
    | MessageMoved
    | Recorded
    | BounceRecorded
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something due on a case: `kind` is remind_customer, remind_agent, escalate, close_pending, close_resolved, wake.

    `step` counts within a kind (the second reminder has step 1).
    """

    case: int
    kind: str
    due_at: datetime
    step: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail to be rendered, composed and put into the outbox in the same transaction.

    `kind` names the template (acknowledgement, follow-up, reminder, resolved, closed, no-response, delivery-problem,
    notification, agent-reminder, escalation, command-result, confirm-agent, digest) or is `answer`: an agent's words
    relayed to the customer (O2). `reason_key` makes it exactly once. `agent` is set on mail to an agent: its Reply-To
    carries that agent's token. `attach` takes over the attachments of the mail decided on; `passes_on` is the spool id
    of another mail whose attachments go along (a transfer), 0 for none. `values` are plain data for the template.
    """

    kind: str
    case: int
    mailbox: str
    to: tuple[Address, ...]
    reason_key: str
    cc: tuple[Address, ...] = ()
    language: str = ""
    subject: str = ""
    automatic: bool = True
    null_sender: bool = False
    agent: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    attach: bool = False
    passes_on: int = 0
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail (B6): `kind` is case, note, duplicate, ignored or quarantined; `reason` says why."""

    kind: str
    case: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen, all at once or not at all. `rule` is the name of the rule that said so.

    `deadlines` replaces all deadlines of each case number in it. `actor` is who caused it. `hold` keeps the mail
    decided on until its agent confirms it (A5): the value is the reason. `release` is the spool id of a held mail
    that may go on now; `overrule` that it may do so whatever the guard thinks of it (A6, A8).
    """

    rule: str
    outcome: Outcome
    actor: Actor = SYSTEM
    events: tuple[Event, ...] = ()
    replies: tuple[Reply, ...] = ()
    deadlines: Mapping[int, tuple[Deadline, ...]] = field(default_factory=dict)
    hold: str = ""
    release: int | None = None
    overrule: bool = False
