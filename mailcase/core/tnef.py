"""Outlook's winmail.dat (TNEF, MS-OXTNEF): the attachments and the text that it hides."""

from __future__ import annotations

from typing import Any

from mailcase.core import charset, html, normalise
from mailcase.core.body import Leaf

_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURE = b"\x78\x9f\x3e\x22"
_OBJECT_HEADER = 11
_OBJECTS = 5_000
_COPIED = 1_000_000_000  # the library copies the rest of the data for each object
_NESTED = 20

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
    from tnefparse import TNEF  # type: ignore[import-untyped]

    try:
        return TNEF(data, do_checksum=False)
    except Exception:
        return None


def _is_bounded(data: bytes) -> bool:
    """False where the library's work would grow with the square of the input, or recurse too deep."""
    objects, offset = 0, 6
    while offset + _OBJECT_HEADER < len(data):
        objects += 1
        if objects > _OBJECTS:
            return False
        offset += int.from_bytes(data[offset + 5 : offset + 9], "little") + _OBJECT_HEADER
    return objects * len(data) <= _COPIED and data.count(_SIGNATURE) <= _NESTED


def _name(attachment: Any) -> str:
    try:
        return _text(attachment.long_filename())
    except UnicodeError:  # the library takes the short name for UTF-8
        return _text(attachment._name)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = charset.decode(value.rstrip(b"\0"))[0]
    return value.rstrip("\0") if isinstance(value, str) else ""
