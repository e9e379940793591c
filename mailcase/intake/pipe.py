"""One message on standard input, for an MTA's alias or pipe transport: `mailcase deliver` (B5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from mailcase import log
from mailcase.core.message import Envelope
from mailcase.core.policy import Mailbox, Policy
from mailcase.core.reading.ingest import header_fields, ingest_key, split_head
from mailcase.intake.smtp_data import MOST_RECEIVED
from mailcase.store.values import Accepted, Incoming

_log = log.get("intake")

# sysexits.h: what an MTA makes of them. 75 keeps the mail in its queue, the others send it back.
OK, USAGE, BAD_DATA, NO_USER, TRY_AGAIN, REFUSED = 0, 64, 65, 67, 75, 77


@dataclass(frozen=True, slots=True)
class Delivery:
    """How it ended: the exit code, and a line for standard error, which MTAs put into the bounce or their log."""

    code: int
    text: str


def deliver(
    source: BinaryIO,
    mailbox: str,
    policy: Policy,
    add: Callable[[Incoming], Accepted],
    *,
    max_size: int,
    now: datetime,
    environment: Mapping[str, str],
) -> Delivery:
    """Reads one message and keeps it for `mailbox`. Never raises: what is our fault is 75, and the MTA tries again.

    `add` returns when the mail is on disk. `environment` may have SENDER, RECIPIENT or ORIGINAL_RECIPIENT, and
    CLIENT_ADDRESS, as Postfix's local(8) sets them. 0 kept (or had already); 65 not a message, or too large; 67 no such
    mailbox; 77 refused because it goes round in a loop; 64 is for the command line's own arguments.
    """
    found = next((entry for entry in policy.mailboxes if entry.name == mailbox), None)
    if found is None:
        return Delivery(NO_USER, f"5.1.1 there is no mailbox {mailbox!r} here")
    try:
        raw = source.read(max_size + 1)
        refusal = _refusal(raw, max_size)
        if refusal is not None:
            return refusal
        accepted = add(incoming(raw, found, now, environment))
    except Exception as error:
        _log.error("not kept", mailbox=mailbox, exc_info=error)
        return Delivery(TRY_AGAIN, f"4.3.0 the mail could not be kept now ({type(error).__name__}); it is tried again")
    return Delivery(OK, f"2.0.0 kept as {accepted.id}")


def _refusal(raw: bytes, max_size: int) -> Delivery | None:
    if len(raw) > max_size:
        return Delivery(BAD_DATA, f"5.3.4 the message is larger than {max_size} bytes")
    if not raw.strip():
        return Delivery(BAD_DATA, "5.6.0 there is no message on standard input")
    if len(header_fields(split_head(raw)[0], (b"received",))[b"received"]) > MOST_RECEIVED:
        return Delivery(REFUSED, "5.4.6 the message has passed too many servers; it seems to go round in a loop")
    return None


def incoming(raw: bytes, mailbox: Mailbox, now: datetime, environment: Mapping[str, str]) -> Incoming:
    """The spool's value. A `From ` line that local(8) puts above the message is not a part of it and is cut off."""
    sender = environment.get("SENDER", "")
    if raw.startswith(b"From "):
        line, _, raw = raw.partition(b"\n")
        sender = sender or _sender_of(line)
    if not sender:
        paths = header_fields(split_head(raw)[0], (b"return-path",))[b"return-path"]
        sender = paths[0].strip(b"<> ").decode("utf-8", "replace") if paths else ""
    envelope = Envelope(
        sender="" if sender.upper() == "MAILER-DAEMON" else sender,
        recipients=(_recipient(mailbox, environment),),
        peer=environment.get("CLIENT_ADDRESS", ""),
    )
    return Incoming(raw, envelope, "pipe", ingest_key(raw), now, mailbox=mailbox.name, origin=f"pipe/{mailbox.name}")


def _sender_of(line: bytes) -> str:
    """The address of `From a@b Sat Nov 21 …`."""
    words = line.split()
    return words[1].decode("utf-8", "replace") if len(words) > 1 else ""


def _recipient(mailbox: Mailbox, environment: Mapping[str, str]) -> str:
    """The address as it was written, with its plus-part, when it is one of this mailbox; else the mailbox's own."""
    for name in ("ORIGINAL_RECIPIENT", "RECIPIENT"):
        address = environment.get(name, "")
        if address and Policy(mailboxes=(mailbox,)).mailbox_of(address) is not None:
            return address
    return mailbox.address
