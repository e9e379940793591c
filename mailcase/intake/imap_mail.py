"""Makes an `Incoming` of what IMAP gave us: IMAP has no envelope, so it is read from what the servers left on top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mailcase.config import MailboxTable
from mailcase.core.message import Envelope
from mailcase.core.reading.ingest import ingest_key
from mailcase.store.values import Incoming

# Mail that had been lying there for longer when we came is taken without answering anybody (attacks B14).
OLD = timedelta(hours=24)

_HEAD = 256 * 1024
_DELIVERED_TO = (b"delivered-to", b"x-original-to", b"envelope-to", b"x-envelope-to")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_BLANK = re.compile(rb"\r?\n\r?\n")
_BETWEEN = re.compile(r"[\s<>,;:\"()\[\]]+")


def incoming(
    raw: bytes, mailbox: MailboxTable, *, source: str, origin: str, at: datetime, first_contact: datetime
) -> Incoming:
    """The spool's value for a mail of `mailbox`. `source` is imap or sent; `at` is when the server got it."""
    fields = _fields(raw)
    sent = source == "sent"
    envelope = Envelope(
        sender=mailbox.address if sent else _sender(fields),
        recipients=_written_to(fields) if sent else _recipients(fields, mailbox),
    )
    return Incoming(
        raw=raw,
        envelope=envelope,
        source=source,
        ingest_key=ingest_key(raw),
        received_at=at,
        mailbox=mailbox.name,
        silent=at < first_contact - OLD,
        origin=origin,
    )


def recipients_of(head: bytes, mailbox: MailboxTable) -> tuple[str, ...]:
    """Whom the mail came for: `mailbox`'s address with the plus-part it was written to (T1), else its plain address.

    Plus-parts are looked for where servers note the envelope (Delivered-To, X-Original-To, Envelope-To), then in To
    and Cc. `head` is the mail, or as much of it as has the header block.
    """
    return _recipients(_fields(head), mailbox)


def _recipients(fields: dict[bytes, list[bytes]], mailbox: MailboxTable) -> tuple[str, ...]:
    ours = {address.casefold() for address in (mailbox.address, *mailbox.aliases)}
    found: dict[str, str] = {}
    for name in (*_DELIVERED_TO, b"to", b"cc"):
        for value in fields.get(name, ()):
            for word in _words(value):
                local, _, domain = word.rpartition("@")
                user, plus, _ = local.partition("+")
                if plus and f"{user}@{domain}".casefold() in ours and mailbox.plus_addressing:
                    found.setdefault(word.casefold(), word)
    return tuple(found.values()) or (mailbox.address,)


def _sender(fields: dict[bytes, list[bytes]]) -> str:
    """The return path (RFC 5321 section 4.4); "" for the null one. From's address where no server noted any."""
    if b"return-path" in fields:
        return next(_words(fields[b"return-path"][0]), "")
    return next((word for value in fields.get(b"from", ()) for word in _addresses(value)), "")


def _written_to(fields: dict[bytes, list[bytes]]) -> tuple[str, ...]:
    """Everybody that a mail of the Sent folder went to, as far as it tells."""
    found: dict[str, str] = {}
    for name in (b"to", b"cc", b"bcc"):
        for value in fields.get(name, ()):
            for address in _addresses(value):
                found.setdefault(address.casefold(), address)
    return tuple(found.values())


def _fields(raw: bytes) -> dict[bytes, list[bytes]]:
    """Every field of the header block by lower-case name, unfolded, in order (RFC 5322 section 2.2.3)."""
    end = _BLANK.search(raw, 0, _HEAD)
    head = _FOLD.sub(b"", raw[: end.start() if end else _HEAD])
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields


def _words(value: bytes) -> Iterator[str]:
    """What could be an address in a field: the words with an @, as they stand. Linear in the length."""
    for word in _BETWEEN.split(value.decode("utf-8", "replace")):
        local, at, domain = word.rpartition("@")
        if at and local and domain and "@" not in local and "\ufffd" not in word and word.isprintable():
            yield word


def _addresses(value: bytes) -> Iterator[str]:
    """The addresses of an address list: what stands in angle brackets, else a word with an @."""
    for piece in value.split(b","):
        _, bracket, rest = piece.rpartition(b"<")
        yield from _words(rest.partition(b">")[0] if bracket else rest)
