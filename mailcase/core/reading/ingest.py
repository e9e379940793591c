"""The key that makes a mail once, however often and by whichever way it arrives (B7)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

# What no relay changes. Received, Return-Path, Delivered-To and all X- fields differ from one way in to the other.
_FIELDS = (b"message-id", b"date", b"from", b"subject")
_BLANKS = b"\r\n \t"
_PART = 65_536


def ingest_key(raw: bytes) -> str:
    """SHA-256, in hex, over Message-ID, Date, From, Subject and the body of one mail.

    The same mail gets the same key by SMTP and by IMAP: fields are unfolded (RFC 5322 section 2.2.3) and their white
    space is made even, lines of the body end with LF, blank lines at its end do not count. The body and the author
    are part of the key: a forged Message-ID cannot suppress somebody else's mail. Without any of the fields the whole
    mail is the key.
    """
    head, body = split_head(raw)
    fields = header_fields(head, _FIELDS)
    if not any(fields.values()):  # such as a lone line of text: only the whole of it tells it from the next
        return sha256(raw.rstrip(b"\r\n \t").replace(b"\r", b"")).hexdigest()
    digest = sha256()
    for name, values in fields.items():
        for value in values:
            digest.update(b"%s:%d:%s\n" % (name, len(value), value))
    digest.update(b"\n")
    for part in _parts(body):
        digest.update(part)
    return digest.hexdigest()


def _parts(body: bytes) -> Iterator[bytes]:
    """The body without CRs and without the blanks at its end, in small parts: copies of a megabyte cost a millisecond.

    Without bare CRs, which mail may not contain, this is the same as replacing CRLF by LF, at a tenth of its cost.
    """
    end = len(body)
    while end:
        last = body[max(end - _PART, 0) : end]
        kept = len(last.rstrip(_BLANKS))
        end -= len(last) - kept
        if kept:
            break
    for start in range(0, end, _PART):
        yield body[start : min(start + _PART, end)].replace(b"\r", b"")


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """Header block and body, parted at the first blank line; the body is b"" when there is none."""
    if raw[:1] == b"\n" or raw[:2] == b"\r\n":
        return b"", raw.lstrip(b"\r\n")
    crlf = raw.find(b"\n\r\n")
    # Only in front of that one: looking through a large body for what is not in it costs a millisecond.
    lf = raw.find(b"\n\n", 0, crlf if crlf >= 0 else len(raw))
    if lf >= 0:
        return raw[:lf], raw[lf + 2 :]
    return (raw[:crlf], raw[crlf + 3 :]) if crlf >= 0 else (raw, b"")


def header_fields(head: bytes, names: tuple[bytes, ...]) -> dict[bytes, list[bytes]]:
    """The unfolded raw values of the fields `names` (lower case), in the order of `names` and then of appearance.

    Runs of white space are one blank. Fields that are missing or empty have no entry in the list.
    """
    found: dict[bytes, list[bytes]] = {name: [] for name in names}
    unfolded = head.replace(b"\r", b"").replace(b"\n ", b" ").replace(b"\n\t", b" ")
    for line in unfolded.split(b"\n"):
        name, colon, value = line.partition(b":")
        values = found.get(name.strip().lower()) if colon else None
        if values is not None and (even := b" ".join(value.split())):
            values.append(even)
    return found
