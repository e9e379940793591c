"""What the processes tell each other without a database: a heartbeat each, what they are at, and a bell to wake up."""

from __future__ import annotations

import mmap
import os
import select
import struct
import time
from dataclasses import dataclass, replace

_SLOT = struct.Struct("=ddqqq")
_SIZE = 64


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of one process: when it made progress, since when it has been at `task` (0: at nothing).

    Times are of the monotonic clock, which all processes of a machine share. `done` and `failed` count its work.
    """

    at: float
    since: float
    task: int
    done: int
    failed: int


class Pulse:
    """One slot a process in memory that they share since the fork. A slot has one writer."""

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, slots * _SIZE)
        for slot in range(slots):
            self._write(slot, Beat(time.monotonic(), 0.0, 0, 0, 0))

    def _write(self, slot: int, beat: Beat) -> None:
        _SLOT.pack_into(self._memory, slot * _SIZE, beat.at, beat.since, beat.task, beat.done, beat.failed)

    def read(self, slot: int) -> Beat:
        """The last sign of the process in `slot`."""
        return Beat(*_SLOT.unpack_from(self._memory, slot * _SIZE))

    def beat(self, slot: int, *, done: int = 0, failed: int = 0) -> None:
        """Progress was made, and nothing is in hand now. Only real progress may say so: the watchdog lives on it."""
        last = self.read(slot)
        self._write(slot, Beat(time.monotonic(), 0.0, 0, last.done + done, last.failed + failed))

    def revive(self, slot: int) -> None:
        """A new process takes the slot. What the last one had in hand still stands there."""
        self._write(slot, replace(self.read(slot), at=time.monotonic()))

    def wait(self, slot: int, seconds: float) -> None:
        """The next sign may take `seconds` more than usual: a server was asked that may take so long to answer."""
        self._write(slot, replace(self.read(slot), at=time.monotonic() + seconds))

    def begin(self, slot: int, task: int) -> None:
        """`task` is in hand from now on: if the process dies or hangs, it is known over what."""
        last = self.read(slot)
        now = time.monotonic()
        self._write(slot, Beat(now, now, task, last.done, last.failed))


class Bell:
    """Wakes a process that waits. Ringing twice wakes once; a ring before the wait is not lost (eventfd(2))."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ring(self) -> None:
        """Wake who waits, or who will."""
        os.eventfd_write(self.fd, 1)

    def wait(self, seconds: float) -> bool:
        """True when it rang within `seconds`. Returns early, False, when a signal came."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return False
        return True
