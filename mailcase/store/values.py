"""The values that cross the border of the store. Plain and frozen: no row object leaves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mailcase.core.message import Envelope


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail on its way into the spool. `raw` is byte-identical to what came; `ingest_key` makes it once (B7).

    `source` is smtp, lmtp, imap, sent, pipe or import. `mailbox` is the name of the mailbox it came for ("" when the
    envelope's recipients say it). `silent` mail (import) answers and notifies nobody. `origin` says where it came
    from in one word for the ledger, such as `support/INBOX/1700000000/42` for IMAP. `sha256` is the digest of `raw`;
    who has clients waiting gives it, else it is made under the database's lock.
    """

    raw: bytes
    envelope: Envelope
    source: str
    ingest_key: str
    received_at: datetime
    mailbox: str = ""
    silent: bool = False
    origin: str = ""
    sha256: bytes = b""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an `Incoming`: its spool id, and whether it was there already."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Spooled:
    """A claimed mail: it is ours until the lease ends. `attempts` counts this one."""

    id: int
    raw: bytes
    envelope: Envelope
    source: str
    mailbox: str
    received_at: datetime
    attempts: int = 1
    silent: bool = False
    origin: str = ""
    confirmed_by: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A composed mail on its way into the outbox. `raw` is sent as it is, every time (O1).

    `reason_key` is UNIQUE: a second mail for the same cause is not added. `case` is a number; `automatic` counts for
    the limits of O4. `hold` keeps it from being sent and says why (a failed template, an uncertain address).
    """

    case: int | None
    kind: str
    mailbox: str
    envelope_from: str
    recipients: tuple[str, ...]
    to: str
    subject: str
    message_id: str
    raw: bytes
    reason_key: str
    automatic: bool = False
    hold: str = ""


@dataclass(frozen=True, slots=True)
class RecipientState:
    """One recipient of an outgoing mail: state is queued, sent, deferred, failed or bounced, with the last words."""

    address: str
    state: str = "queued"
    reply: str = ""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A row of the outbox as the sender and the command line see it; `raw` only where it was asked for."""

    id: int
    case: int | None
    kind: str
    mailbox: str
    envelope_from: str
    recipients: tuple[RecipientState, ...]
    to: str
    subject: str
    message_id: str
    state: str
    attempts: int
    next_try: datetime | None
    last_reply: str
    created_at: datetime
    automatic: bool = False
    raw: bytes = field(default=b"", repr=False)
