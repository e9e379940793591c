"""The bytes of a mail that leaves, written by hand: 7-bit, CRLF, and no header but the ones that were meant."""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b

from mailcase.core.headers import (
    ComposeError,
    address_field,
    body_octets,
    clean_line,
    clean_text,
    field,
    parameter_fields,
)
from mailcase.core.message import Address
from mailcase.core.reading.charset import is_utf8

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
_HEAD_LINE = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,59}): [\x20-\x7e]*|[ \t][\x20-\x7e]*")
_ID = re.compile(r"[!-;=?-~]{1,400}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9-]{1,20})?")
_HIGH = bytes(range(128, 256))
_OWN = frozenset(
    (
        "date", "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "message-id", "in-reply-to", "references",
        "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-language",
        "auto-submitted", "x-auto-response-suppress", "x-mailcase-loop", "return-path", "received",
    )
)  # fmt: skip
_AUTOMATIC = ("", "auto-replied", "auto-generated")
_KEPT_REFERENCES = 20
# What may keep its declared type: nothing here is run or rendered as a page by a mail client (attacks S37).
SAFE_TYPES = frozenset(
    (
        "application/pdf", "application/zip", "application/gzip", "application/x-7z-compressed", "application/x-tar",
        "application/json", "application/msword", "application/rtf", "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation", "audio/aac", "audio/mp4", "audio/mpeg", "audio/ogg",
        "audio/wav", "audio/x-wav", "image/bmp", "image/gif", "image/heic", "image/jpeg", "image/png", "image/tiff",
        "image/webp", "text/calendar", "text/csv", "text/plain", "text/vcard", "text/x-log", "text/x-vcard",
        "video/mp4", "video/mpeg", "video/ogg", "video/quicktime", "video/webm",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file that goes with a mail. With `content_id` (no brackets) it is an inline image that the HTML part shows."""

    filename: str
    content_type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A MIME entity: its own header lines (without CRLF) and its encoded body."""

    head: tuple[str, ...]
    body: bytes


def compose(
    *,
    sender: Address,
    to: Sequence[Address],
    subject: str,
    message_id: str,
    date: datetime,
    text: str,
    cc: Sequence[Address] = (),
    html: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    reply_to: str | Address = "",
    automatic: str = "",
    desk_id: str = "",
    language: str = "",
    attachments: Sequence[OutgoingAttachment] = (),
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:
    """The whole message (RFC 5322, MIME by RFC 2045-2049) as 7-bit bytes with CRLF, headers verified.

    `message_id`, `in_reply_to` and `references` come with or without angle brackets; foreign ids that cannot be
    written safely are left out. `automatic` is "", `auto-replied` or `auto-generated` (RFC 3834 section 5). The MIME
    boundaries are derived from `message_id`, so the same arguments give the same bytes. `extra` are further fields,
    in order. Raises ComposeError for an address, Message-ID, date or field name that must not be sent.
    """
    own_id = _bare_id(message_id)
    if not own_id or "@" not in own_id:
        raise ComposeError(f"cannot send with the Message-ID {message_id!r}")
    if date.tzinfo is None:
        raise ComposeError("the date of a mail needs a time zone")
    lines = [f"Date: {format_datetime(date)}", *_people_fields(sender, to, cc, reply_to)]
    lines += [field("Subject", subject), f"Message-ID: <{own_id}>", *_thread_fields(in_reply_to, references)]
    lines += _marks(automatic, desk_id, language)
    lines += [_extra_field(name, value) for name, value in extra]
    content = _content(text, html, attachments, own_id)
    lines += ["MIME-Version: 1.0", *content.head]
    raw = "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + content.body
    return verify(raw, tuple(line.partition(":")[0] for line in lines))


def verify(raw: bytes, intended: Sequence[str]) -> bytes:
    """`raw` itself when its header fields are exactly `intended`, in order; else ComposeError (attacks S12, S25).

    Reads the bytes anew and knows nothing of how they were made. Also refuses bare CR or LF, NUL, 8-bit bytes and
    header lines over 998 octets (RFC 5322 section 2.1.1).
    """
    pairs = raw.count(b"\r\n")
    if raw.count(b"\r") != pairs or raw.count(b"\n") != pairs or b"\0" in raw or not raw.isascii():
        raise ComposeError("the mail has a bare CR or LF, NUL or 8-bit bytes")
    block, separator, _ = raw.partition(b"\r\n\r\n")
    names = []
    for line in block.split(b"\r\n"):
        match = _HEAD_LINE.fullmatch(line)
        if match is None or len(line) > 998 or not line.strip():
            raise ComposeError(f"the mail has a header line that was not meant: {line[:80]!r}")
        if match[1]:
            names.append(match[1].decode("ascii"))
    if not separator or tuple(names) != tuple(intended):
        raise ComposeError(f"the mail has the header fields {names}, meant were {list(intended)}")
    return raw


def _people_fields(sender: Address, to: Sequence[Address], cc: Sequence[Address], reply_to: str | Address) -> list[str]:
    lines = [address_field("From", (sender,)), address_field("To", to)]
    if cc:
        lines.append(address_field("Cc", cc))
    if reply_to:
        answer = reply_to if isinstance(reply_to, Address) else Address("", reply_to)
        lines.append(address_field("Reply-To", (answer,)))
    return lines


def _bare_id(message_id: str) -> str:
    """A Message-ID without brackets, or "" for one that cannot stand in a header field."""
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    return bare if _ID.fullmatch(bare) else ""


def _thread_fields(in_reply_to: str, references: Sequence[str]) -> list[str]:
    """In-Reply-To and References (RFC 5322 section 3.6.4). Of a long thread the first and the last ids are kept."""
    parent = _bare_id(in_reply_to)
    known = dict.fromkeys(bare for bare in map(_bare_id, references) if bare and bare != parent)
    thread = [*known, parent] if parent else list(known)
    if len(thread) > _KEPT_REFERENCES + 1:
        thread = [thread[0], *thread[-_KEPT_REFERENCES:]]
    lines = [f"In-Reply-To: <{parent}>"] if parent else []
    if thread:
        lines.append("References: " + "\r\n ".join(f"<{bare}>" for bare in thread))
    return lines


def _marks(automatic: str, desk_id: str, language: str) -> list[str]:
    """What says that this is a machine's mail (RFC 3834, MS-OXCMAIL), whose it is, and in which language."""
    if automatic not in _AUTOMATIC:
        raise ComposeError(f"{automatic!r} is no value of Auto-Submitted that we send")
    lines = [f"Auto-Submitted: {automatic}", "X-Auto-Response-Suppress: All"] if automatic else []
    if desk_id:
        lines.append(field("X-Mailcase-Loop", desk_id))
    if _LANGUAGE.fullmatch(language):
        lines.append(f"Content-Language: {language}")
    return lines


def _extra_field(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or name.lower() in _OWN:
        raise ComposeError(f"{name!r} cannot be an extra header field")
    return field(name, value)


def _content(text: str, html: str, attachments: Sequence[OutgoingAttachment], seed: str) -> _Part:
    """The body: text alone, text and HTML as alternatives, images the HTML shows related to it, files mixed in."""
    shown = [a for a in attachments if html and a.content_id and _bare_id(a.content_id)]
    files = [a for a in attachments if a not in shown]
    body = _text_part("plain", text)
    if html:
        page = _text_part("html", html)
        if shown:
            page = _multipart("related", [page, *map(_file_part, shown)], seed)
        body = _multipart("alternative", [body, page], seed)
    return _multipart("mixed", [body, *map(_file_part, files)], seed) if files else body


def _multipart(kind: str, parts: Iterable[_Part], seed: str) -> _Part:
    """RFC 2046 section 5.1. `=_` stands in neither quoted-printable nor base64; 7-bit text cannot guess the digest."""
    digest = blake2b(f"{kind} {seed}".encode(), digest_size=12).hexdigest()
    boundary = f"=_{digest}".encode("ascii")
    pieces = []
    for part in parts:
        pieces += [b"--", boundary, b"\r\n", "\r\n".join(part.head).encode("ascii"), b"\r\n\r\n", part.body, b"\r\n"]
    pieces += [b"--", boundary, b"--\r\n"]
    return _Part((f'Content-Type: multipart/{kind};\r\n boundary="=_{digest}"',), b"".join(pieces))


def _text_part(subtype: str, text: str) -> _Part:
    """Text in the shortest of 7bit (ASCII, lines of at most 78), quoted-printable and base64."""
    clean = body_octets(text)
    charset = "us-ascii" if clean.isascii() else "utf-8"
    plain = clean.isascii() and max(map(len, clean.split(b"\n"))) <= 78
    data = clean.replace(b"\n", b"\r\n")
    high = len(data) - len(data.translate(None, _HIGH))
    if plain:
        encoding, body = "7bit", data
    elif 6 * high < len(data):  # quoted-printable adds two octets to each; base64 adds a third to all
        encoding, body = "quoted-printable", b2a_qp(data, istext=True)
    else:
        encoding, body = "base64", _base64(data)
    head = (f"Content-Type: text/{subtype}; charset={charset}", f"Content-Transfer-Encoding: {encoding}")
    return _Part(head, body)


def _file_part(attachment: OutgoingAttachment) -> _Part:
    """A file. Its type is a harmless one or octet-stream, and it is never shown in place unless the HTML shows it."""
    inline = bool(_bare_id(attachment.content_id)) and attachment.content_type.lower().startswith("image/")
    declared = attachment.content_type.strip().lower()
    content_type = declared if declared in SAFE_TYPES else "application/octet-stream"
    name, disposition = parameter_fields(attachment.filename)
    if content_type.startswith("text/") and is_utf8(attachment.data):
        content_type += "; charset=utf-8"
    head = [
        f"Content-Type: {content_type};\r\n {name}",
        f"Content-Disposition: {'inline' if inline else 'attachment'};\r\n {disposition}",
        "Content-Transfer-Encoding: base64",
    ]
    if inline:
        head.append(f"Content-ID: <{_bare_id(attachment.content_id)}>")
    return _Part(tuple(head), _base64(attachment.data))


def _base64(data: bytes) -> bytes:
    """RFC 2045 section 6.8: lines of 76 characters, each ended by CRLF."""
    line = b2a_base64(data, newline=False)
    return b"".join([line[at : at + 76] + b"\r\n" for at in range(0, len(line), 76)])


__all__ = ["SAFE_TYPES", "ComposeError", "OutgoingAttachment", "clean_line", "clean_text", "compose", "verify"]
