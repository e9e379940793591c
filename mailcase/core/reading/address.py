"""Mail addresses: a strict grammar for whom rights may rest on, a lenient list for display (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
import unicodedata

from mailcase.core.message import Address
from mailcase.core.reading import charset, normalise

ADDRESS_BYTES = 254  # RFC 5321 section 4.5.3.1.3, without the angle brackets
LISTED = 1_000
COMMENT_DEPTH = 10

Token = tuple[str, str]  # (kind, raw text); the kind of a special character is the character

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_BEYOND_ASCII = "\x80-\U0010ffff"  # RFC 6532; with the surrogates that stand for 8-bit bytes in a name
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    rf"|(?P<atom>[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_BEYOND_ASCII}-]+)"
    r'|(?P<quoted>"(?:[^"\\\r\n]|\\[^\r\n])*")'
    r"|(?P<literal>\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\])"
)
_PAREN = re.compile(r"[()\\]")
_LABEL = re.compile(rf"[A-Za-z0-9{_BEYOND_ASCII}](?:[A-Za-z0-9_{_BEYOND_ASCII}-]{{0,61}}[A-Za-z0-9{_BEYOND_ASCII}])?")
_LOOSE = re.compile(r'[^\s<>,;:"()\[\]\\@]{1,128}@[^\s<>,;:"()\\@]{1,255}')
_AROUND_AT = re.compile(r"(?<![ \t])[ \t]{0,9}@[ \t]{0,9}")
_PAIR = re.compile(r"\\(.)")


def tokens(text: str) -> tuple[list[Token], bool]:
    """(lexical tokens of RFC 5322 section 3.2, sound). Not sound: a quote or a comment was not closed; its opening
    character is then a token by itself. Linear: after one unclosed quote or comment no other is tried."""
    found: list[Token] = []
    position, quotes, comments = 0, True, True
    while position < len(text):
        character = text[position]
        if character == "(" and comments:
            end = _comment_end(text, position)
            comments = end > 0
            kind = "comment" if comments else "("
            end = end if comments else position + 1
        elif match := (_TOKEN.match(text, position) if quotes or character != '"' else None):
            kind, end = str(match.lastgroup), match.end()
        else:
            quotes = quotes and character != '"'
            kind, end = character, position + 1
        found.append((kind, text[position:end]))
        position = end
    return found, quotes and comments


def _comment_end(text: str, position: int) -> int:
    """The index behind the comment that opens at `position`, or -1."""
    depth = 0
    while match := _PAREN.search(text, position):
        position = match.end() + (match.group() == "\\")
        depth += (match.group() == "(") - (match.group() == ")")
        if depth == 0 and match.group() == ")":
            return position
        if depth > COMMENT_DEPTH:
            return -1
    return -1


def parse_strict(value: str) -> Address | None:
    """The one mailbox that the raw header text holds, or None when it is anything but exactly that.

    name-addr or addr-spec of RFC 5322 section 3.4 with comments around them, UTF-8 (RFC 6532) and the dots of
    obs-phrase. No route, group or list, no blank or comment inside the addr-spec, no unquoted special in the name.
    One exception: an unquoted name that only repeats the address. Encoded words are decoded at the end.
    """
    all_found, sound = tokens(_FOLD.sub("", value))
    found = [token for token in all_found if token[0] != "comment"] if sound else []
    kinds = [kind for kind, _ in found]
    if "<" not in kinds:
        address = _addr_spec(_stripped(found))
        return Address(_comment(all_found), address) if address else None
    opening = kinds.index("<")
    phrase, rest = found[:opening], _stripped(found[opening + 1 :])
    if not rest or rest[-1][0] != ">":
        return None
    address = _addr_spec(_stripped(rest[:-1]))
    repeated = _text(_stripped(phrase)) == address
    if not address or not (repeated or all(kind in ("atom", "quoted", "space", ".") for kind, _ in phrase)):
        return None
    return Address("" if repeated else display_name(phrase, address), address)


def _stripped(found: list[Token]) -> list[Token]:
    start, end = 0, len(found)
    while start < end and found[start][0] == "space":
        start += 1
    while end > start and found[end - 1][0] == "space":
        end -= 1
    return found[start:end]


def _text(found: list[Token]) -> str:
    return "".join(text for _, text in found)


def _addr_spec(found: list[Token]) -> str:
    """The addr-spec that these tokens are, or ""."""
    kinds = [kind for kind, _ in found]
    if kinds.count("@") != 1:
        return ""
    at = kinds.index("@")
    local, domain = found[:at], found[at + 1 :]
    address = _text(found)
    if not _dotted(local, ("atom", "quoted")) or not (_is_literal(domain) or _is_domain(domain)):
        return ""
    return address if len(address.encode("utf-8", "replace")) <= ADDRESS_BYTES and _is_visible(address) else ""


def _dotted(found: list[Token], kinds: tuple[str, ...]) -> bool:
    """word *("." word)"""
    return len(found) % 2 == 1 and all(
        kind in kinds if number % 2 == 0 else kind == "." for number, (kind, _) in enumerate(found)
    )


def _is_literal(found: list[Token]) -> bool:
    return len(found) == 1 and found[0][0] == "literal"


def _is_domain(found: list[Token]) -> bool:
    return _dotted(found, ("atom",)) and all(_LABEL.fullmatch(text) for kind, text in found if kind == "atom")


def _is_visible(address: str) -> bool:
    """No controls, invisible, unassigned or surrogate characters, and in the one normal form of its letters."""
    if address.isascii():
        return address.isprintable()
    return unicodedata.is_normalized("NFC", address) and all(
        unicodedata.category(character)[0] not in "CZ" or character == " " for character in address
    )


def display_name(phrase: list[Token], address: str = "") -> str:
    """The words of a display name as one clean line; "" where it only repeats the address."""
    words = "".join(
        _unquoted(text) if kind == "quoted" else " " if kind in ("space", '"') else text for kind, text in phrase
    )
    name = normalise.clean_line(charset.decode_words(words.strip()))
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return "" if name.casefold() == address.casefold() else name


def _unquoted(text: str) -> str:
    return _PAIR.sub(r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def parse_list(value: str, limit: int = LISTED) -> tuple[Address, ...]:
    """Every address in the raw header text, for display: groups are opened, broken forms read as far as they go.

    At most `limit`; entries without an address are left out. No right may rest on the result.
    """
    value = _FOLD.sub("", value)
    found, sound = tokens(value)
    listed = [address for item in _whole_names(_items(found)) if (address := _lenient(item))][:limit]
    if not sound or not listed:
        loose = _loose(value) or _loose(charset.decode_words(value))
        if len(loose) > len(listed):
            return tuple(loose[:limit])
    return tuple(listed)


def _items(found: list[Token]) -> list[list[Token]]:
    """Split at commas and semicolons outside angle brackets; a group's name goes."""
    items: list[list[Token]] = [[]]
    angle = False
    for kind, text in found:
        angle = kind == "<" or (angle and kind != ">")
        if kind in ",;" and not (angle and kind == ","):
            items.append([])
            angle = False
        elif kind == ":" and not angle and not any(k in ("@", "<") for k, _ in items[-1]):
            items[-1] = []
        else:
            items[-1].append((kind, text))
    return [item for item in items if item]


def _whole_names(items: list[list[Token]]) -> list[list[Token]]:
    """Quill, Ada <ada@quill.example>: the comma of an unquoted name does not part it."""
    if len(items) < 2:
        return items
    whole: list[list[Token]] = []
    for item in items:
        kinds = {kind for kind, _ in item}
        if (
            whole
            and "<" in kinds
            and item[0][0] == "space"
            and {kind for kind, _ in whole[-1]} <= {"atom", "space", "."}
        ):
            item = [*whole.pop(), (",", ","), *item]
        whole.append(item)
    return whole


def _lenient(item: list[Token]) -> Address | None:
    kinds = [kind for kind, _ in item]
    plain = [token for token in item if token[0] != "comment"]
    if "<" in kinds:
        opening = len(kinds) - 1 - kinds[::-1].index("<")
        inner = [token for token in item[opening + 1 :] if token[0] not in ("space", "comment", "<")]
        inner = inner[: [kind for kind, _ in inner].index(">")] if ">" in [kind for kind, _ in inner] else inner
        address = _trimmed(_text(inner).rpartition(":")[2])  # behind an obsolete route
        phrase = [token for token in item[: kinds.index("<")] if token[0] not in ("comment", ">")]
        return Address(display_name(phrase, address), address) if address else _bare(plain, item)
    return _bare(plain, item)


def _bare(plain: list[Token], item: list[Token]) -> Address | None:
    text = _AROUND_AT.sub("@", _text(plain))
    address = _trimmed(text) or _searched(text)
    return Address(_comment(item), address) if address else None


def _comment(found: list[Token]) -> str:
    """The first comment: where old mailers put the name."""
    comment = next((text[1:-1] for kind, text in found if kind == "comment"), "")
    return normalise.clean_line(charset.decode_words(_PAIR.sub(r"\1", comment))) if comment else ""


def _searched(text: str) -> str:
    match = _LOOSE.search(text)
    return _trimmed(match.group()) if match else ""


def _trimmed(text: str) -> str:
    """The text as an address: exactly one @ outside quotes with something on both sides, no blanks; else ""."""
    text = normalise.clean_line(charset.raw_text(text.strip(" \t\r\n'.`")), ADDRESS_BYTES)
    local, _, domain = text.rpartition("@")
    quoted = local.startswith('"') and local.endswith('"') and len(local) > 2
    sound = local and domain and (quoted or not re.search(r'[\s@"<>]', local)) and not re.search(r'[\s"<>]', domain)
    return text if sound else ""


def _loose(text: str) -> list[Address]:
    return [Address("", address) for match in _LOOSE.finditer(text) if (address := _trimmed(match.group()))]


def split_plus(address: str, delimiter: str = "+") -> tuple[str, str]:
    """(address without its detail, the detail or ""), RFC 5233: bob+tag@x.example is ("bob@x.example", "tag")."""
    local, at, domain = address.rpartition("@")
    base, found, plus = local.partition(delimiter) if delimiter else (local, "", "")
    return (f"{base}{at}{domain}", plus) if found and base else (address, "")
