"""What the operator decided: the part of the config that decisions depend on, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from mailcase.core.message import Address


class StatusKind(StrEnum):
    """The six kinds a status can have (S). Operators may rename labels and add statuses, each of one of these."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    POSTPONED = "postponed"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Status:
    """A status a case can be in. `name` is what is stored and typed, `label` what people read."""

    name: str
    kind: StatusKind
    label: str = ""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a desk works (D1): an IANA zone, for each day of the week (Monday first) windows in minutes after midnight
    of its clock, in order and apart, and days on which it is closed."""

    zone: str = "UTC"
    week: tuple[tuple[tuple[int, int], ...], ...] = (((0, 1440),),) * 7
    closed: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The ladder of one mailbox (D1). None, or an empty tuple, means: this step is not taken.

    `remind_agent`, `escalate`, `first_response` and `resolution` are business time, the others plain time: customers
    have no hours. `escalate_to` is the agent who gets what is escalated; without one the supervisors are told.
    `by_priority` are the ladders of those priorities that have one of their own.
    """

    remind_customer: tuple[timedelta, ...] = ()
    close_pending_after: timedelta | None = None
    close_resolved_after: timedelta | None = None
    remind_agent: timedelta | None = None
    escalate: timedelta | None = None
    close_on_confirm: bool = True
    first_response: timedelta | None = None
    resolution: timedelta | None = None
    escalate_to: str = ""
    by_priority: Mapping[str, Deadlines] = field(default_factory=dict, hash=False)

    def of(self, priority: str) -> Deadlines:
        """The ladder for cases of a priority."""
        return self.by_priority.get(priority, self)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address we serve. `tag` is the subject tag with `{number}`; `notify` the names of agents who get copies.

    `strangers` is flag, new_case or thread (T3). `inherit_assignee` says whether a follow-up case keeps the assignee
    (F3). `expected_time` is what the acknowledgement promises, in the words of a duration. `plus` says that the mail
    server delivers `name+anything@domain` to us, so that reply tokens can ride in the address. `reserve` is how long
    `#take` keeps a case for an agent (A6). Without `hours` the desk works at all times.
    """

    name: str
    address: str
    aliases: tuple[str, ...] = ()
    display_name: str = ""
    language: str = "en"
    tag: str = "[Case #{number}]"
    strangers: str = "flag"
    acknowledge: bool = True
    notify: tuple[str, ...] = ()
    deadlines: Deadlines = Deadlines()
    inherit_assignee: bool = True
    expected_time: timedelta | None = None
    plus: bool = True
    signature: str = ""
    reserve: timedelta | None = None
    hours: Hours | None = None

    @property
    def sender(self) -> Address:
        """Who our mail comes from."""
        return Address(self.display_name, self.address)


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who works on cases by mail. `addresses` are all that count as theirs, `address` is where mail goes.

    `sees` is all (every case of their mailboxes) or worked (only cases they worked on) (L3). `brief` is when the
    morning brief comes, such as 08:00 on the clock of their first mailbox; "" for never.
    """

    name: str
    address: str
    display_name: str = ""
    aliases: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    role: str = "agent"
    language: str = ""
    receipts: bool = True
    sees: str = "all"
    brief: str = ""

    @property
    def addresses(self) -> frozenset[str]:
        """Every address of theirs as a key (case folded)."""
        return frozenset(a.casefold() for a in (self.address, *self.aliases))


@dataclass(frozen=True, slots=True)
class Trust:
    """What proves an agent besides the reply token (A5). `networks` and `relays` are in CIDR notation.

    `relays` are mail servers in front of our SMTP listener whose Authentication-Results count, besides this machine.
    """

    authserv_id: str = ""
    networks: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AutomaticLimits:
    """How many automatic mails may leave (O4, attacks S13 and S15).

    To one address in an hour, in a day, in a day for one case, the last again for peers without standard headers;
    to one domain in an hour; in all in an hour.
    """

    address_hour: int = 5
    address_day: int = 20
    case_day: int = 6
    domain_hour: int = 500
    total_hour: int = 20_000


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything `decide` needs to know about this desk.

    `secrets` signs and checks tokens, the newest first (rotation: older ones are still accepted). `desk_id` marks our
    automatic mail for loop detection. `phrases` holds short texts by language: `phrases["de"]["follow_up_from"]`.
    `answers` are the names of the operator's own templates, for `#template`. `weekly_report` is when supervisors are
    mailed the figures of the week: the day (Monday is 0) and minutes after midnight.
    """

    mailboxes: tuple[Mailbox, ...] = ()
    agents: tuple[Agent, ...] = ()
    trust: Trust = Trust()
    automatic: AutomaticLimits = AutomaticLimits()
    statuses: tuple[Status, ...] = tuple(Status(kind.value, kind, kind.value) for kind in StatusKind)
    secrets: tuple[bytes, ...] = (b"",)
    desk_id: str = ""
    token_days: int = 90
    phrases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    weekly_report: tuple[int, int] | None = None

    def mailbox(self, name: str) -> Mailbox:
        """The mailbox called `name`. Raises KeyError when there is none."""
        for mailbox in self.mailboxes:
            if mailbox.name == name:
                return mailbox
        raise KeyError(name)

    def mailbox_of(self, address: str) -> Mailbox | None:
        """The mailbox that an envelope recipient (any case, any plus-part) belongs to, or None."""
        local, _, domain = address.casefold().rpartition("@")
        bare = f"{local.partition('+')[0]}@{domain}"
        for mailbox in self.mailboxes:
            ours = {a.casefold() for a in (mailbox.address, *mailbox.aliases)}
            if address.casefold() in ours or (mailbox.plus and bare in ours):
                return mailbox
        return None

    def agent(self, name: str) -> Agent | None:
        """The agent called `name` (any case), or None."""
        return next((a for a in self.agents if a.name.casefold() == name.casefold()), None)

    def agent_of(self, address: str) -> Agent | None:
        """The agent whose address this is, or None. Says nothing about proof (A5)."""
        key = address.casefold()
        return next((a for a in self.agents if key in a.addresses), None)

    def team(self, mailbox: str) -> tuple[Agent, ...]:
        """The agents who work on a mailbox; an agent without `mailboxes` works on all."""
        return tuple(a for a in self.agents if not a.mailboxes or mailbox in a.mailboxes)

    def status(self, name: str) -> Status | None:
        """The status called `name` (any case), or None."""
        return next((s for s in self.statuses if s.name.casefold() == name.casefold()), None)

    def status_of_kind(self, kind: StatusKind) -> Status:
        """The first status of a kind: the one automatic moves use."""
        return next(s for s in self.statuses if s.kind is kind)

    def phrase(self, language: str, key: str, **values: object) -> str:
        """A short text in `language`, else in English, else the key itself, with `values` filled in."""
        table = self.phrases.get(language, {})
        text = table.get(key) or self.phrases.get("en", {}).get(key) or key
        return text.format(**values)
