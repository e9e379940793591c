"""What a decision is made from: everything the worker looked up, and nothing that changes while it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailcase.core.decision import CaseView
from mailcase.core.message import Address, Envelope, Reading
from mailcase.core.policy import Agent, Mailbox, Policy
from mailcase.core.thread import NOWHERE, Keys, Thread


@dataclass(frozen=True, slots=True)
class Counts:
    """Automatic mails of the last hour or day: to one address, on one case, to its domain, in all (O4)."""

    address_hour: int = 0
    address_day: int = 0
    case_day: int = 0
    domain_hour: int = 0
    total_hour: int = 0


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of a case's history for the agents' copy: `who` is an actor, such as `agent:bob`."""

    at: datetime
    who: str
    text: str
    event: str = ""
    from_status: str = ""
    to_status: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """An outgoing mail of ours that a delivery report is about."""

    message_id: str
    case: int
    kind: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What another agent answered after the mail was sent that an agent's answer answers (A6)."""

    agent: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on a case: `id` is its row, `spool` the mail it came as (0 for none)."""

    id: int
    direction: str
    author: Address
    subject: str
    text: str
    at: datetime | None = None
    message_id: str = ""
    verified: bool = True
    files: tuple[str, ...] = ()
    spool: int = 0


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list that an agent is mailed (A4)."""

    number: int
    subject: str
    status: str
    requester: str = ""
    at: datetime | None = None
    assignee: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for an agent's question: the first rows of a list, `more` when there are others; or one case."""

    rows: tuple[CaseRow, ...] = ()
    more: bool = False
    case: CaseView | None = None
    letters: tuple[Letter, ...] = ()
    history: tuple[HistoryLine, ...] = ()
    chain: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What every decision needs: the policy, the time, the next case number and the cases it may touch.

    `next_number` is what a new case will be called. `cases` maps the numbers a command may name to what they are now,
    merges followed; `hidden` are those that the agent at hand may not see (L3). `counts` is for the address an
    automatic mail would go to. `answered` is the customer's message that an agent's mail answers, else the newest one,
    of `letters` in all. `found` are the answers to an agent's questions, by their line (A4).
    """

    policy: Policy
    now: datetime
    next_number: int
    cases: Mapping[int, CaseView] = field(default_factory=dict)
    counts: Counts = Counts()
    history: tuple[HistoryLine, ...] = ()
    chain: tuple[int, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    answered: Letter | None = None
    letters: int = 0
    found: Mapping[str, Found] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail to be decided on.

    `key` names it in reason keys. `author` is who wrote it by our strict reading (None: unknown sender), `agent` the
    agent whose address that is, `proof` how we know that it is really them ("" for not at all, A5). `follow_up` is
    the active follow-up case of a closed `thread.case` (F5). `about` is the mail of ours a delivery report is about.
    `known_sender` says that they wrote before, `unanswerable` why no automatic answer may go out ("" when one may),
    `repeats` that another mail bore its Message-ID. `held` is the spool id of a held mail that this one confirms,
    `returned` that of an answer the guard holds and this one's `#send` is about (A6, A8). `overruled` says that this
    is such an answer, to be sent whatever the guard thinks; `overtaken_by`, `notes` and `told` are what it looks at:
    a colleague's newer answer, internal notes, and what people outside know already.
    """

    key: str
    reading: Reading
    envelope: Envelope
    source: str
    mailbox: Mailbox
    keys: Keys
    thread: Thread = NOWHERE
    author: Address | None = None
    agent: Agent | None = None
    proof: str = ""
    distrust: str = ""
    follow_up: CaseView | None = None
    about: Sent | None = None
    known_sender: bool = False
    unanswerable: str = ""
    repeats: bool = False
    held: int | None = None
    returned: int | None = None
    overruled: bool = False
    overtaken_by: Crossing | None = None
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    silent: bool = False
    received_at: datetime | None = None
