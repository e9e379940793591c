"""Outlook's winmail.dat (TNEF, MS-OXTNEF): the attachments and the text that it hides."""

from __future__ import annotations

from functools import cache
from typing import Any, SupportsIndex

from mailcase.core.reading import charset, html, normalise
from mailcase.core.reading.body import Leaf

_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURE = b"\x78\x9f\x3e\x22"
_OBJECT_HEADER = 11
_OBJECTS = 5_000
_COPIED = 1_000_000_000  # the library copies the rest of the data for each object
_PROPERTY_OBJECTS = 500  # of which each may have so many values; Outlook writes about a hundred
_VALUES = 2_000
_PROPERTIES = frozenset({0x9003, 0x9005})  # attMsgProps and attAttachment, MS-OXTNEF 2.1.3.4

# TNEF does not say what its files are; a table of our own, for the system's differs from machine to machine.
_MEDIA = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "txt": "text/plain",
    "csv": "text/csv",
    "zip": "application/zip",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def is_tnef(leaf: Leaf) -> bool:
    """True for a part that is TNEF by its type, or by its usual name and first bytes."""
    return leaf.media in _TYPES or (leaf.filename.lower() == "winmail.dat" and leaf.data.startswith(_SIGNATURE))


def contents(leaf: Leaf) -> tuple[tuple[str, str, bytes], ...] | None:
    """(file name, content type, bytes) of each attachment inside; None when it cannot be read or holds none."""
    decoded = _decoded(leaf.data)
    if decoded is None:
        return None
    found = []
    for attachment in decoded.attachments:
        name = normalise.clean_filename(_name(attachment))
        data = attachment.data if isinstance(attachment.data, bytes) else b""
        if data:
            media = _MEDIA.get(name.rpartition(".")[2].lower(), "application/octet-stream")
            found.append((name, media, data))
    return tuple(found) or None


def body(leaves: list[Leaf]) -> str:
    """The text of the first TNEF part among these that has one, else ""."""
    for leaf in leaves:
        decoded = _decoded(leaf.data) if is_tnef(leaf) else None
        if decoded is not None:
            text = _text(decoded.body) or html.to_text(_text(decoded.htmlbody))
            if text.strip():
                return normalise.clean_text(text)
    return ""


def _decoded(data: bytes) -> Any:
    """The library's reading, or None. It is loaded for this and raises all sorts of errors on broken input."""
    if not data.startswith(_SIGNATURE) or not _is_bounded(data):
        return None
    try:
        return _library()(data, do_checksum=False)
    except Exception:
        return None


def _is_bounded(data: bytes) -> bool:
    """False where the library's work would grow with the square of the input, or its memory without end."""
    objects, properties, offset = 0, 0, 6
    while offset + _OBJECT_HEADER < len(data):
        objects += 1
        properties += int.from_bytes(data[offset + 1 : offset + 3], "little") in _PROPERTIES
        if objects > _OBJECTS or properties > _PROPERTY_OBJECTS:
            return False
        offset += int.from_bytes(data[offset + 5 : offset + 9], "little") + _OBJECT_HEADER
    return objects * len(data) <= _COPIED


class _Values(bytes):
    """Bytes that give away at most _VALUES slices, and none from behind their end."""

    given = 0

    def __getitem__(self, key: Any) -> Any:
        self.given += 1
        if self.given > _VALUES or (isinstance(key, slice) and key.start > len(self)):
            raise ValueError("more values than there are bytes for")
        return super().__getitem__(key)


@cache
def _library() -> Any:
    """tnefparse's class, which believes every count it reads: four bytes would have it work for hours.

    So the two names by which it reads lists of properties, and messages inside of messages, are ours: the first has
    bounds, and the second does nothing, for nobody asks what is in a message that is attached to the attachment.
    """
    from tnefparse import mapi, tnef  # type: ignore[import-untyped]

    whole, properties = tnef.TNEF, mapi.decode_mapi

    class Unread(tnef.TNEF):  # type: ignore[misc]
        def __init__(self, _data: bytes) -> None:
            """Keeps the constants, which are looked up in it."""

    def bounded(data: bytes, codepage: Any = "cp1252", starting_offset: SupportsIndex | None = None) -> Any:
        if starting_offset is not None:  # the table of recipients, which nobody asks for either
            after = int(starting_offset) + 4
            if after > len(data):
                raise ValueError("more recipients than there are bytes for")
            return after, []
        if int.from_bytes(data[:4], "little") > _VALUES:
            raise ValueError("more properties than anybody writes")
        return properties(_Values(data), codepage)

    tnef.TNEF, tnef.decode_mapi = Unread, bounded
    mapi.logger.disabled = True  # it would write a line for every property that is not there
    return whole


def _name(attachment: Any) -> str:
    try:
        return _text(attachment.long_filename())
    except UnicodeError:  # the library takes the short name for UTF-8
        return _text(attachment._name)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = charset.decode(value.rstrip(b"\0"))[0]
    return value.rstrip("\0") if isinstance(value, str) else ""
