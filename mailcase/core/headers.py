"""Header fields for a mail that leaves: cleaned, encoded and folded, so that no value can become a second field."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from unicodedata import normalize

from mailcase.core.message import Address

SUBJECT_LIMIT = 255
_LINE = 76
_WORD = 75  # RFC 2047 section 2: an encoded word has at most 75 characters
_VALUE_LIMIT = 900
_NAME_LIMIT = 120
_FILE_LIMIT = 150
# C0, C1, DEL and the Unicode line ends become a space; controls that turn text around or hide in it go (S12, S21).
_TO_SPACE = "".join(map(chr, (*range(32), *range(127, 160), 0x2028, 0x2029)))
_TO_NOTHING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"
_ONE_LINE = {**{ord(c): " " for c in _TO_SPACE}, **{ord(c): None for c in _TO_NOTHING}}
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
_SURROGATE = re.compile("[\ud800-\udfff]")
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
_ATOMS = re.compile(rf"[ {_ATEXT}]+")
_DOT_ATOM = re.compile(rf"[.{_ATEXT}]+")
_QUOTED = re.compile(r'"[ !#-\[\]-~]+"')
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[[0-9A-Fa-f:.IPv]{3,60}\]")
# RFC 2047 section 5 (3): the octets that need no =XX even in a phrase. Elsewhere more would do; one set is simpler.
_Q = {n: f"={n:02X}" for n in range(256)} | {ord(c): c for c in "!*+-/"} | {32: "_"}
_Q |= {n: chr(n) for n in (*range(48, 58), *range(65, 91), *range(97, 123))}
_Q_COST = [len(_Q[octet]) for octet in range(256)]
_FRAME = len("=?utf-8?q??=")
_PERCENT = {n: f"%{n:02X}" for n in range(256)} | {ord(c): c for c in "!#$&+-.^_`{}~"}
_PERCENT |= {n: chr(n) for n in (*range(48, 58), *range(65, 91), *range(97, 123))}


class ComposeError(ValueError):
    """A mail that must not be sent, and why."""


def clean_line(text: str, limit: int = SUBJECT_LIMIT) -> str:
    """`text` as one line: the sanitiser every header value passes (attacks S12, S21). NFC, at most `limit` characters.

    Control characters, line ends and runs of blanks become one space; direction overrides and isolates are removed.
    """
    if text.isascii() and text.isprintable():
        line = " ".join(text.split())
    else:
        line = " ".join(normalize("NFC", _SURROGATE.sub("\ufffd", text)).translate(_ONE_LINE).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def body_octets(text: str) -> bytes:
    """A body as UTF-8: LF only, ended by one, no control characters but tabs, no lone surrogates."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        data = _SURROGATE.sub("\ufffd", text).encode("utf-8")
    data = data.translate(None, _CONTROLS)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def clean_text(text: str) -> str:
    """A body as it is sent, for comparing: see `body_octets`."""
    return body_octets(text).decode("utf-8")


def field(name: str, value: str) -> str:
    """An unstructured field (RFC 5322 section 2.2.1), cleaned, in encoded words where needed, folded, without CRLF."""
    clean = clean_line(value, SUBJECT_LIMIT if name == "Subject" else _VALUE_LIMIT)
    words = clean.split(" ")
    plain = next((n for n, word in enumerate(words) if not word.isascii() or "=?" in word), len(words))
    pieces = words[:plain]
    if plain < len(words):
        used = len(name) + 2 + sum(len(word) + 1 for word in pieces)
        pieces += encoded_words(" ".join(words[plain:]), _LINE - used)
    return _folded(f"{name}:", pieces)


def encoded_words(text: str, room: int = _WORD) -> list[str]:
    """`text` as RFC 2047 encoded words in the shorter of Q and B; the first fits `room` where that is worth it.

    Each word holds whole characters (section 5). White space between them is not part of the text (section 6.2), so
    they may be folded apart.
    """
    data = text.encode("utf-8")
    as_b = 4 * len(data) < 3 * sum([_Q_COST[octet] for octet in data])
    limit = min(_WORD, room) - _FRAME
    if limit < 12:  # too little is left on this line: it will be folded
        limit = _WORD - _FRAME
    words, start, size = [], 0, 0
    for at, character in enumerate(text):
        octets = character.encode("utf-8")
        cost = len(octets) if as_b else sum([_Q_COST[octet] for octet in octets])
        if at > start and ((size + cost + 2) // 3 * 4 if as_b else size + cost) > limit:
            words.append(_encoded_word(text[start:at], as_b))
            start, size, limit = at, 0, _WORD - _FRAME
        size += cost
    return [*words, _encoded_word(text[start:], as_b)]


def _encoded_word(text: str, as_b: bool) -> str:
    data = text.encode("utf-8")
    if as_b:
        return f"=?utf-8?b?{b64encode(data).decode('ascii')}?="
    return f"=?utf-8?q?{''.join([_Q[octet] for octet in data])}?="


def _folded(start: str, pieces: Sequence[str]) -> str:
    """Pieces joined by one space, a new line begun before a piece that would pass column 76."""
    lines, line = [], start
    for piece in pieces:
        if len(line) + 1 + len(piece) > _LINE and line != start:
            lines.append(line)
            line = ""
        line = f"{line} {piece}"
    return "\r\n".join([*lines, line if line != start else start + " "])


def address_field(name: str, addresses: Sequence[Address]) -> str:
    """A field of mailboxes (RFC 5322 section 3.6.3). Raises ComposeError for an address that cannot be sent to."""
    if not addresses:
        return f"{name}: undisclosed-recipients:;"
    pieces: list[str] = []
    for number, address in enumerate(addresses, 1):
        *phrase, spec = _mailbox(address)
        pieces += [*phrase, spec + ("," if number < len(addresses) else "")]
    return _folded(f"{name}:", pieces)


def _mailbox(address: Address) -> list[str]:
    """The pieces of one mailbox: display name (atoms, quoted string or encoded words), then the addr-spec."""
    spec = addr_spec(address.address)
    name = clean_line(address.name, _NAME_LIMIT)
    if not name:
        return [spec]
    if name.isascii() and "=?" not in name:
        if _ATOMS.fullmatch(name):
            return [*name.split(" "), f"<{spec}>"]
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{quoted}"', f"<{spec}>"]
    return [*encoded_words(name), f"<{spec}>"]


def addr_spec(address: str) -> str:
    """`address` when it is an addr-spec that can be sent to in ASCII; an international domain is written in A-labels.

    RFC 5322 section 3.4.1 without comments and folding. Raises ComposeError; there is no guess at a local part that
    would need SMTPUTF8 (RFC 6530 section 7).
    """
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise ComposeError(f"cannot send to {address[:100]!r}: the domain is not valid") from None
    spec = f"{local}{at}{domain}"
    if len(spec) > 254 or not _is_local(local) or not _is_domain(domain):
        raise ComposeError(f"cannot send to {address[:100]!r}: not an address that can be written in ASCII")
    return spec


def _is_local(local: str) -> bool:
    """A dot-atom or a quoted string without escapes."""
    if _QUOTED.fullmatch(local):
        return True
    return bool(_DOT_ATOM.fullmatch(local)) and ".." not in local and local[0] != "." and local[-1] != "."


def _is_domain(domain: str) -> bool:
    """Labels of letters, digits, - and _, or an address literal."""
    return bool(_LITERAL.fullmatch(domain)) or all(_LABEL.fullmatch(label) for label in domain.split("."))


def file_name(name: str) -> str:
    """A file name that is only a name: one line, no path, at most 150 characters, the extension kept (S22, S23)."""
    clean = clean_line(name, len(name)).replace("/", "_").replace("\\", "_").strip(". ") or "attachment"
    if len(clean) <= _FILE_LIMIT:
        return clean
    stem, dot, extension = clean.rpartition(".")
    if not dot or len(extension) > 20:
        return clean[:_FILE_LIMIT]
    return f"{stem[: _FILE_LIMIT - 1 - len(extension)]}.{extension}"


def parameter_fields(filename: str) -> tuple[str, str]:
    """The parameters that name a file, for Content-Type and for Content-Disposition, folded, without CRLF.

    RFC 2231 section 3 and 4 for the disposition; for the type the encoded word that older clients read.
    """
    name = file_name(filename)
    if name.isascii() and len(name) <= 60 and "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'name="{quoted}"', f'filename="{quoted}"'
    words = "\r\n ".join(encoded_words(name, 60))
    text = [_percent(character) for character in name]
    pieces, piece = [], "utf-8''"
    for escaped in text:
        if len(piece) + len(escaped) > 58:
            pieces.append(piece)
            piece = ""
        piece += escaped
    pieces.append(piece)
    if len(pieces) == 1:
        return f'name="{words}"', f"filename*={pieces[0]}"
    return f'name="{words}"', ";\r\n ".join(f"filename*{n}*={piece}" for n, piece in enumerate(pieces))


def _percent(character: str) -> str:
    return "".join([_PERCENT[octet] for octet in character.encode("utf-8")])
