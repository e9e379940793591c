"""The values a mail is read into. Frozen: what a mail says does not change while it is being decided on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 section 3.4: a display name (may be empty) and an addr-spec."""

    name: str
    address: str

    @property
    def key(self) -> str:
        """The form in which two spellings of one address are equal (case does not matter)."""
        return self.address.casefold()

    @property
    def domain(self) -> str:
        """The part behind the last @, in lower case; empty when there is none."""
        return self.address.rpartition("@")[2].lower() if "@" in self.address else ""

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Envelope:
    """RFC 5321: what the transport said, as opposed to what the message says.

    `sender` is "" for the null return path. `recipients` are as given in RCPT TO (or the polled mailbox's address).
    `authenticated` is the login of SMTP AUTH ("" without), `peer` the client's IP address ("" where there is none).
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    authenticated: str = ""
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the body. `index` finds its bytes again: `parse.attachment_bytes(raw, index)`.

    `size` is in bytes after decoding. `filename` is metadata only: never a path to write to.
    """

    filename: str
    content_type: str
    size: int
    index: int
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the MIME tree in document order (RFC 2046), also those inside attached messages (`depth` > 0).

    `text` is the decoded text of text/*, message/delivery-status, text/rfc822-headers and the like, cut to a bound;
    for message/rfc822 it is the head of the attached message's source. Empty for binary parts.
    """

    content_type: str
    text: str = ""
    filename: str = ""
    disposition: str = ""
    description: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Mail:
    """What one message says (RFC 5322). Ids are without angle brackets; "" or () where a field is missing.

    `sender` is the one author by the strict grammar and two agreeing parsers, or None: *unknown sender*. `authors` is
    From read leniently, for display only: no right may rest on it. `text` is the whole readable body, `html` the
    cleaned HTML part ("" without one). `headers` holds every field in order: (lower-case name, decoded value).
    `defects` names what was wrong, for the history.
    """

    headers: tuple[tuple[str, str], ...] = ()
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    date: datetime | None = None
    subject: str = ""
    sender: Address | None = None
    authors: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    content_type: str = "text/plain"
    text: str = ""
    html: str = ""
    parts: tuple[Part, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the field `name` (lower case), in order of appearance."""
        return tuple(value for key, value in self.headers if key == name)

    def first(self, name: str) -> str:
        """The first value of the field `name` (lower case), or ""."""
        return next((value for key, value in self.headers if key == name), "")


class Kind(StrEnum):
    """Person or machine (R4)."""

    PERSON = "person"
    AUTOMATIC_REPLY = "automatic-reply"
    BOUNCE = "bounce"
    BULK = "bulk"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to take a mail for a machine's. A strong one decides alone; weak ones must agree."""

    name: str
    kind: Kind
    strong: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """RFC 3464 section 2.3: one recipient of a delivery report.

    `action` is failed, delayed, delivered, relayed or expanded; `status` an RFC 3463 code such as "5.1.1" or "";
    `text` the server's own words.
    """

    address: str
    action: str
    status: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report, in the standard form or one of the common others (R5).

    `permanent` says that at least one recipient failed for good. `original_message_id` is "" when the report does
    not show it. `original_headers` is the returned header block as text ("" when not returned).
    """

    permanent: bool
    recipients: tuple[BouncedRecipient, ...] = ()
    original_message_id: str = ""
    original_headers: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of lines of a body: `kind` is new, quote, attribution, signature or forward."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail that somebody passed on (A7): `attached` when it came as message/rfc822, else read from the text.

    `text` is what the original sender wrote; `sender` is None when it could not be told for sure.
    """

    sender: Address | None
    subject: str = ""
    message_id: str = ""
    date: datetime | None = None
    text: str = ""
    attached: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read from one mail: what the rules decide on.

    `new` is what its author wrote now, `quoted` the rest; nothing is lost between them (R3). `language` is an
    ISO 639-1 code, or "" for unsure.
    """

    mail: Mail
    kind: Kind = Kind.PERSON
    signals: tuple[Signal, ...] = ()
    new: str = ""
    quoted: str = ""
    segments: tuple[Segment, ...] = ()
    language: str = ""
    bounce: Bounce | None = None
    forwarded: Forwarded | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """How we recognise ourselves in a mail: our addresses (keys, plus-parts removed) and this desk's loop mark."""

    addresses: frozenset[str] = frozenset()
    desk_id: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one mail (R2, attacks S17). Sizes in bytes. Over a bound the mail is kept raw with a defect noted."""

    header_block: int = 256 * 1024
    header: int = 32 * 1024
    header_count: int = 1_000
    parts: int = 1_000
    depth: int = 50
    attachments: int = 200
    text: int = 2 * 1024 * 1024
    references: int = 100
