"""Finds the mail that a delivery report returns: its header block, its Message-ID, where it begins in plain text."""

from __future__ import annotations

import re

from mailcase.core.message import Mail, Part

RETURNED_TYPES = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/global-headers",
        "message/rfc822-headers",
        "message/partial",
        "text/rfc822-headers",
        "text/rfc822-header",
        "text/rfc822",
    }
)
HEADER_BOUND, BLOCKS_BOUND = 32 * 1024, 6
MAIL_FIELDS = frozenset({"from", "to", "cc", "subject", "message-id", "received", "date", "return-path"})

# What servers write above the mail they return. A line counts only when it also looks like a divider (see `divides`),
# because "the returned message" may stand in an ordinary sentence of the report.
DIVIDER_WORDS = (
    "copy of the message",
    "copy of your message",
    "copy of the original",
    "copy of the returned",
    "copy of message",
    "original message",
    "original mail",
    "original email",
    "original e-mail",
    "returned message",
    "returned mail",
    "unsent message",
    "undelivered message",
    "undelivered mail",
    "rejected message",
    "bounced message",
    "forwarded message",
    "message header",
    "mail header",
    "message text follows",
    "message follows",
    "message contents",
    "your message reads",
    "old message",
    "header and top",
    "contains the original",
    "原信件",
    "原始邮件",
    "原邮件",
    "元のメール",
    "元のメッセージ",
    "исходное сообщение",
    "mensaje original",
    "message d'origine",
    "ursprüngliche nachricht",
    "messaggio originale",
    "mensagem original",
)
DIVIDER_MIME = ("content-type: message/rfc822", "content-type: text/rfc822-headers", "content-type: message/partial")
HEADER_START = re.compile(r"[ \t]{0,4}(?:Received|Return-Path|X-Received|DKIM-Signature|ARC-Seal):", re.IGNORECASE)
FIELD = re.compile(r"([!-9;-~]{1,76})[ \t]{0,4}:[ \t]*(.*)")
MESSAGE_ID = re.compile(r"<([^<>\s]{1,900})>")
ID_IN_TEXT = re.compile(
    r"^[ \t>*|-]{0,12}(?:Original-|X-Original-)?Message-ID[ \t]{0,4}:[ \t]*<?([^\s<>]{3,900}@[^\s<>]{1,255})>?",
    re.IGNORECASE | re.MULTILINE,
)


def divides(line: str) -> bool:
    """True for a line such as "--- Below this line is a copy of the message." or "Original message headers:"."""
    stripped = line.strip()
    if not 8 <= len(stripped) <= 120 and not (3 <= len(stripped) < 8 and not stripped.isascii()):
        return False
    lowered = stripped.lower()
    if lowered.startswith(DIVIDER_MIME):
        return True
    if "transcript" in lowered or not any(words in lowered for words in DIVIDER_WORDS):
        return False
    return (
        lowered.startswith(("--", "==", "**", "__", "below ", "included is"))
        or lowered.endswith((":", "follow", "follows", "follow.", "follows.", "follows:", "--", "=="))
        or "below this line" in lowered
        or lowered.startswith("the attachment contains the original")
    )


def split_report(text: str) -> tuple[str, str]:
    """The words of the report, and what it returns of the original: ("report", "") where no divider is found."""
    position = 0
    for line in text.splitlines(keepends=True):
        if HEADER_START.match(line):
            return text[:position], text[position:]
        if divides(line):
            return text[:position], text[position + len(line) :]
        position += len(line)
    return text, ""


def header_block(source: str) -> str:
    """The header block of the mail that `source` is or holds (RFC 5322 section 2.2), unindented; "" without one.

    A divider's rest, prose, a MIME boundary and the fields of a MIME part may stand before it.
    """
    lines = source[:HEADER_BOUND].splitlines()
    start = 0
    for _ in range(BLOCKS_BOUND):
        block, start = _next_block(lines, start)
        if not block or any(name in MAIL_FIELDS for name, _ in fields("\n".join(block))):
            return "\n".join(block)
    return ""


def _next_block(lines: list[str], start: int) -> tuple[list[str], int]:
    """The next run of header fields from line `start` on, and the line behind it."""
    block: list[str] = []
    indent = 0
    for index in range(start, len(lines)):
        line = lines[index]
        if not block:
            if line.startswith("From ") or not FIELD.match(line.lstrip(" \t")):
                continue
            indent = len(line) - len(line.lstrip(" \t"))
        elif not line.strip():
            return block, index + 1
        block.append(line[indent:] if not line[:indent].strip() else line)
    return block, len(lines)


def fields(block: str) -> list[tuple[str, str]]:
    """The fields of a header block, unfolded: (lower-case name, value)."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line.strip())
            continue
        field = FIELD.match(line)
        if field:
            found.append((field[1].lower(), [field[2].strip()]))
    return [(name, " ".join(values).strip()) for name, values in found]


def first_field(pairs: list[tuple[str, str]], name: str) -> str:
    """The first value of the field `name`, or ""."""
    return next((value for key, value in pairs if key == name), "")


def returned_part(mail: Mail) -> Part | None:
    """The part that holds the returned mail or its headers; parts inside attached messages do not count."""
    return next((p for p in mail.parts if p.depth == 0 and p.content_type in RETURNED_TYPES and p.text.strip()), None)


def original_id(pairs: list[tuple[str, str]], report: str, mail: Mail) -> str:
    """The Message-ID of the original, without brackets: from its headers, else as the report names it, else "".

    The last resort are the In-Reply-To and References of the report itself, which some servers point at the original.
    """
    value = first_field(pairs, "message-id")
    bracketed = MESSAGE_ID.search(value)
    if bracketed:
        return bracketed[1]
    if value and " " not in value:
        return value
    named = ID_IN_TEXT.search(report)
    if named:
        return named[1]
    answered = mail.in_reply_to or mail.references
    return answered[-1] if answered else ""
