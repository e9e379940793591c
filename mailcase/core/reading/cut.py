"""Takes large attachments out of a mail's bytes before the parser sees them: it walks every line, and they are most
of the bytes and none of the meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailcase.core.reading import mime
from mailcase.core.reading.bounded import STRUCTURE

SMALLEST = 8 * 1024
MOST_STEPS = 10_000
_HEADER_BYTES = 32 * 1024
_BOUNDARY_LINE = 300
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^(content-type|content-transfer-encoding)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.I | re.M)
_HEADER_LINE = re.compile(rb"(?!--)[!-9;-~]+:|[ \t]")
_TOKEN = b"mailcase+cut+%06d"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NEVER = ("text/", "message/", "multipart/", "application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(frozen=True, slots=True)
class Hole:
    """What was taken out: `size` in bytes after decoding."""

    size: int


def without_attachments(raw: bytes) -> tuple[bytes, tuple[Hole, ...]]:
    """(the mail with large attachments emptied, what was taken out in order).

    Only base64 parts over 8 KB whose Content-Type is given and neither text, message, multipart nor TNEF, between two
    boundary lines of the multiparts that are open at that place. In their stead stands a token: see `hole_of`.
    Where anything is unusual the bytes stay as they are. Linear.
    """
    if len(raw) <= 2 * SMALLEST:
        return raw, ()
    kept: list[bytes] = []
    holes: list[Hole] = []
    done = 0
    for start, end in _spans(raw):
        size = decoded_size(raw[start:end])
        if size >= 0:
            kept += [raw[done:start], _TOKEN % len(holes), b"\n"]
            holes.append(Hole(size))
            done = end
    return (b"".join([*kept, raw[done:]]), tuple(holes)) if holes else (raw, ())


def hole_of(data: bytes, holes: tuple[Hole, ...]) -> Hole | None:
    """The hole that a part's encoded body stands for, or None."""
    if not holes or len(data) > len(_TOKEN) + 8 or not data.startswith(_TOKEN[:13]):
        return None
    number = data.strip()[13:]
    return holes[int(number)] if number.isdigit() and int(number) < len(holes) else None


def decoded_size(encoded: bytes) -> int:
    """The size of base64 text after decoding, without decoding it; -1 when it is not plain base64."""
    rest = encoded.translate(None, _BASE64)
    padding = rest.translate(None, b"\r\n")
    if padding not in (b"", b"=", b"==") or not encoded[-8:].rstrip(b"\r\n").endswith(padding):
        return -1
    return (len(encoded) - len(rest)) * 3 // 4


def _spans(raw: bytes) -> list[tuple[int, int]]:
    """Where the bodies of large attachments stand, by a walk from boundary line to boundary line."""
    found: list[tuple[int, int]] = []
    boundaries: list[bytes] = []
    position, media, encoding = _header(raw, 0, boundaries)
    for _ in range(MOST_STEPS):
        if position < 0 or not boundaries:
            return found
        if encoding == b"base64" and media and not media.startswith(_NEVER):
            end = _base64_end(raw, position, boundaries)
            if end - position > SMALLEST:
                found.append((position, end))
            position = max(position, end)
        start, after, level, closed = _next_boundary(raw, position, boundaries)
        if start < 0:
            return found
        del boundaries[level + (not closed) :]
        position, media, encoding = (after, "", b"") if closed else _header(raw, after, boundaries)
    return []


def _header(raw: bytes, position: int, boundaries: list[bytes]) -> tuple[int, str, bytes]:
    """(where the body begins or -1, media type or "", encoding) of the part whose header stands at `position`.

    The boundary of a multipart is added to `boundaries`. A part of an unusual header has no media type here.
    """
    if raw[position : position + 2] in (b"\r\n", b"\n\r") or raw[position : position + 1] == b"\n":
        return position, "", b""
    match = _BLANK_LINE.search(raw, position, position + _HEADER_BYTES)
    if not match:
        return -1, "", b""
    block = raw[position : match.start()]
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(block):
        if name.lower() in fields:
            return position, "", b""
        fields[name.lower()] = value
    if b"\r" in block.replace(b"\r\n", b"") or not all(_HEADER_LINE.match(line) for line in block.split(b"\n")):
        return position, "", b""
    content_type = fields.get(b"content-type", b"").decode("ascii", "surrogateescape")
    if len(content_type) >= STRUCTURE:
        return position, "", b""
    media = content_type.partition(";")[0].strip().lower()
    if media.startswith("multipart/"):
        boundary = mime.boundary(content_type)
        if boundary:
            boundaries.append(b"--" + boundary.encode("utf-8", "surrogateescape"))
        return match.end() - 1, "", b""
    if media.count("/") != 1:
        return match.end(), "", b""
    return match.end(), media, fields.get(b"content-transfer-encoding", b"").strip().lower()


def _base64_end(raw: bytes, position: int, boundaries: list[bytes]) -> int:
    """The end of pure base64 (which has no "-") at a boundary line that is open here; `position` when it is not so."""
    end = raw.find(b"-", position)
    if end <= position or raw[end - 1 : end] != b"\n" or _level(raw, end, boundaries)[0] < 0:
        return position
    return end


def _next_boundary(raw: bytes, position: int, boundaries: list[bytes]) -> tuple[int, int, int, bool]:
    """(start, end of the line, level, closing) of the next boundary line of an open multipart; start -1 without one."""
    start = max(position - 1, 0)
    while (start := raw.find(b"\n--", start)) >= 0:
        level, closed = _level(raw, start + 1, boundaries)
        if level >= 0:
            end = raw.find(b"\n", start + 1)
            return start + 1, end + 1 if end >= 0 else len(raw), level, closed
        start += 3
    return -1, -1, -1, False


def _level(raw: bytes, position: int, boundaries: list[bytes]) -> tuple[int, bool]:
    """(index of the boundary whose line stands here or -1, whether it closes): the parser asks the inmost first."""
    for level in range(len(boundaries) - 1, -1, -1):
        if raw.startswith(boundaries[level], position):
            behind = position + len(boundaries[level])
            rest = raw[behind : behind + _BOUNDARY_LINE].partition(b"\n")[0].rstrip(b"\r").rstrip(b" \t")
            if rest in (b"", b"--"):
                return level, rest == b"--"
    return -1, False
