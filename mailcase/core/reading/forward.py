"""Finds the mail that somebody passed on, attached or in the text, and who wrote it (A7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mailcase.core.message import Address, Forwarded, Mail, Part
from mailcase.core.reading import address, attribution, charset, header_block, normalise, quote

_PREFIX = re.compile(r"(?:\[[^\]]{0,80}\]\s{0,4}){0,4}([^\W\d_][\w' -]{0,17}?)\s?(?:[\[(^]\d{1,3}[\])]?)?\s?[:：]")
_PREFIXES = frozenset(attribution.folded(word) for word in attribution.FORWARD_SUBJECTS.split("|"))
_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_MAILTO = re.compile(r"[<\[(]{0,2}\s?mailto:\s?", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s]{3,250})>")
_CLOSING = "<>[]()*_\"'`,; \t\xa0" + attribution.INVISIBLE


def says_forward(subject: str, text: str = "") -> bool:
    """True when the first prefix of the subject is a client's mark for a forward (Fwd:, WG:, TR:, 转发: …).

    "VS:" is a forward in Norwegian and an answer in Finnish: the fields in `text` tell which.
    """
    match = _PREFIX.match(subject.strip())
    word = attribution.folded(" ".join(match.group(1).split())) if match else ""
    if word == "i":  # Italian "I:", but not the word
        return match is not None and match.group(1) == "I" and "@" in text
    if word == "vs":
        return "lähettäjä" not in text.casefold()
    return word in _PREFIXES


def find(mail: Mail) -> Forwarded | None:
    """The mail inside this one: an attached message first, else a block in the text; None when there is neither.

    `sender` is None where it is not sure who wrote it: no address, several, or several attached messages. A delivery
    report carries the message it is about; that is no forward.
    """
    if mail.content_type == "multipart/report":
        return None
    attached = [at for at, part in enumerate(mail.parts) if part.content_type == "message/rfc822" and part.depth == 0]
    if attached:
        first = _attached(mail.parts, attached[0])
        return first if len(attached) == 1 else Forwarded(None, first.subject, text=first.text, attached=True)
    return _inline(mail)


def _attached(parts: Sequence[Part], at: int) -> Forwarded:
    fields = _head(parts[at].text)
    authors = [value for name, value in fields if name == "from"]
    inner: list[Part] = []
    for part in parts[at + 1 :]:
        if part.depth <= parts[at].depth:
            break
        inner.append(part)
    bodies = [part for part in inner if part.depth == parts[at].depth + 1 and part.content_type.startswith("text/")]
    body = next((part for part in bodies if part.content_type == "text/plain"), bodies[0] if bodies else None)
    text = body.text if body else ""
    if body and body.content_type == "text/html":
        from mailcase.core.reading import html

        text = html.to_text(text)
    message_id = _MESSAGE_ID.search(_first(fields, "message-id"))
    return Forwarded(
        sender=address.parse_strict(authors[0]) if len(authors) == 1 else None,
        subject=normalise.clean_subject(charset.decode_words(_first(fields, "subject"))),
        message_id=message_id.group(1) if message_id else "",
        date=_date(_first(fields, "date")),
        text=text,
        attached=True,
    )


def _head(source: str) -> list[tuple[str, str]]:
    """(lower-case name, raw value) of each header field at the top of a message's source (RFC 5322 section 2.2)."""
    fields: list[tuple[str, str]] = []
    for line in source.splitlines():
        if not line.strip():
            if fields:
                break
            continue
        if line[0] in " \t" and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
        elif match := _FIELD.match(line):
            fields.append((match.group(1).lower(), match.group(2)))
        elif fields:
            break
    return fields


def _first(fields: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in fields if key == name), "")


def _date(value: str) -> datetime | None:
    """An RFC 5322 date with its zone; None for anything else (localised dates are not guessed at)."""
    try:
        date = parsedate_to_datetime(" ".join(value.split())[:100])
        return date.replace(tzinfo=UTC) if date.tzinfo is None and value.rstrip().endswith("-0000") else _aware(date)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _aware(date: datetime) -> datetime | None:
    return date if date.tzinfo is not None else None


def _inline(mail: Mail) -> Forwarded | None:
    forwarded = says_forward(mail.subject, mail.text)
    segments = quote.split(mail.text, forwarded=forwarded)
    passed_on = "".join(segment.text for segment in segments if segment.kind == quote.FORWARD)
    if not passed_on:
        return Forwarded(None, text=mail.text) if forwarded else None
    lines = [_unmarked(line) for line in passed_on.splitlines()]
    for at, line in enumerate(lines[:12]):
        block = header_block.find(lines, at, announced=True) if header_block.field_of(line)[0] else None
        if block is not None:
            return Forwarded(
                sender=only_address(block.value("from")),
                subject=normalise.clean_subject(block.value("subject")),
                date=_date(block.value("date")),
                text="\n".join(lines[block.end :]).strip("\n"),
            )
    return Forwarded(None, text="\n".join(lines).strip("\n"))


def _unmarked(line: str) -> str:
    """The line without the one quote mark that Apple Mail puts in front of what it forwards."""
    line = line.strip(attribution.INVISIBLE + "\r\n")
    return line[2:] if line.startswith("> ") else line[1:] if line.startswith(">") else line


def only_address(value: str) -> Address | None:
    """The one address in a From line as a client shows it, with its name; None when there is none or more than one."""
    value = _MAILTO.sub(" ", value.strip())
    found = list(attribution.ADDRESS.finditer(value))
    spelled = {match.group().strip(_CLOSING + ".").casefold() for match in found}
    if len(spelled) != 1:
        return None
    strict = address.parse_strict(found[0].group().strip(_CLOSING + "."))
    if strict is None:
        return None
    name = normalise.clean_line(value[: found[0].start()].strip(_CLOSING))
    return Address("" if name.casefold() == strict.key else name, strict.address)
