"""Memory of the daemon's processes: what a large mail needed is given back, and no mail can take it all (R2)."""

from __future__ import annotations

import ctypes
import resource

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LIBC = ctypes.CDLL(None)


def keep_small() -> None:
    """Have the C library return large blocks as soon as they are freed (mallopt(3)); forked processes inherit it.

    Left alone it keeps them for the next large mail, in every process.
    """
    _set((_M_MMAP_THRESHOLD, 256 * 1024), (_M_TRIM_THRESHOLD, 256 * 1024), (_M_ARENA_MAX, 2))


def keep_some() -> None:
    """In the listener: keep a few megabytes at hand while it is busy.

    On its way a mail is copied some six times, and to fill pages that the kernel has just given costs six times as much
    as the copy.
    """
    _set((_M_MMAP_THRESHOLD, 2 * 1024**2), (_M_TRIM_THRESHOLD, 4 * 1024**2))


def _set(*settings: tuple[int, int]) -> None:
    if hasattr(_LIBC, "mallopt"):
        for setting, value in settings:
            _LIBC.mallopt(setting, value)


def give_back() -> None:
    """Return what is free to the kernel (malloc_trim(3)): for a process that is about to wait."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)


def limit(more: int = 768 * 1024**2) -> None:
    """At most `more` bytes of address space beyond what is mapped now: a mail that wants more fails alone (F2)."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    soft = mapped + more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
