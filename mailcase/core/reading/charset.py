"""Bytes of a mail to text: charsets by an allow-list, encoded words of RFC 2047."""

from __future__ import annotations

import binascii
import itertools
import re
from encodings.aliases import aliases

from mailcase.core.reading.guess import guess

_WESTERN = "cp1252"
_SNIFFED_BYTES = 4_096
_ASCII = bytes(range(128))

# The Python codec for each name; where a superset is what senders really use, the superset (as the WHATWG Encoding
# standard does). Never unicode_escape, punycode and the like, which are no charsets. UTF-7 (RFC 2152) only where it is
# declared: it may turn harmless bytes into markup, so whatever looks for markup must look at the result.
_CODECS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 utf-8-sig cp65001 utf8mb4",
    "utf-7": "utf-7 utf7 unicode-1-1-utf-7",
    "ascii": "us-ascii ascii ansi_x3.4-1968 iso646-us 646 us",
    _WESTERN: "iso-8859-1 iso8859-1 iso_8859-1 iso88591 8859-1 latin1 latin-1 l1 windows-1252 cp1252 cp-1252 win-1252 "
    "x-cp1252 ansi 1252 cp819 ibm819",
    "iso8859_2": "iso-8859-2 iso8859-2 iso_8859-2 latin2 latin-2 l2",
    "iso8859_3": "iso-8859-3 iso8859-3 latin3",
    "iso8859_4": "iso-8859-4 iso8859-4 latin4",
    "iso8859_5": "iso-8859-5 iso8859-5 cyrillic",
    "iso8859_6": "iso-8859-6 iso8859-6 iso-8859-6-i iso-8859-6-e arabic",
    "iso8859_7": "iso-8859-7 iso8859-7 greek",
    "cp1255": "iso-8859-8 iso8859-8 iso-8859-8-i iso-8859-8-e logical hebrew windows-1255 cp1255 cp-1255",
    "cp1254": "iso-8859-9 iso8859-9 latin5 windows-1254 cp1254 cp-1254",
    "iso8859_10": "iso-8859-10 iso8859-10 latin6",
    "iso8859_13": "iso-8859-13 iso8859-13",
    "iso8859_14": "iso-8859-14 iso8859-14",
    "iso8859_15": "iso-8859-15 iso8859-15 iso_8859-15 latin9 latin-9",
    "iso8859_16": "iso-8859-16 iso8859-16",
    "cp1250": "windows-1250 cp1250 cp-1250 win-1250",
    "cp1251": "windows-1251 cp1251 cp-1251 win-1251",
    "cp1253": "windows-1253 cp1253 cp-1253",
    "cp1256": "windows-1256 cp1256 cp-1256",
    "cp1257": "windows-1257 cp1257 cp-1257",
    "cp1258": "windows-1258 cp1258 cp-1258",
    "cp874": "windows-874 cp874 tis-620 tis620 iso-8859-11 iso8859-11",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "cp852": "cp852 ibm852",
    "cp855": "cp855 ibm855",
    "cp857": "cp857 ibm857",
    "cp858": "cp858 ibm858 ibm00858",
    "cp862": "cp862 ibm862",
    "cp866": "cp866 ibm866",
    "koi8_r": "koi8-r koi8r koi8",
    "koi8_u": "koi8-u koi8-ru koi8u",
    "mac_roman": "macintosh mac x-mac-roman macroman",
    "mac_latin2": "x-mac-ce x-mac-centraleurroman macce",
    "mac_greek": "x-mac-greek",
    "mac_turkish": "x-mac-turkish",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "gb18030 gb2312 gb_2312-80 gb_2312 gbk cp936 ms936 windows-936 euc-cn x-gbk gb2312-80",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big-5 big5-hkscs cn-big5 cp950 x-x-big5 windows-950",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601 ksc5601 ks_c_5601-1989 korean cp949 windows-949 uhc x-windows-949",
    "iso2022_kr": "iso-2022-kr",
    "johab": "johab ms1361 windows-1361",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp932 csshiftjis",
    "euc_jis_2004": "euc-jp x-euc-jp eucjp",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ms cp50220 cp50221 csiso2022jp",
    "utf-16": "utf-16 utf16 ucs-2 iso-10646-ucs-2 unicode",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32": "utf-32 utf32",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
}
_CODEC_OF = {alias: codec for codec, aliases in _CODECS.items() for alias in aliases.split()}
_ASCII_BASED = frozenset({"ascii", _WESTERN, "iso8859_15"})
_ESCAPING = frozenset({"utf-7", "hz"})  # their ASCII bytes may mean other characters
_MARK = re.compile(r"[^a-z0-9]+")
_META = re.compile(rb"<meta[^<>]{0,200}?charset[ \t\r\n]{0,5}=[ \t\r\n\"']{0,5}([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_META_BYTES = 4_096  # where browsers look for it, and some
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"))
_BOMS_16 = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_DECLARED = frozenset({"", "unknown", "x-unknown", "unknown-8bit", "x-user-defined", "default", "none", "binary"})


def codec(label: str) -> str:
    """The Python codec for a charset name of a mail, "" for one that is not in our list."""
    label = label.strip(" \t\r\n\"'<>").lower()
    return _CODEC_OF.get(label) or _CODEC_OF.get(label.replace("_", "-").replace(" ", "-"), "") or _registered(label)


def _registered(label: str) -> str:
    """By the other names that the IANA registry has for our charsets: csISOLatin1, ISO_8859-2:1987, iso-ir-100."""
    for name in (label, label.partition(":")[0].partition(" ")[0]):
        known = aliases.get(_MARK.sub("_", name).strip("_"), "").replace("_", "-")
        if found := _CODEC_OF.get(known) or _CODEC_OF.get(name.removeprefix("cs")):
            return found
    return ""


def is_western(label: str) -> bool:
    """True for ASCII and Latin-1 by any name."""
    return codec(label) in _ASCII_BASED


def stated_in_html(data: bytes) -> str:
    """The charset that a page's own meta element names, "" without one, or where the bytes are of another kind."""
    if data.isascii() or not (match := _META.search(data, 0, _META_BYTES)):
        return ""
    return "" if match.group(1).lower().startswith(b"utf-16") or is_utf8(data) else match.group(1).decode("ascii")


def is_utf8(data: bytes) -> bool:
    """True for bytes that are UTF-8, ASCII included."""
    try:
        data.decode("utf-8")
    except UnicodeError:
        return False
    return True


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """(text, defect): any bytes to text, never raising. `label` is the declared charset, "" where none is.

    What is ASCII or UTF-8 though declared as Latin is read as UTF-8: valid sequences of it do not come by chance.
    Bytes that a declared charset does not know become U+FFFD. The defect is "" when all was as declared.
    """
    name = codec(label) if label else ""
    unknown = "charset-unknown" if not name and label.strip(" \"'").lower() not in _NOT_DECLARED else ""
    if data.isascii() and (name not in _ESCAPING) and b"\x1b" not in data and b"\0" not in data:
        return data.decode("ascii"), unknown
    if not name:
        return _sniff(data), unknown
    if name in _ASCII_BASED:
        return _decode_western(data, name)
    if name in ("utf-16", "utf-32"):
        name = _with_byte_order(data, name)
    try:
        return _drop_bom(data.decode(name)), ""
    except UnicodeError:
        return _decode_damaged(data, name), "charset-mismatch"


def _drop_bom(text: str) -> str:
    return text[1:] if text.startswith("\ufeff") else text


def _decode_western(data: bytes, name: str) -> tuple[str, str]:
    if name == "ascii" and b"\x1b$" in data:
        return _sniff(data), "charset-mismatch"
    try:
        return _drop_bom(data.decode("utf-8")), "charset-mismatch"
    except UnicodeError:
        pass
    if name == "ascii":
        return _sniff(data), "charset-mismatch"
    try:
        return data.decode(name), ""
    except UnicodeError:
        return data.decode("latin-1"), ""


def _with_byte_order(data: bytes, name: str) -> str:
    """RFC 2781 section 4.3 takes big-endian without a mark; many senders mean little-endian, and ASCII shows it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] == b"\x00\x00\xfe\xff":
        return name
    little = data[1:200:2].count(0) > data[0:200:2].count(0)
    return f"{name}-{'le' if little else 'be'}"


def _decode_damaged(data: bytes, name: str) -> str:
    if name == "utf-8":
        text = data.decode(name, "replace")
        never = 2 * text.count("\ufffd") > sum(character > "\x7f" for character in text[:_SNIFFED_BYTES])
        likely = _likely(data) if never else ""
        return _drop_bom(data.decode(likely, "replace") if likely else text)
    if not name.startswith("utf-") and not data.isascii() and is_utf8(data):
        return data.decode("utf-8")
    if name == "iso2022_jp_ext":
        return _decode_jis_row_13(data)
    if name.startswith("utf-16") and len(data) % 2 and data[-1:] in (b"\n", b"\0", b" "):
        data = data[:-1]
    return _drop_bom(data.decode(name, "replace"))


_JIS = re.compile(rb"\x1b\$[@B]([^\x1b]*)")


def _decode_jis_row_13(data: bytes) -> str:
    """ISO-2022-JP with the circled digits and the like that Windows adds: the same rows read as EUC."""
    euc = _JIS.sub(lambda match: bytes(b | 0x80 if b > 0x20 else b for b in match.group(1)), data)
    return re.sub(rb"\x1b\([A-J]", b"", euc).decode("euc_jis_2004", "replace")


def _sniff(data: bytes) -> str:
    for mark, name in (*_BOMS, *_BOMS_16):
        if data.startswith(mark):
            return _drop_bom(data.decode(name, "replace"))
    if b"\x1b$" in data:
        return _decode_damaged(data, "iso2022_jp_ext")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(data) - 4 and not data[: error.start].isascii():
            return data.decode("utf-8", "replace")  # cut in the middle of its last character
    name = _guess(data)
    try:
        return data.decode(name)
    except UnicodeError:
        return data.decode("latin-1") if name == _WESTERN else data.decode(name, "replace")


def _likely(data: bytes) -> str:
    """What most letters tell by our own rules, "" where most are ASCII: short texts tell no more."""
    return "" if _is_mostly_ascii(data[:_SNIFFED_BYTES]) else guess(data[:_SNIFFED_BYTES])


def _is_mostly_ascii(sample: bytes) -> bool:
    return 3 * len(sample.translate(None, _ASCII)) < len(sample.translate(None, b" \t\r\n"))


def _guess(data: bytes) -> str:
    """Western where most letters are ASCII. Else by rules of ours, else what charset-normalizer makes of it."""
    sample = data[:_SNIFFED_BYTES]
    if _is_mostly_ascii(sample):
        return _WESTERN
    if ours := guess(sample):
        return ours
    from charset_normalizer import from_bytes  # 60 ms to import, for one mail in thousands

    best = from_bytes(sample).best()
    found = codec(best.encoding.replace("iso8859_", "iso-8859-")) if best is not None else ""
    return found if found not in ("", "ascii", "utf-7", "utf-16", "utf-32") else _WESTERN


def raw_text(value: str) -> str:
    """A header value as Python's parser keeps it (8-bit bytes as surrogates) to text. RFC 6532: such bytes are UTF-8;
    what is not becomes U+FFFD, for a header names no charset."""
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def readable(value: str, label: str = "") -> str:
    """A header value as Python's parser keeps it to text for people: what is not UTF-8 is in `label` (the charset of
    the body), if its bytes are possible there, or in the one that its letters tell. Never for what rights rest on.

    A few 8-bit bytes among ASCII tell nothing: without a label they become U+FFFD. `label` is not a Western charset,
    which any bytes would be possible in: see `is_western`.
    """
    if value.isascii() and "\x1b$" not in value:
        return value
    raw = value.encode("utf-8", "surrogateescape")
    if value.isascii() or is_utf8(raw):
        return _sniff(raw)
    try:
        return raw.decode(codec(label) or _likely(raw) or "utf-8")
    except UnicodeError:
        return raw.decode(_likely(raw) or "utf-8", "replace")


_WORD = re.compile(r"=\?([^?\s]{1,100})\?([bBqQ])\?")


def decode_words(value: str, label: str = "") -> str:
    """RFC 2047 encoded words to text; the white space between two of them goes, their bytes are joined first.

    `value` is raw header text. Lenient: words inside other text or quotes, blanks inside words, a wrong charset.
    Linear: every search begins behind the last one's end. `label` is for what is not encoded: see `readable`.
    """
    if "=?" not in value:
        return readable(value, label)
    out: list[str] = []
    words: list[tuple[str, bytes]] = []  # neighbours, not yet written
    done = position = 0
    while (start := value.find("=?", position)) >= 0:
        word = _WORD.match(value, start)
        if not word:
            position = start + 2
            continue
        end = value.find("?=", word.end())
        if end < 0:
            break
        between = value[done:start]
        if between.strip(" \t\r\n") or not words:
            out += [*_joined(words), readable(between, label)]
            words = []
        # RFC 2231 section 5: a language may follow the charset
        label = word.group(1).partition("*")[0].lower()
        words.append((label, _word_bytes(word.group(2), value[word.end() : end])))
        done = position = end + 2
    return "".join([*out, *_joined(words), readable(value[done:], label)])


def _joined(words: list[tuple[str, bytes]]) -> list[str]:
    """A character's bytes may be spread over two words of one charset."""
    runs = itertools.groupby(words, key=lambda word: word[0])
    return [decode(b"".join(data for _, data in run), label)[0] for label, run in runs]


def _word_bytes(encoding: str, encoded: str) -> bytes:
    raw = encoded.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(raw.replace(b"\r", b"").replace(b"\n", b""), header=True)
    return base64_bytes(raw)[0]


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WHITE = b" \t\r\n\x0b\x0c"
_STRAY = re.compile(rb"[^A-Za-z0-9+/=\s]")
_PADDING_END = re.compile(rb"=+[ \t\r\n]*")


def base64_bytes(raw: bytes) -> tuple[bytes, bool]:
    """(bytes, sound): base64, also several padded runs one after another.

    Not sound: other characters stand in it. They are passed over (RFC 2045 section 6.8), but a line of plain text, as
    mailing lists put it below, ends the base64. Where already the first line is plain text, the bytes are the input.
    """
    strays = raw.translate(None, _BASE64 + _WHITE).strip(b"=")
    if not strays:
        return b"".join(map(_base64_run, _PADDING_END.split(raw))), True
    stray = _STRAY.search(raw)
    start = stray.start() if stray else len(raw)
    line_start = raw.rfind(b"\n", 0, start) + 1
    if not raw[:line_start].strip() and _is_plain(raw[line_start:].partition(b"\n")[0].strip()):
        return raw, False
    line = raw[line_start:].partition(b"\n")[0].strip()
    if len(line.split()) > 1 or line.startswith((b"--", b"__")):
        raw = raw[: max(line_start, 1)] if line_start else raw[:start]
    return _base64_run(raw), False


_RUN = 16  # letters of base64 that nobody writes by chance


def _is_plain(line: bytes) -> bool:
    """True for a line that is no base64 with something wrong in it: words, or begun by another character."""
    if len(line.split()) > 1:
        return True
    strays = len(line.translate(None, _BASE64 + b"="))
    return line[:1] not in _BASE64 and (len(line) < _RUN or 4 * strays > len(line))


def _base64_run(raw: bytes) -> bytes:
    """One run up to its padding, whatever else stands in it; a missing padding does no harm."""
    run = raw.partition(b"=")[0]
    run = run.translate(None, run.translate(None, _BASE64))
    if len(run) % 4 == 1:
        run = run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))
