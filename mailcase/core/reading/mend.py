"""Mends the head of a mail that the library's parser takes for the beginning of the body, though its fields go on."""

from __future__ import annotations

import re
from email.errors import MisplacedEnvelopeHeaderDefect, MissingHeaderBodySeparatorDefect

from mailcase.core.reading.bounded import BoundedMessage

_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:")
# The fields that every mail has some of: behind a line that is none, only they show that the head goes on.
_KNOWN = frozenset(
    b"from to cc bcc sender reply-to subject date message-id in-reply-to references mime-version content-type "
    b"content-transfer-encoding content-disposition received return-path delivered-to dkim-signature x-mailer".split()
)
_MOST_LINES = 2_000
_MOST_BYTES = 256 * 1024
_MOST_IN_ALL = 100_000


def is_broken(message: BoundedMessage) -> bool:
    """True when the parser met a line in the head that is no field. Costs nothing for a sound one."""
    if not message.defects and not message.get_unixfrom():
        return False
    found = any(
        isinstance(defect, (MissingHeaderBodySeparatorDefect, MisplacedEnvelopeHeaderDefect))
        for defect in message.defects
    )
    return found or (message.get_unixfrom() or "").startswith("From :")


def head(raw: bytes) -> bytes:
    """The mail with a head that can be read: blanks before colons and lines that are no fields are gone, lines that a
    fold without its blank has parted are joined. Linear.

    Only where a known field stands behind such a line; else the line begins the body and the bytes stay as they are.
    So do those of a mail of very many lines, which is not worth a second reading.
    """
    if raw.count(b"\n") > _MOST_IN_ALL:
        return raw
    lines = raw[:_MOST_BYTES].splitlines(keepends=True)[:_MOST_LINES]
    end = next(
        (number for number, line in enumerate(lines) if not line.strip(b"\r\n") or line[:2] == b"--"), len(lines)
    )
    last = -1
    for number, line in enumerate(lines[:end]):
        if _name(line) in _KNOWN or (number and _goes_on(lines[number - 1], line)):
            last = number
    if last < 0:
        return raw
    kept: list[bytes] = []
    for line in lines[: last + 1]:
        if line[:1] in (b" ", b"\t"):
            kept.append(line)
        elif match := _FIELD.match(line):
            kept.append(match.group(1) + line[match.end() - 1 :])
        elif kept and _goes_on(kept[-1], line):
            kept.append(b" " + line)
    rest = raw[sum(map(len, lines[: last + 1])) :]
    return b"".join([*kept, rest])


def _name(line: bytes) -> bytes:
    match = _FIELD.match(line)
    return match.group(1).lower() if match else b""


_PARAMETER = re.compile(rb"[a-zA-Z*0-9-]{1,40}[ \t]*=")


def _goes_on(above: bytes, line: bytes) -> bool:
    """A line that belongs to the field above it though it begins without a blank: a parameter, or encoded words."""
    above = above.rstrip()
    if above.endswith(b";"):
        return bool(_PARAMETER.match(line))
    return above.endswith(b"?=") and line.startswith(b"=?")
