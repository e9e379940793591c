"""The way into a Maildir, for trying things out and for other programs that take the mail from there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType

from mailcase.core.delivery import DEFERRED, SENT, Try, everybody
from mailcase.failpoint import failpoint
from mailcase.outgoing.way import Kind, Unreachable, still_waiting
from mailcase.store.values import OutboxItem


class MaildirWay:
    """A Maildir (maildir(5)): written to `tmp`, synced, moved to `new`, the move synced.

    A mail has one name however often it is tried. The standard library's Maildir takes a new name each time, so that a
    kill between the move and our note of it would leave the mail there twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            for part in ("tmp", "new", "cur"):
                (path / part).mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unreachable(f"{path}: {error.strerror}") from None

    def send(self, item: OutboxItem) -> Try:
        """Put it there, once: one that was interrupted may be there already, also as a mail that was read."""
        waiting, name = still_waiting(item), _name(item)
        try:
            failpoint("before_dot")
            if not (item.state == "sending" and self._was_read(name)):
                self._write(name, item.raw.replace(b"\r\n", b"\n"))
            failpoint("after_dot")
        except OSError as error:
            return everybody(waiting, DEFERRED, str(error.strerror), ours=True)
        return everybody(waiting, SENT, "written to the Maildir")

    def _was_read(self, name: str) -> bool:
        """Mail programs move what they have seen to `cur`, with flags behind the name."""
        return any(found.partition(":")[0] == name for found in os.listdir(self._path / "cur"))

    def _write(self, name: str, raw: bytes) -> None:
        with open(self._path / "tmp" / name, "wb", opener=_private) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        # In the place of itself, when a try before this one came as far.
        os.replace(self._path / "tmp" / name, self._path / "new" / name)
        folder = os.open(self._path / "new", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __enter__(self) -> MaildirWay:
        return self

    def __exit__(self, kind: Kind, value: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is held open."""


def _private(path: str, flags: int) -> int:
    """Mail is for its owner alone."""
    return os.open(path, flags, 0o600)


def _name(item: OutboxItem) -> str:
    """The same for each try of a mail, and another for every other mail, also of another desk."""
    digest = hashlib.sha256(item.message_id.encode()).hexdigest()[:16]
    return f"{int(item.created_at.timestamp())}.O{item.id}_{digest}.mailcase"
