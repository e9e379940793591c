"""Every table, defined once. Queries are SQLAlchemy Core on the `Table` objects at the end of this file.

Bytes and state live in two tables, because changing a row rewrites all of it. What search needs besides is made by
`search.py`, since the two databases have different means for it; those tables are called `search_…`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mailcase.store.columns import CleanText, Id, JsonText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(SQLModel):
    """What all tables have in common: one MetaData with named constraints, so that migrations can find them."""

    metadata = metadata


def _id() -> Any:
    return Field(default=None, sa_column=Column(Id, primary_key=True))


def _text(primary_key: bool = False, unique: bool = False) -> Any:
    return Field(default="", sa_column=Column(CleanText, nullable=False, primary_key=primary_key, unique=unique))


def _integer(primary_key: bool = False) -> Any:
    column = Column(Id, nullable=False, primary_key=primary_key, autoincrement=False)
    return Field(default=0, sa_column=column)


def _flag() -> Any:
    return Field(default=False, sa_column=Column(Boolean, nullable=False))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JsonText, nullable=False))


def _time(null: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=null))


def _refers(column: str, null: bool = False, primary_key: bool = False, deferred: bool = False) -> Any:
    """`deferred` is looked at when the transaction ends: a mail may be written before the case it opens."""
    key = ForeignKey(column, deferrable=True, initially="DEFERRED") if deferred else ForeignKey(column)
    return Field(default=None, sa_column=Column(Id, key, nullable=null, primary_key=primary_key, autoincrement=False))


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of few rows of many. Queries repeat `where` word for word, as a literal."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


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
    id: int = _id()
    sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int = _integer()
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Spool(Row, table=True):
    """A mail that reached us: what is to be done with it, and in the end what became of it (B6).

    `state` is waiting, done, quarantined, held or dropped; a claimed row is a waiting one with a lease. `outcome` is
    that of `Outcome.kind`. `message_id` is filled where no message tells it: for ignored mail.
    """

    __tablename__ = "spool"
    __table_args__ = (
        _partial("ix_spool_waiting", "id", where=WAITING),
        _partial("ix_spool_aside", "id", where=ASIDE),
        _partial("ix_spool_message_id", "message_id", where="message_id <> ''"),
        Index(None, "raw_id"),
    )
    id: int = _id()
    ingest_key: str = _text(unique=True)
    raw_id: int | None = _refers("raw.id", null=True)
    source: str = _text()
    mailbox: str = _text()
    envelope: dict[str, Any] = _json()
    received_at: datetime = _time()
    silent: bool = _flag()
    origin: str = _text()
    state: str = _text()
    attempts: int = _integer()
    lease_until: datetime | None = _time(null=True)
    owner: str = _text()
    outcome: str = _text()
    outcome_case: int | None = Field(default=None, sa_column=Column(Id))
    reason: str = _text()
    rule: str = _text()
    confirmed_by: str = _text()
    message_id: str = _text()
    done_at: datetime | None = _time(null=True)


class Sighting(Row, table=True):
    """The same mail once more (B7): it was accepted, and is accounted for by the first one."""

    __tablename__ = "sighting"
    __table_args__ = (Index(None, "spool_id"),)
    id: int = _id()
    spool_id: int = _refers("spool.id")
    source: str = _text()
    mailbox: str = _text()
    origin: str = _text()
    at: datetime = _time()


class Cases(Row, table=True):
    """A case as it stands. Its number is its row: numbers are given once and never change."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_attention", text(ATTENTION), "priority_rank", "created_at", "number"),
        Index(None, "status", "priority_rank", "created_at", "number"),
        Index(None, "requester_key"),
        _partial("ix_cases_follow_up_of", "follow_up_of", where="follow_up_of IS NOT NULL"),
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
    number: int = _integer(primary_key=True)
    mailbox: str = _text()
    subject: str = _text()
    status: str = _text()
    kind: str = _text()
    resolution: str = _text()
    priority: str = _text()
    priority_rank: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    assignee: str = _text()
    requester_name: str = _text()
    requester_address: str = _text()
    requester_key: str = _text()
    language: str = _text()
    answered: bool = _flag()
    until: datetime | None = _time(null=True)
    follow_up_of: int | None = _refers("cases.number", null=True)
    merged_into: int | None = _refers("cases.number", null=True)
    attempts: int = _integer()
    version: int = _integer()
    created_at: datetime = _time()
    updated_at: datetime = _time()
    reserved_by: str | None = Field(default=None, sa_column=Column(CleanText, nullable=True))
    reserved_until: datetime | None = _time(null=True)


class ParticipantRow(Row, table=True):
    """Somebody on a case."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("case", "address_key"), Index(None, "address_key"))
    id: int = _id()
    case: int = _refers("cases.number")
    address_key: str = _text()
    name: str = _text()
    address: str = _text()
    role: str = _text()


class Tag(Row, table=True):
    """A tag on a case."""

    __tablename__ = "tag"
    __table_args__ = (Index(None, "name"),)
    case: int = _refers("cases.number", primary_key=True)
    name: str = _text(primary_key=True)


class Message(Row, table=True):
    """A message on a case. The long columns come last: a list of messages need not read them.

    The bytes are those of the spool row (incoming) or the outbox row (outgoing).
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(None, "case", "id"),
        _partial("ix_message_message_id", "message_id", where="message_id <> ''"),
    )
    id: int = _id()
    case: int = _refers("cases.number")
    at: datetime = _time()
    direction: str = _text()
    message_id: str = _text()
    automatic: bool = _flag()
    verified: bool = _flag()
    author_name: str = _text()
    author_address: str = _text()
    to: list[Any] = _json()
    cc: list[Any] = _json()
    subject: str = _text()
    evidence: str = _text()
    rule: str = _text()
    actor: str = _text()
    spool_id: int | None = _refers("spool.id", null=True)
    outbox_id: int | None = _refers("outbox.id", null=True)
    attachments: list[Any] = _json()
    text: str = _text()
    quoted: str = _text()
    html: str = _text()


class EventRow(Row, table=True):
    """One line of history: who did what when (S1, L2)."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "case", "id"), _partial("ix_event_by_agent", "actor", "case", where=BY_AGENT))
    id: int = _id()
    case: int = _refers("cases.number")
    at: datetime = _time()
    actor: str = _text()
    event: str = _text()
    text: str = _text()
    from_status: str = _text()
    to_status: str = _text()
    data: dict[str, Any] = _json()


class Link(Row, table=True):
    """Two cases that belong together; there is a row for each direction."""

    __tablename__ = "link"
    case: int = _refers("cases.number", primary_key=True)
    other: int = _refers("cases.number", primary_key=True)
    relation: str = _text(primary_key=True)


class DeadlineRow(Row, table=True):
    """When something is due on a case (D2)."""

    __tablename__ = "deadline"
    __table_args__ = (Index(None, "due_at"), Index(None, "case"))
    id: int = _id()
    case: int = _refers("cases.number")
    kind: str = _text()
    step: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    due_at: datetime = _time()


class Later(Row, table=True):
    """An agent's answer that goes out later (O6): a text or a template. `unless_answered`: not if they write first."""

    __tablename__ = "later"
    __table_args__ = (Index(None, "due_at"), Index(None, "case"))
    id: int = _id()
    case: int = _refers("cases.number")
    due_at: datetime = _time()
    agent: str = _text()
    text: str = _text()
    template: str = _text()
    unless_answered: bool = _flag()
    created_at: datetime = _time()


class Mark(Row, table=True):
    """When something that comes round by the clock was last done: `brief:bob`, `report:sue`."""

    __tablename__ = "mark"
    name: str = _text(primary_key=True)
    at: datetime = _time()


class Outbox(Row, table=True):
    """A mail of ours (O1). `lane` is case and recipients: what is in one lane leaves in order.

    `state` is queued, sending, sent, uncertain, failed, held or cancelled; `reason` says why it is held.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _partial("ix_outbox_next_try", "next_try", "id", where=LEAVING),
        _partial("ix_outbox_lane", "lane", "id", where=LEAVING),
        Index(None, "message_id"),
        Index(None, "raw_id"),
        Index(None, "case", "id"),
        Index(None, "state"),
        _partial("ix_outbox_envelope_from", "envelope_from", where="envelope_from <> ''"),
    )
    id: int = _id()
    case: int | None = _refers("cases.number", null=True, deferred=True)
    kind: str = _text()
    mailbox: str = _text()
    envelope_from: str = _text()
    to: str = _text()
    subject: str = _text()
    message_id: str = _text()
    raw_id: int | None = _refers("raw.id", null=True)
    state: str = _text()
    reason: str = _text()
    attempts: int = _integer()
    next_try: datetime | None = _time(null=True)
    last_reply: str = _text()
    reason_key: str = _text(unique=True)
    lane: str = _text()
    automatic: bool = _flag()
    created_at: datetime = _time()
    sent_at: datetime | None = _time(null=True)
    lease_until: datetime | None = _time(null=True)
    owner: str = _text()


class OutboxRecipient(Row, table=True):
    """One recipient of one mail of ours. Case, time and automatic stand here too: the limits of O4 count them."""

    __tablename__ = "outbox_recipient"
    __table_args__ = (
        Index(None, "outbox_id"),
        Index("ix_outbox_recipient_count", "address_key", "created_at", "automatic", "case"),
    )
    id: int = _id()
    outbox_id: int = _refers("outbox.id")
    address: str = _text()
    address_key: str = _text()
    state: str = _text()
    reply: str = _text()
    automatic: bool = _flag()
    case: int | None = Field(default=None, sa_column=Column(Id))
    created_at: datetime = _time()


class AutomaticCount(Row, table=True):
    """How many automatic mails were written to a domain in a minute; domain `*` stands for all together.

    `shard` is the process that counted: writers of one database do not wait for each other's rows.
    """

    __tablename__ = "automatic_count"
    domain: str = _text(primary_key=True)
    minute: int = _integer(primary_key=True)
    shard: int = _integer(primary_key=True)
    count: int = _integer()


class Contact(Row, table=True):
    """What we know of an address beyond one case."""

    __tablename__ = "contact"
    address_key: str = _text(primary_key=True)
    name: str = _text()
    language: str = _text()
    updated_at: datetime = _time()


class ImapFolder(Row, table=True):
    """How far a folder has been read (B3). What is below `first_uid` was there before us and is not ours to take."""

    __tablename__ = "imap_folder"
    mailbox: str = _text(primary_key=True)
    folder: str = _text(primary_key=True)
    uidvalidity: int = _integer()
    last_uid: int = _integer()
    first_uid: int = _integer()
    first_contact_at: datetime = _time()


class ImapUid(Row, table=True):
    """One mail in a folder. `spool_id` is empty where `skipped` says why; `filed` is what was done to it there."""

    __tablename__ = "imap_uid"
    __table_args__ = (
        _partial("ix_imap_uid_unfiled", "mailbox", "folder", "uidvalidity", "uid", where=UNFILED),
        Index(None, "spool_id"),
    )
    mailbox: str = _text(primary_key=True)
    folder: str = _text(primary_key=True)
    uidvalidity: int = _integer(primary_key=True)
    uid: int = _integer(primary_key=True)
    spool_id: int | None = _refers("spool.id", null=True)
    skipped: str = _text()
    filed: str = _text()


class Counter(Row, table=True):
    """The next number of a series: `case`."""

    __tablename__ = "counter"
    name: str = _text(primary_key=True)
    value: int = _integer()


class Heading(Row, table=True):
    """What a case is found by when any part of it will do: subject, names and addresses, folded for comparison."""

    __tablename__ = "heading"
    case: int = _refers("cases.number", primary_key=True)
    text: str = _text()


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
