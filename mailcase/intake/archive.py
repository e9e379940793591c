"""Reads old mail for `mailcase import`: mbox files, Maildirs, .eml files and folders of them (B5)."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

from mailcase.core.message import Envelope
from mailcase.core.policy import Mailbox
from mailcase.core.reading.ingest import header_fields, ingest_key, split_head
from mailcase.errors import MailcaseError
from mailcase.store import spool
from mailcase.store.engine import Database
from mailcase.store.values import Incoming

HEAD = 256 * 1024
BATCH = 50
_FIELDS = (b"received", b"date", b"return-path")
# What programs write into a `From ` line that they have to make up, with the time at which they did.
_NOBODY = (b"MAILER-DAEMON", b"-")


class NotAnArchive(MailcaseError):
    """The path is nothing that mail can be read from."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one message is: bytes `start` to `end` of `path`, and when it came."""

    at: datetime
    path: Path
    start: int
    end: int
    sender: str = ""
    is_mbox: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """How many messages were added, and how many were there already."""

    new: int
    known: int


def read_archive(path: Path, mailbox: Mailbox) -> Iterator[Incoming]:
    """Every message at `path`, oldest first, so that answers come behind what they answer; all of them silent.

    `received_at` is when the message came at that time: the topmost Received field, else the mbox `From ` line, else
    Date, else the time of the file. Bytes are as they are in the archive; only mbox's own quoting of lines that begin
    with `From ` is undone. Memory: a few words for each message, and one message. Raises NotAnArchive.
    """
    for place in sorted(find_messages(path), key=lambda place: place.at):
        raw = _bytes_of(place)
        name = place.path.relative_to(path) if path.is_dir() else place.path.name
        yield Incoming(
            raw=raw,
            envelope=Envelope(place.sender, (mailbox.address,)),
            source="import",
            ingest_key=ingest_key(raw),
            received_at=place.at,
            mailbox=mailbox.name,
            silent=True,
            origin=f"import/{name}{f'/{place.start}' if place.is_mbox else ''}",
        )


def import_archive(path: Path, mailbox: Mailbox, database: Database) -> Imported:
    """Puts every message at `path` into the spool, many in one commit. Doing it twice adds nothing (B7).

    Raises NotAnArchive, and StoreError; what was committed before that stays, and is passed over the next time.
    """
    known = count = 0
    mails = read_archive(path, mailbox)
    while batch := list(islice(mails, BATCH)):
        with database.write() as connection:
            accepted = spool.add(connection, batch)
        count += len(batch)
        known += sum(one.duplicate for one in accepted)
    return Imported(new=count - known, known=known)


def find_messages(path: Path) -> Iterator[Place]:
    """Where the messages are, in no order. Raises NotAnArchive, also for a folder that is none."""
    if not path.exists():
        raise NotAnArchive(f"there is nothing at {path}; name an mbox file, a Maildir or .eml files")
    if path.is_file():
        yield from _in_file(path)
        return
    is_maildir = (path / "cur").is_dir()
    files = [
        file
        for folder in ((path / "new", path / "cur") if is_maildir else (path,))
        for file in (folder.iterdir() if folder.is_dir() else ())
        if file.is_file() and not file.name.startswith(".")
        and (is_maildir or file.suffix.lower() == ".eml" or file.name == "mbox")
    ]  # fmt: skip
    if not files and not is_maildir:
        raise NotAnArchive(f"{path} has no mail in it: neither cur/ and new/ of a Maildir, nor .eml files, nor an mbox")
    for file in sorted(files):
        yield from _in_file(file)


def _in_file(path: Path) -> Iterator[Place]:
    """One message, or those of an mbox, which begins with a `From ` line. An empty file has none."""
    size = path.stat().st_size
    if not size:
        return
    with path.open("rb") as file, closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as content:
        if content[:5] == b"From ":
            yield from _in_mbox(path, content)
        else:
            yield _place(path, content, 0, size, b"")


def _in_mbox(path: Path, content: mmap.mmap) -> Iterator[Place]:
    """Messages are parted by lines that begin with `From ` and follow an empty line (RFC 4155, appendix A)."""
    line_at = 0
    while line_at < len(content):
        start = content.find(b"\n", line_at) + 1 or len(content)
        following = _next_message(content, start)
        end = _without_blank_line(content, start, following)
        if end > start:
            yield _place(path, content, start, end, content[line_at : min(start, line_at + 1000)])
        line_at = following


def _next_message(content: mmap.mmap, start: int) -> int:
    """Where the next `From ` line begins, or the end."""
    at = content.find(b"\nFrom ", start)
    while at >= 0 and not content[max(at - 2, 0) : at].endswith((b"\n", b"\n\r")):
        at = content.find(b"\nFrom ", at + 1)
    return at + 1 if at >= 0 else len(content)


def _without_blank_line(content: mmap.mmap, start: int, end: int) -> int:
    """Where the message ends: the empty line behind it belongs to the format."""
    for blank in (b"\r\n\r\n", b"\n\n"):
        if content[max(start, end - len(blank)) : end] == blank:
            return end - len(blank) // 2
    return end


def _place(path: Path, content: mmap.mmap, start: int, end: int, line: bytes) -> Place:
    head, _ = split_head(content[start : min(end, start + HEAD)])
    fields = header_fields(head, _FIELDS)
    words = line.split(None, 2)
    sender = words[1] if len(words) > 1 else b""
    if fields[b"return-path"]:
        sender = fields[b"return-path"][0].strip(b"<> ")
    dates = [value.rpartition(b";")[2] for value in fields[b"received"][:1]]
    dates += [words[2]] if len(words) > 2 and sender.upper() not in _NOBODY else []
    dates += fields[b"date"][:1]
    dates += words[2:]
    at = next((found for found in map(_moment, dates) if found), None)
    at = at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    name = sender.decode("utf-8", "replace")
    return Place(at, path, start, end, "" if sender.upper() in _NOBODY else name, is_mbox=bool(line))


def _moment(text: bytes) -> datetime | None:
    """A date of RFC 5322 section 3.3, or of a `From ` line (`Sat Nov 21 18:00:00 2026`); UTC where it has no zone."""
    words = text.decode("latin-1")[:100]
    try:
        found = parsedate_to_datetime(words)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _bytes_of(place: Place) -> bytes:
    with place.path.open("rb") as file:
        file.seek(place.start)
        raw = file.read(place.end - place.start)
    if not place.is_mbox or b"\n>" not in raw:
        return raw
    return b"\n".join(line[1:] if _is_quoted(line) else line for line in raw.split(b"\n"))


def _is_quoted(line: bytes) -> bool:
    """`>From `, `>>From ` and so on: the mboxrd form, of which mboxo's `>From ` is a part."""
    return line.startswith(b">") and line.lstrip(b">").startswith(b"From ")
