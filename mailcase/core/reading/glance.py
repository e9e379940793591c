"""A look at the head of a mail that nothing may be expected of: for lists of what was set aside."""

from __future__ import annotations

import re

from mailcase.core.reading.charset import decode, decode_words
from mailcase.core.reading.normalise import clean_line

_FIELD = re.compile(rb"^(from|subject):[ \t]*([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*){0,4})", re.IGNORECASE | re.MULTILINE)
_HEAD = 16 * 1024


def glance(raw: bytes) -> tuple[str, str]:
    """(From, Subject) as they stand in the first 16 KiB, for display only; "" for what is not found."""
    found = {name.lower(): value[:500] for name, value in reversed(_FIELD.findall(raw[:_HEAD]))}
    return _shown(found.get(b"from", b"")), _shown(found.get(b"subject", b""))


def _shown(value: bytes) -> str:
    return clean_line(decode_words(decode(value)[0]))
