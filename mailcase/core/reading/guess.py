"""Which charset bytes are in that name none: by the letters and words that would come out."""

from __future__ import annotations

_FREQUENT = frozenset("оеаинтсрвлк")
# Of twenty small letters so many are frequent: Greek and Hebrew look like the small letters of the last three.
_CYRILLIC = (("koi8_r", 7), ("cp1251", 9), ("iso8859_5", 9), ("cp866", 9))
_JAPANESE = ("euc_jp", "cp932")


def guess(data: bytes) -> str:
    """The Python codec of Cyrillic or East Asian text that is not UTF-8, "" where neither is plausible. Linear.

    Statistics need pages and a subject has ten letters, so these are rules that a wrong codec hardly ever meets.
    """
    return _cyrillic(data) or _japanese(data) or _korean(data) or _common_han(data)


def _cyrillic(data: bytes) -> str:
    """All beyond ASCII is Cyrillic, most of it small letters, half of these frequent ones: the wrong codec makes
    capitals of small letters, or rare ones of frequent ones."""
    best, name = 0, ""
    for codec, least in _CYRILLIC:
        beyond = [character for character in data.decode(codec, "replace") if character > "\x7f"]
        letters = sum("\u0400" <= character <= "\u045f" for character in beyond)
        small = sum("\u0430" <= character <= "\u045f" for character in beyond)
        frequent = sum(character in _FREQUENT for character in beyond)
        words = len(beyond) >= 4 and letters * 20 >= len(beyond) * 19 and small * 5 >= letters * 3
        if words and frequent * 20 >= small * least:
            best, name = max((best, name), (frequent, codec))
    return name


def _beyond_ascii(data: bytes, codec: str) -> str:
    """The characters beyond ASCII, "" when the bytes are not in this codec."""
    try:
        return "".join(character for character in data.decode(codec) if character > "\x7f")
    except UnicodeError:
        return ""


def _japanese(data: bytes) -> str:
    """A fifth is kana, none of them half-width: these come out of anything."""
    for codec in _JAPANESE:
        beyond = _beyond_ascii(data, codec)
        kana = sum("\u3041" <= character <= "\u30fc" for character in beyond)
        if beyond and kana * 5 >= len(beyond) and not any("\uff61" <= character <= "\uff9f" for character in beyond):
            return codec
    return ""


def _korean(data: bytes) -> str:
    beyond = _beyond_ascii(data, "euc_kr")
    syllables = sum("\uac00" <= character <= "\ud7a3" for character in beyond)
    return "cp949" if len(beyond) >= 2 and syllables * 10 >= len(beyond) * 9 else ""


_COMMON = (("gb2312", 0xB0, 0xD7, "gb18030"), ("big5", 0xA4, 0xC6, "big5hkscs"), ("cp932", 0x88, 0x97, "cp932"))


def _common_han(data: bytes) -> str:
    """Eight of ten characters stand in the part of the table that holds the common ones."""
    for codec, first, last, name in _COMMON:
        beyond = _beyond_ascii(data, codec)
        han = [character for character in beyond if "\u4e00" <= character <= "\u9fff"]
        common = sum(first <= character.encode(codec)[0] <= last for character in han)
        if len(han) >= 2 and len(han) * 2 >= len(beyond) and common * 5 >= len(han) * 4:
            return name
    return ""
