"""Text in a form that every database column, mail header and terminal can hold."""

from __future__ import annotations

import re
import unicodedata

SUBJECT_LENGTH = 998
NAME_LENGTH = 255
FILENAME_BYTES = 255
EXTENSION_LENGTH = 20

# C0 and C1 controls but tab and newline, DEL, line and paragraph separators, byte order mark, lone surrogates,
# noncharacters. PostgreSQL refuses NUL, both drivers refuse surrogates.
_NOT_FOR_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_BREAKS = frozenset("\x0b\x0c\x85\u2028\u2029")

# Bidirectional controls, zero-width and other invisible characters, language tags: they make a name look like another.
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_JOINERS = re.compile("[\u200c\u200d]{2,}")
# A joiner belongs between two letters of Arabic, Indic and the like, or between emoji; beside ASCII, white space or an
# end it only hides.
_LOOSE_JOINER = re.compile(r"(?<![^\x00-\x7f\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\s])")
_SPACES = re.compile(r"\s+")
_PATH = re.compile(r"[/\\]")


def clean_text(text: str) -> str:
    """A body: lines end with a newline, controls are gone, lone surrogates have become U+FFFD. Idempotent."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable():
        return text
    return _NOT_FOR_TEXT.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    character = match.group()
    if character in _BREAKS:
        return "\n"
    return "\ufffd" if "\ud800" <= character <= "\udfff" else ""


def clean_line(text: str, length: int = NAME_LENGTH) -> str:
    """One line (a name, a subject): nothing that breaks a header or deceives the eye, NFC, at most `length` characters.

    White space of any kind becomes one blank. Bidirectional controls and zero-width characters are dropped, but
    ZWNJ and ZWJ stay between two characters outside ASCII, where Persian, Hindi and emoji need them. Idempotent.
    """
    text = text[: 4 * length]
    if text.isascii() and text.isprintable() and "  " not in text:
        return text[:length].strip()
    text = _NOT_FOR_TEXT.sub(lambda match: " " if match.group() != "\ufeff" else "", _SPACES.sub(" ", text))
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = _LOOSE_JOINER.sub("", _JOINERS.sub(lambda match: match.group()[0], text))
    text = _SPACES.sub(" ", text).strip()[:length]
    return unicodedata.normalize("NFC", _LOOSE_JOINER.sub("", text)).strip()


def clean_subject(text: str) -> str:
    """A subject as one line of at most 998 characters (the line length of RFC 5322 section 2.1.1)."""
    return clean_line(text, SUBJECT_LENGTH)


def clean_filename(name: str) -> str:
    """A file name without any path, at most 255 bytes of UTF-8, its extension kept; "" when nothing is left.

    RFC 2183 section 2.3: directory information in a name must not be used. The result is still only metadata.
    """
    name = clean_line(_PATH.split(clean_line(name, 2_000))[-1], 1_000).strip(" .") if name else ""
    if len(name.encode("utf-8", "replace")) <= FILENAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > EXTENSION_LENGTH or not stem:
        stem, dot, extension = name, "", ""
    room = FILENAME_BYTES - len((dot + extension).encode("utf-8"))
    short = stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(" .") + dot + extension
    return clean_line(short, 1_000).strip(" .")
