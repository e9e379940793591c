"""Parameters of Content-Type and Content-Disposition, file names, transfer encodings (RFC 2045, 2183, 2231)."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from mailcase.core.reading import charset, normalise

PARAMETERS = 100
_CONTINUED = re.compile(r"([^*]{1,60})\*(\d{1,3})?(\*)?")


def parameters(value: str) -> dict[str, str]:
    """The parameters of a raw header value by lower-case name, decoded: RFC 2231 continuations and charsets, RFC 2047
    words (forbidden there, and common), raw UTF-8, unquoted blanks. The first of two equal names counts."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in _split(value):
        match = _CONTINUED.fullmatch(name)
        if match:
            number, extended = int(match.group(2) or 0), bool(match.group(3)) or match.group(2) is None
            pieces.setdefault(match.group(1), {}).setdefault(number, (text, extended))
        else:
            plain.setdefault(name, charset.decode_words(text))
    for name, found in pieces.items():
        plain[name] = _joined(found)
    return plain


def _split(value: str) -> list[tuple[str, str]]:
    """(name, raw text) of each parameter; what stands in quotes hides its semicolons. Linear."""
    found: list[tuple[str, str]] = []
    position = value.find(";")
    if "=" in (value if position < 0 else value[:position]):
        position = _blank_before_name(value, position)
    while 0 <= position < len(value) and len(found) < PARAMETERS:
        equals = value.find("=", position)
        if equals < 0:
            break
        # "; ; name" or "; junk; name": the name is what follows the last semicolon
        behind = value.rfind(";", position, equals)
        name = value[(behind if behind >= 0 else position) + 1 : equals].strip(" \t\r\n").lower()
        start = equals + 1
        while start < len(value) and value[start] in " \t\r\n":
            start += 1
        if value[start : start + 1] == '"':
            text, end = _quoted(value, start + 1)
            position = value.find(";", end)
        else:
            position = value.find(";", start)
            text = value[start : position if position >= 0 else len(value)].rstrip(" \t\r\n")
            text = _without_next_name(text)
            if "(" in text and "name" not in name:  # a comment (RFC 2045 section 5.1); names have "(2)" in them
                text = text.partition("(")[0].rstrip(" \t\r\n") or text
        found.append((name, text))
    return found


def _blank_before_name(value: str, semicolon: int) -> int:
    """Where the parameters begin when a sender forgot the first semicolon: at the white space before the name."""
    before = value[: value.index("=")].rstrip(" \t\r\n")
    white = max(before.rfind(blank) for blank in " \t\n")
    return white if before[: white + 1].strip(" \t\r\n") else semicolon


_QUOTED_STOP = re.compile(r'["\\]')


def _quoted(value: str, start: int) -> tuple[str, int]:
    """The text of a quoted string and where it ends. Without a closing quote it runs to the end of the line."""
    out: list[str] = []
    position = start
    while match := _QUOTED_STOP.search(value, position):
        out.append(value[position : match.start()])
        if match.group() == '"':
            return "".join(out), match.end()
        following = value[match.end() : match.end() + 1]
        # Windows paths come with single backslashes: only an escaped quote or backslash is an escape.
        out.append(following if following in ('"', "\\") else "\\" + following)
        position = match.end() + 1
    rest = value[start:].partition("\n")[0].rstrip()
    return rest.partition(";")[0], start + len(rest)


def _without_next_name(text: str) -> str:
    """A forgotten semicolon: `access-type=x\\r\\n server="y"` ends at the line."""
    first, broken, rest = text.partition("\n")
    return first.rstrip() if broken and "=" in rest and "=?" not in rest else text


def _joined(found: dict[int, tuple[str, bool]]) -> str:
    """RFC 2231 sections 3 and 4: pieces in order until a number is missing; the first may state a charset. Some senders
    count from 1."""
    label = ""
    data = b""
    first = min(found)
    for number in sorted(found):
        if number > first and number - 1 not in found:
            break
        text, extended = found[number]
        if number == first and extended and text.count("'") >= 2:
            label, _, text = text.split("'", 2)
        raw = text.encode("utf-8", "surrogateescape")
        data += unquote_to_bytes(raw) if extended else raw
    decoded = charset.decode(data, label)[0]
    return charset.decode_words(decoded) if "=?" in decoded else decoded


def boundary(content_type: str) -> str:
    """The boundary of a multipart, "" without one. RFC 2046 section 5.1.1: it does not end with white space."""
    if "boundary" not in content_type.lower():
        return ""
    return parameters(content_type).get("boundary", "").rstrip().replace("\r", "").replace("\n", "")


def filename(content_type: str, disposition: str) -> str:
    """The name of a part by its two raw header values: Content-Disposition's `filename`, else Content-Type's `name`."""
    name = parameters(disposition).get("filename", "") if "=" in disposition else ""
    if not name and "name" in content_type.lower():
        name = parameters(content_type).get("name", "")
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1]
    return normalise.clean_filename(name) if name else ""


def decode_transfer(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """(decoded bytes, sound) for a Content-Transfer-Encoding; an unknown one is taken as it is (RFC 2045 section 6)."""
    encoding = encoding.strip(" \t\r\n\"';").lower()
    if encoding in ("7bit", "8bit", "binary"):
        return data, True
    if encoding not in ("base64", "quoted-printable"):
        words = _AFTER_TOKEN.split(encoding, 1)[0].strip("\"'").removeprefix("x-")
        encoding = _ENCODINGS.get(words.replace("-", "").replace("_", ""), "")
    if encoding == "base64":
        return charset.base64_bytes(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", data) if b"= " in data or b"=\t" in data else data), True
    if encoding == "uuencode":
        return _uudecode(data)
    return data, True


_AFTER_TOKEN = re.compile(r"[\s;,(]")
_ENCODINGS = {
    "base64": "base64", "b64": "base64", "quotedprintable": "quoted-printable", "qp": "quoted-printable",
    "uuencode": "uuencode", "uue": "uuencode",
}  # fmt: skip
_SOFT_BREAK = re.compile(
    rb"=[ \t]+(?=\r?\n)"
)  # RFC 2045 section 6.7, rule 3: blanks at the end of a line are of the way


def _uudecode(data: bytes) -> tuple[bytes, bool]:
    lines = data.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith(b"begin ")), None)
    if begin is None:
        return data, False
    out: list[bytes] = []
    for line in lines[begin + 1 :]:
        if line.strip() == b"end":
            return b"".join(out), True
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders write trailing garbage: trust the length that the line states.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                return b"".join(out), False
    return b"".join(out), False
