"""Reads the bytes of a mail into a `Mail`. The one module that knows mail-parser."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailparser import MailParser  # type: ignore[import-untyped]
from mailparser.dates import parse_mail_date  # type: ignore[import-untyped]
from mailparser.exceptions import MailParserError  # type: ignore[import-untyped]
from mailparser.utils import get_addresses  # type: ignore[import-untyped]

from mailcase.core.message import Address, Attachment, Limits, Mail, Part
from mailcase.core.reading import address, body, boundaries, charset, cut, html, mend, mime, normalise, tnef
from mailcase.core.reading.body import Leaf, Sorted
from mailcase.core.reading.bounded import BoundedMessage, OverBound, Tally, message_class

LIMITS = Limits()
LINES = 400_000  # the parser asks every open multipart about every line
ATTACHED_DEPTH = 5  # messages in messages
ATTACHED_BYTES = 256 * 1024  # of an attached message: its text stands at its head
PART_TEXT = 256 * 1024
HEAD_TEXT = 64 * 1024
RECIPIENTS = 1_000
# RFC 3156 and RFC 8551: the letter is inside, for those who have the key
ENCRYPTED = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")

_SINGLE = (  # RFC 5322 section 3.6, RFC 2045
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
    "content-type",
)  # fmt: skip
_FOLDS = re.compile(r"[ \t]*\r?\n[ \t]*")
_IDS = re.compile(r"<[ \t]{0,9}([^<>\s]{1,998})[ \t]{0,9}>")
_HEADER_END = re.compile(rb"\r?\n\r?\n|\r\r")


class _Reader(MailParser):  # type: ignore[misc]
    """mail-parser, kept to building the message within our bounds. Its own walk merges the text of attached messages
    into the body and keeps one of repeated fields: ours is in `core/reading/body.py`."""

    @classmethod
    def bounded(cls, raw: bytes, tally: Tally) -> BoundedMessage:
        """The message of these bytes. Raises OverBound or MailParserError."""
        reader = cls._parse_guarded(lambda: email.message_from_bytes(raw, _class=message_class(tally)))
        message: BoundedMessage = reader.message
        return message

    def parse(self) -> _Reader:
        return self


def read_mail(raw: bytes, limits: Limits = LIMITS) -> Mail:
    """What these bytes say, whatever they are: never raises. Over a bound of `limits` a shorter reading with a defect
    that names it. The bytes themselves are the caller's to keep."""
    mail, whole = _read(raw, limits)
    if whole == raw:
        return mail
    return _with_mended_head(mail, _read(whole, limits)[0])


def _with_mended_head(mail: Mail, better: Mail) -> Mail:
    """The better reading, with a sender only where both have the same: the programs that vouched for the sender on the
    way did not mend the head."""
    sender = better.sender if better.sender == mail.sender else None
    return replace(better, sender=sender, defects=(*better.defects, "header-broken"))


def _read(raw: bytes, limits: Limits) -> tuple[Mail, bytes]:
    """(the reading, the bytes with their head mended or as they were)."""
    tally = Tally(limits)
    trimmed = _trimmed(raw, limits, tally)
    try:
        small, holes = cut.without_attachments(trimmed)
        message, leaves, found = _leaves(_within_lines(small, tally), tally)
        if holes and not _all_found(leaves, holes):
            tally.parts, holes = 0, ()
            message, leaves, found = _leaves(_within_lines(trimmed, tally), tally)
    except (OverBound, MailParserError) as error:
        return _head_only(trimmed, limits, tally, str(error) if isinstance(error, OverBound) else "unparsable"), raw
    whole = mend.head(trimmed) if mend.is_broken(message) else trimmed
    return _mail(message, leaves, found, holes, tally), raw if whole == trimmed else whole


def _leaves(raw: bytes, tally: Tally) -> tuple[BoundedMessage, list[Leaf], Sorted]:
    """The message, its leaves, and these by use."""
    before = tally.parts, dict(tally.defects)
    short, tally.boundaries = boundaries.renamed(raw)
    message = _Reader.bounded(short, tally)
    leaves, found = body.sort(message)
    tally.boundaries = {}
    if short is not raw and any(boundaries.NAME.encode() in leaf.message.data() for leaf in leaves):
        tally.parts, tally.defects = before
        message = _Reader.bounded(raw, tally)
        leaves, found = body.sort(message)
    return message, leaves, found


def attachment_bytes(raw: bytes, index: int, limits: Limits = LIMITS) -> bytes:
    """The decoded bytes of `Attachment.index` of the same mail. Raises IndexError when there is no such attachment."""
    tally = Tally(limits)
    try:
        raw = _within_lines(_trimmed(raw, limits, tally), tally)
        message = _Reader.bounded(raw, tally)
        if mend.is_broken(message):
            message = _Reader.bounded(mend.head(raw), Tally(limits))
        leaves, found = body.sort(message)
    except (OverBound, MailParserError) as error:
        raise IndexError(index) from error
    for leaf in leaves:
        body.decode_leaf(leaf, 0)
    body.settle(leaves, found)
    for attachment, data in _attachments(found, (), tally):
        if attachment.index == index:
            return data
    raise IndexError(index)


def _trimmed(raw: bytes, limits: Limits, tally: Tally) -> bytes:
    """The bytes without what stands before the first field, and within the bound on the header block."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if raw[:1] in (b" ", b"\t") and not raw.partition(b"\n")[0].strip():
        raw = raw[raw.rfind(b"\n", 0, len(raw) - len(raw.lstrip())) + 1 :]
    first = raw.find(b"\n", 0, limits.header)
    if raw[max(first - 2, 0) : first] == b"\r\r":  # every line, then: a program made CRLF of LF twice
        raw = raw.replace(b"\r\r\n", b"\r\n")
    if len(raw) > limits.header_block and not _HEADER_END.search(raw, 0, limits.header_block):
        tally.defects["headers-too-long"] = None
        head = raw[: limits.header_block].rpartition(b"\n")[0]
        rest = _HEADER_END.search(raw, limits.header_block)
        raw = head + b"\n\n" + (raw[rest.end() :] if rest else b"")
    return raw


def _within_lines(raw: bytes, tally: Tally) -> bytes:
    """At most 400,000 lines of it."""
    if len(raw) <= LINES or raw.count(b"\n") + raw.count(b"\r") <= LINES:
        return raw
    lines = raw[: LINES * 100].splitlines(keepends=True)
    if len(lines) <= LINES and len(raw) <= LINES * 100:
        return raw
    tally.defects["too-many-lines"] = None
    return b"".join(lines[:LINES])


def _all_found(leaves: list[Leaf], holes: tuple[cut.Hole, ...]) -> bool:
    """True when every hole is an attachment's body, in order: the cut saw the mail as the parser does."""
    seen = [cut.hole_of(leaf.message.data(), holes) for leaf in leaves]
    return [hole for hole in seen if hole is not None] == list(holes) and not any(
        hole is not None and leaf.is_textual for hole, leaf in zip(seen, leaves, strict=True)
    )


def _head_only(raw: bytes, limits: Limits, tally: Tally, defect: str) -> Mail:
    """The header fields, and the beginning of the rest as it stands."""
    end = _HEADER_END.search(raw)
    head, rest = (raw[: end.end()], raw[end.end() :]) if end else (raw[: limits.header_block], b"")
    tally.parts = 0
    message = BoundedMessage(tally)
    try:
        message = _Reader.bounded(head, tally)
    except (OverBound, MailParserError):
        tally.defects["headers-unreadable"] = None
    tally.defects[defect] = None
    text = normalise.clean_text(charset.decode(rest[:HEAD_TEXT])[0])
    return _with_headers(message, tally, text=text)


def _mail(
    message: BoundedMessage, leaves: list[Leaf], found: Sorted, holes: tuple[cut.Hole, ...], tally: Tally
) -> Mail:
    limits = tally.limits
    shown = {*found.plain, *found.html}
    for leaf in leaves:
        if not (holes and cut.hole_of(leaf.message.data(), holes)):
            body.decode_leaf(leaf, limits.text if leaf in shown else PART_TEXT)
        tally.defects.update(dict.fromkeys(leaf.defects if leaf in shown or not leaf.sound else ()))
        tally.defects.update({"cut-off": None} if leaf.unclosed else {})
    body.settle(leaves, found)
    parts = tuple(_parts(leaves, tally, 0))
    attachments = tuple(attachment for attachment, _ in _attachments(found, holes, tally))
    text, source, _ = body.texts(found, leaves)
    if not text.strip():
        text = tnef.body(found.attachments) or text
    if not text.strip() and any(leaf.media in ENCRYPTED for leaf in leaves):
        tally.defects["encrypted"] = None
    cleaned = html.clean(source) if source else ""
    if source.strip() and not cleaned and html.too_costly(source):
        tally.defects["html-too-costly"] = None
    return _with_headers(
        message, tally, _label(message, leaves), text=text[: limits.text], html_=cleaned, parts=parts,
        attachments=attachments,
    )  # fmt: skip


def _label(message: BoundedMessage, leaves: list[Leaf]) -> str:
    """The charset of the first text that states one: what a program without encoded words writes into the head, too.
    "" for the Western ones, which are stated without thought and can be read into any bytes."""
    if "".join([value for _, value in message.raw_fields]).isascii():
        return ""
    stated = (mime.parameters(leaf.message.field("content-type")).get("charset", "") for leaf in leaves)
    label = next(filter(None, stated), "")
    return "" if charset.is_western(label) else label


def _parts(leaves: list[Leaf], tally: Tally, depth: int) -> Iterator[Part]:
    """The leaves as parts, each attached message followed by its own (RFC 2046 section 5.2.1)."""
    for leaf in leaves:
        attached = leaf.media.startswith("message/") and not leaf.is_textual
        text = leaf.text
        if attached:
            text = normalise.clean_text(charset.decode(leaf.data[:HEAD_TEXT])[0])
        description = leaf.message.field("content-description")
        yield Part(
            leaf.media,
            text,
            leaf.filename,
            leaf.disposition,
            normalise.clean_line(charset.decode_words(description)) if description else "",
            depth,
        )
        if attached and depth < ATTACHED_DEPTH:
            yield from _attached_parts(leaf, tally, depth + 1)


def _attached_parts(leaf: Leaf, tally: Tally, depth: int) -> Iterator[Part]:
    try:
        leaves, _ = body.sort(_Reader.bounded(leaf.data[:ATTACHED_BYTES], tally))
    except (OverBound, MailParserError) as error:
        tally.defects[str(error) if isinstance(error, OverBound) else "attached-message-unparsable"] = None
        return
    for inner in leaves:
        body.decode_leaf(inner, PART_TEXT)
    yield from _parts(leaves, tally, depth)


def _attachments(found: Sorted, holes: tuple[cut.Hole, ...], tally: Tally) -> Iterator[tuple[Attachment, bytes]]:
    """(attachment, its bytes or b"" where they were cut out), numbered from 0."""
    index = 0
    for leaf in found.attachments:
        hole = cut.hole_of(leaf.message.data(), holes) if holes else None
        if hole is None and not leaf.data:
            tally.defects["empty-attachment"] = None
            if not leaf.filename:
                continue
        contents = tnef.contents(leaf) if tnef.is_tnef(leaf) else None
        if contents is None:
            if tnef.is_tnef(leaf):
                tally.defects["tnef-unreadable"] = None
            contents = ((leaf.filename or _message_name(leaf), leaf.media, leaf.data),)
        for filename, media, data in contents:
            if index >= tally.limits.attachments:
                tally.defects["too-many-attachments"] = None
                return
            content_id = normalise.clean_line(leaf.message.field("content-id").strip(" \t\r\n<>"))
            # A part of the page is a picture that it can name. Apple's mail calls every file inline, also a contract.
            inline = bool(content_id) and leaf.disposition != "attachment" and media.startswith("image/")
            size = hole.size if hole is not None else len(data)
            yield Attachment(filename, media, size, index, content_id, inline), data
            index += 1


def _message_name(leaf: Leaf) -> str:
    """An attached message is named after its subject."""
    if leaf.media not in ("message/rfc822", "message/global"):
        return ""
    head = _HEADER_END.search(leaf.data, 0, HEAD_TEXT)
    try:
        message = _Reader.bounded(leaf.data[: head.end() if head else HEAD_TEXT], Tally(LIMITS))
    except (OverBound, MailParserError):
        return ""
    subject = normalise.clean_subject(charset.decode_words(message.field("subject")))
    return normalise.clean_filename(subject.replace("/", "-").replace("\\", "-") + ".eml") if subject else ""


def _with_headers(
    message: BoundedMessage,
    tally: Tally,
    label: str = "",
    *,
    text: str,
    html_: str = "",
    parts: tuple[Part, ...] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Mail:
    raw: dict[str, list[str]] = {}
    headers: list[tuple[str, str]] = []
    for name, value in message.raw_fields:
        key = normalise.clean_line(charset.raw_text(name)).lower()
        raw.setdefault(key, []).append(value)
        headers.append((key, header_text(value, label)))
    repeated = [f"repeated-{name}" for name, values in raw.items() if len(values) > 1 and name in _SINGLE]
    sender, authors, reasons = _sender(raw.get("from", []), label)
    date, undated = _date(raw.get("date", []))
    ids = _ids(raw.get("message-id", []), 1)
    return Mail(
        headers=tuple(headers),
        message_id=ids[0] if ids else "",
        in_reply_to=_ids(raw.get("in-reply-to", []), tally.limits.references),
        references=_ids(raw.get("references", []), tally.limits.references),
        date=date,
        subject=normalise.clean_subject(header_text(raw["subject"][0], label)) if "subject" in raw else "",
        sender=sender,
        authors=authors,
        reply_to=_addresses(raw.get("reply-to", []), label),
        to=_addresses(raw.get("to", []), label),
        cc=_addresses(raw.get("cc", []), label),
        content_type=message.media_type(),
        text=text,
        html=html_,
        parts=parts,
        attachments=attachments,
        defects=tuple(dict.fromkeys([*tally.defects, *repeated, *reasons, *undated])),
    )


def header_text(value: str, label: str = "") -> str:
    """A raw field value as text on one line: unfolded, encoded words decoded (RFC 2047), 8-bit bytes as UTF-8, else in
    the charset `label`."""
    if "\n" in value or "\r" in value:
        value = _FOLDS.sub(" ", value)
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value.strip()
    return normalise.clean_line(charset.decode_words(value, label), len(value) + 1)


def _sender(fields: list[str], label: str) -> tuple[Address | None, tuple[Address, ...], list[str]]:
    """(the one author for certain, the authors as far as they can be read, why there is none for certain)."""
    if not fields:
        return None, (), ["no-from"]
    ours = address.parse_strict(fields[0]) if len(fields) == 1 else None
    if ours is None:
        return None, _addresses(fields, label), ["from-not-strict"] if len(fields) == 1 else []
    if [found for _, found in _second_opinion(fields[0])] != [ours.address]:
        return None, _addresses(fields, label), ["from-ambiguous"]
    if not fields[0].isascii():  # the name alone may be in another charset than UTF-8
        named = address.parse_strict(_readable(fields[0], label))
        ours = named if named is not None and named.address == ours.address else ours
    return ours, (ours,), []


def _second_opinion(value: str) -> list[tuple[str, str]]:
    """The addresses by mail-parser. 8-bit bytes of a name are no letters to it: they become a replacement character."""
    found: list[tuple[str, str]] = get_addresses(charset.raw_text(_FOLDS.sub(" ", value)))
    return found


def _addresses(fields: list[str], label: str) -> tuple[Address, ...]:
    values = (_readable(value, label) for value in fields[:10])
    return tuple(found for value in values for found in address.parse_list(value, RECIPIENTS))[:RECIPIENTS]


def _readable(value: str, label: str) -> str:
    """For display. 8-bit bytes inside of an encoded word are in the charset of the word and wait for its decoder."""
    return value if "=?" in value else charset.readable(value, label)


def _ids(fields: list[str], limit: int) -> tuple[str, ...]:
    """Message ids without brackets, each once, in order. Of more than `limit` the first and the last ones: the thread
    began with the first, the mail answers the last (RFC 5322 section 3.6.4)."""
    found: dict[str, None] = {}
    for value in fields[:10]:
        text = _FOLDS.sub(" ", value)
        ids = [charset.raw_text(identifier) for identifier in _IDS.findall(text)]
        if not ids and len(words := charset.raw_text(text).removeprefix("<").split()) == 1:
            ids = words
        found.update(dict.fromkeys(normalise.clean_line(identifier, 998) for identifier in ids))
    every = [identifier for identifier in found if identifier]
    return tuple(every if len(every) <= limit else every[:1] + every[len(every) - limit + 1 :])


def _date(fields: list[str]) -> tuple[datetime | None, list[str]]:
    """(the moment in UTC, defects): RFC 5322 section 3.3 by mail-parser, else what the library can make of it."""
    if not fields:
        return None, ["no-date"]
    value = parse_mail_date(charset.raw_text(fields[0])).value
    if value is not None:
        return value.astimezone(UTC), []
    try:
        loose = parsedate_to_datetime(charset.raw_text(fields[0])[:200])
        return (loose if loose.tzinfo else loose.replace(tzinfo=UTC)).astimezone(UTC), ["date-malformed"]
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, ["date-malformed"]
