"""Every table, defined once. Queries are SQLAlchemy Core on the `Table` objects at the end of this file.

Bytes and state live in two tables, because changing a row rewrites all of it. What search needs besides is made by
`search.py`, since the two databases have different means for it; those tables are called `search_…`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, UniqueConstraint, text
from sqlmodel import Field

from mailcase.store import fields
from mailcase.store.columns import CleanText, Id
from mailcase.store.fields import Row

metadata = Row.metadata

# The conditions of partial indices, repeated in queries.
WAITING = "state = 'waiting'"
ASIDE = "state IN ('quarantined', 'held')"
LEAVING = "state IN ('queued', 'sending', 'uncertain')"
UNFILED = "filed = ''"
ASSIGNED = "assignee <> ''"
BY_AGENT = "actor >= 'agent:' AND actor < 'agent;'"
# New and open come first, closed last (S2): an index has this order, so that a list need not sort a million cases.
ATTENTION = "(CASE WHEN kind IN ('new', 'open') THEN 0 WHEN kind = 'closed' THEN 2 ELSE 1 END)"


class Raw(Row, table=True):
    """The bytes of a mail, exactly as they came or as they are sent. Written once."""

    __tablename__ = "raw"
    id: int = fields.identity()
    sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int = fields.integer()
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Spool(Row, table=True):
    """A mail that reached us: what is to be done with it, and in the end what became of it (B6).

    `state` is waiting, done, quarantined, held or dropped; a claimed row is a waiting one with a lease. `outcome` is
    that of `Outcome.kind`. `message_id` is filled where no message tells it: for ignored mail.
    """

    __tablename__ = "spool"
    __table_args__ = (
        fields.partial("ix_spool_waiting", "id", where=WAITING),
        fields.partial("ix_spool_aside", "id", where=ASIDE),
        fields.partial("ix_spool_message_id", "message_id", where="message_id <> ''"),
        Index(None, "raw_id"),
    )
    id: int = fields.identity()
    ingest_key: str = fields.text(unique=True)
    raw_id: int | None = fields.refers("raw.id", null=True)
    source: str = fields.text()
    mailbox: str = fields.text()
    envelope: dict[str, Any] = fields.json()
    received_at: datetime = fields.time()
    silent: bool = fields.flag()
    origin: str = fields.text()
    state: str = fields.text()
    attempts: int = fields.integer()
    lease_until: datetime | None = fields.time(null=True)
    owner: str = fields.text()
    outcome: str = fields.text()
    outcome_case: int | None = Field(default=None, sa_column=Column(Id))
    reason: str = fields.text()
    rule: str = fields.text()
    confirmed_by: str = fields.text()
    message_id: str = fields.text()
    done_at: datetime | None = fields.time(null=True)


class Sighting(Row, table=True):
    """The same mail once more (B7): it was accepted, and is accounted for by the first one."""

    __tablename__ = "sighting"
    __table_args__ = (Index(None, "spool_id"),)
    id: int = fields.identity()
    spool_id: int = fields.refers("spool.id")
    source: str = fields.text()
    mailbox: str = fields.text()
    origin: str = fields.text()
    at: datetime = fields.time()


class Cases(Row, table=True):
    """A case as it stands. Its number is its row: numbers are given once and never change."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_attention", text(ATTENTION), "priority_rank", "created_at", "number"),
        Index(None, "status", "priority_rank", "created_at", "number"),
        Index(None, "requester_key"),
        fields.partial("ix_cases_follow_up_of", "follow_up_of", where="follow_up_of IS NOT NULL"),
        Index(
            "ix_cases_assigned",
            "assignee",
            text(ATTENTION),
            "priority_rank",
            "created_at",
            "number",
            sqlite_where=text(ASSIGNED),
            postgresql_where=text(ASSIGNED),
        ),
        Index(None, "updated_at", "number"),
    )
    number: int = fields.integer(primary_key=True)
    mailbox: str = fields.text()
    subject: str = fields.text()
    status: str = fields.text()
    kind: str = fields.text()
    resolution: str = fields.text()
    priority: str = fields.text()
    priority_rank: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    assignee: str = fields.text()
    requester_name: str = fields.text()
    requester_address: str = fields.text()
    requester_key: str = fields.text()
    language: str = fields.text()
    answered: bool = fields.flag()
    until: datetime | None = fields.time(null=True)
    follow_up_of: int | None = fields.refers("cases.number", null=True)
    merged_into: int | None = fields.refers("cases.number", null=True)
    attempts: int = fields.integer()
    version: int = fields.integer()
    created_at: datetime = fields.time()
    updated_at: datetime = fields.time()
    reserved_by: str | None = Field(default=None, sa_column=Column(CleanText, nullable=True))
    reserved_until: datetime | None = fields.time(null=True)


class ParticipantRow(Row, table=True):
    """Somebody on a case."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("case", "address_key"), Index(None, "address_key"))
    id: int = fields.identity()
    case: int = fields.refers("cases.number")
    address_key: str = fields.text()
    name: str = fields.text()
    address: str = fields.text()
    role: str = fields.text()


class Tag(Row, table=True):
    """A tag on a case."""

    __tablename__ = "tag"
    __table_args__ = (Index(None, "name"),)
    case: int = fields.refers("cases.number", primary_key=True)
    name: str = fields.text(primary_key=True)


class Message(Row, table=True):
    """A message on a case. The long columns come last: a list of messages need not read them.

    The bytes are those of the spool row (incoming) or the outbox row (outgoing).
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "case", "id"),
        fields.partial("ix_message_message_id", "message_id", where="message_id <> ''"),
    )
    id: int = fields.identity()
    case: int = fields.refers("cases.number")
    at: datetime = fields.time()
    direction: str = fields.text()
    message_id: str = fields.text()
    automatic: bool = fields.flag()
    verified: bool = fields.flag()
    author_name: str = fields.text()
    author_address: str = fields.text()
    to: list[Any] = fields.json()
    cc: list[Any] = fields.json()
    subject: str = fields.text()
    evidence: str = fields.text()
    rule: str = fields.text()
    actor: str = fields.text()
    spool_id: int | None = fields.refers("spool.id", null=True)
    outbox_id: int | None = fields.refers("outbox.id", null=True)
    attachments: list[Any] = fields.json()
    text: str = fields.text()
    quoted: str = fields.text()
    html: str = fields.text()


class EventRow(Row, table=True):
    """One line of history: who did what when (S1, L2)."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "case", "id"), fields.partial("ix_event_by_agent", "actor", "case", where=BY_AGENT))
    id: int = fields.identity()
    case: int = fields.refers("cases.number")
    at: datetime = fields.time()
    actor: str = fields.text()
    event: str = fields.text()
    text: str = fields.text()
    from_status: str = fields.text()
    to_status: str = fields.text()
    data: dict[str, Any] = fields.json()


class Link(Row, table=True):
    """Two cases that belong together; there is a row for each direction."""

    __tablename__ = "link"
    case: int = fields.refers("cases.number", primary_key=True)
    other: int = fields.refers("cases.number", primary_key=True)
    relation: str = fields.text(primary_key=True)


class DeadlineRow(Row, table=True):
    """When something is due on a case (D2)."""

    __tablename__ = "deadline"
    __table_args__ = (Index(None, "due_at"), Index(None, "case"))
    id: int = fields.identity()
    case: int = fields.refers("cases.number")
    kind: str = fields.text()
    step: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    due_at: datetime = fields.time()


class Later(Row, table=True):
    """An agent's answer that goes out later (O6): a text or a template. `unless_answered`: not if they write first."""

    __tablename__ = "later"
    __table_args__ = (Index(None, "due_at"), Index(None, "case"))
    id: int = fields.identity()
    case: int = fields.refers("cases.number")
    due_at: datetime = fields.time()
    agent: str = fields.text()
    text: str = fields.text()
    template: str = fields.text()
    unless_answered: bool = fields.flag()
    created_at: datetime = fields.time()


class Mark(Row, table=True):
    """When something that comes round by the clock was last done: `brief:bob`, `report:sue`."""

    __tablename__ = "mark"
    name: str = fields.text(primary_key=True)
    at: datetime = fields.time()


class Outbox(Row, table=True):
    """A mail of ours (O1). `lane` is case and recipients: what is in one lane leaves in order.

    `state` is queued, sending, sent, uncertain, failed, held or cancelled; `reason` says why it is held.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        fields.partial("ix_outbox_next_try", "next_try", "id", where=LEAVING),
        fields.partial("ix_outbox_lane", "lane", "id", where=LEAVING),
        Index(None, "message_id"),
        Index(None, "raw_id"),
        Index(None, "case", "id"),
        Index(None, "state"),
        fields.partial("ix_outbox_envelope_from", "envelope_from", where="envelope_from <> ''"),
    )
    id: int = fields.identity()
    case: int | None = fields.refers("cases.number", null=True, deferred=True)
    kind: str = fields.text()
    mailbox: str = fields.text()
    envelope_from: str = fields.text()
    to: str = fields.text()
    subject: str = fields.text()
    message_id: str = fields.text()
    raw_id: int | None = fields.refers("raw.id", null=True)
    state: str = fields.text()
    reason: str = fields.text()
    attempts: int = fields.integer()
    next_try: datetime | None = fields.time(null=True)
    last_reply: str = fields.text()
    reason_key: str = fields.text(unique=True)
    lane: str = fields.text()
    automatic: bool = fields.flag()
    created_at: datetime = fields.time()
    sent_at: datetime | None = fields.time(null=True)
    lease_until: datetime | None = fields.time(null=True)
    owner: str = fields.text()


class OutboxRecipient(Row, table=True):
    """One recipient of one mail of ours. Case, time and automatic stand here too: the limits of O4 count them."""

    __tablename__ = "outbox_recipient"
    __table_args__ = (
        Index(None, "outbox_id"),
        Index("ix_outbox_recipient_count", "address_key", "created_at", "automatic", "case"),
    )
    id: int = fields.identity()
    outbox_id: int = fields.refers("outbox.id")
    address: str = fields.text()
    address_key: str = fields.text()
    state: str = fields.text()
    reply: str = fields.text()
    automatic: bool = fields.flag()
    case: int | None = Field(default=None, sa_column=Column(Id))
    created_at: datetime = fields.time()


class AutomaticCount(Row, table=True):
    """How many automatic mails were written to a domain in a minute; domain `*` stands for all together.

    `shard` is the process that counted: writers of one database do not wait for each other's rows.
    """

    __tablename__ = "automatic_count"
    domain: str = fields.text(primary_key=True)
    minute: int = fields.integer(primary_key=True)
    shard: int = fields.integer(primary_key=True)
    count: int = fields.integer()


class Contact(Row, table=True):
    """What we know of an address beyond one case."""

    __tablename__ = "contact"
    address_key: str = fields.text(primary_key=True)
    name: str = fields.text()
    language: str = fields.text()
    updated_at: datetime = fields.time()


class ImapFolder(Row, table=True):
    """How far a folder has been read (B3). What is below `first_uid` was there before us and is not ours to take."""

    __tablename__ = "imap_folder"
    mailbox: str = fields.text(primary_key=True)
    folder: str = fields.text(primary_key=True)
    uidvalidity: int = fields.integer()
    last_uid: int = fields.integer()
    first_uid: int = fields.integer()
    first_contact_at: datetime = fields.time()


class ImapUid(Row, table=True):
    """One mail in a folder. `spool_id` is empty where `skipped` says why; `filed` is what was done to it there."""

    __tablename__ = "imap_uid"
    __table_args__ = (
        fields.partial("ix_imap_uid_unfiled", "mailbox", "folder", "uidvalidity", "uid", where=UNFILED),
        Index(None, "spool_id"),
    )
    mailbox: str = fields.text(primary_key=True)
    folder: str = fields.text(primary_key=True)
    uidvalidity: int = fields.integer(primary_key=True)
    uid: int = fields.integer(primary_key=True)
    spool_id: int | None = fields.refers("spool.id", null=True)
    skipped: str = fields.text()
    filed: str = fields.text()


class Counter(Row, table=True):
    """The next number of a series: `case`."""

    __tablename__ = "counter"
    name: str = fields.text(primary_key=True)
    value: int = fields.integer()


class Heading(Row, table=True):
    """What a case is found by when any part of it will do: subject, names and addresses, folded for comparison."""

    __tablename__ = "heading"
    case: int = fields.refers("cases.number", primary_key=True)
    text: str = fields.text()


def _table(row: type[Row]) -> Table:
    return metadata.tables[str(row.__tablename__)]


raw = _table(Raw)
spool = _table(Spool)
sighting = _table(Sighting)
cases = _table(Cases)
participant = _table(ParticipantRow)
tag = _table(Tag)
message = _table(Message)
event = _table(EventRow)
link = _table(Link)
deadline = _table(DeadlineRow)
later = _table(Later)
mark = _table(Mark)
outbox = _table(Outbox)
outbox_recipient = _table(OutboxRecipient)
automatic_count = _table(AutomaticCount)
contact = _table(Contact)
imap_folder = _table(ImapFolder)
imap_uid = _table(ImapUid)
counter = _table(Counter)
heading = _table(Heading)
