"""What systemd is told, and the sockets it passes: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from datetime import timedelta

from mailcase.errors import MailcaseError

_FIRST_SOCKET = 3  # SD_LISTEN_FDS_START


def ready(status: str = "") -> bool:
    """The listeners listen. After a reload, too: it ends what `reloading` began."""
    return tell("READY=1", status)


def reloading() -> bool:
    """The config is being read again."""
    return tell("RELOADING=1")


def stopping(status: str = "") -> bool:
    """What is in hand is being finished."""
    return tell("STOPPING=1", status)


def alive(status: str = "") -> bool:
    """Feeds the watchdog. To be called when something was really done, not by a timer that always runs (P3)."""
    return tell("WATCHDOG=1", status)


def tell(state: str, status: str = "") -> bool:
    """Sends a state, and a line that `systemctl status` shows. False when no service manager asked for it.

    A service manager that has gone away is no reason to stop taking mail: a failed message counts as not asked for.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return False
    message = f"{state}\nSTATUS={' '.join(status.split())}" if status else state
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
        try:
            connection.sendto(message.encode(), address)
        except OSError:
            return False
    return True


def watchdog_interval() -> timedelta | None:
    """How often `alive` is expected at the latest: half of WatchdogSec=, as sd_watchdog_enabled(3) advises. Or None."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    if not for_us or not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return timedelta(microseconds=int(microseconds) / 2)


def take_sockets(environment: MutableMapping[str, str] = os.environ) -> dict[str, list[socket.socket]]:
    """The listening sockets that were passed to this process, by FileDescriptorName=. Empty when none were.

    The variables are taken away, so that children do not believe that the sockets are theirs.
    """
    process = environment.pop("LISTEN_PID", "")
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if process != str(os.getpid()) or not count.isdecimal():
        return {}
    sockets: dict[str, list[socket.socket]] = {}
    for position in range(int(count)):
        descriptor = _FIRST_SOCKET + position
        os.set_inheritable(descriptor, False)
        name = names[position] if position < len(names) else "unknown"
        sockets.setdefault(name, []).append(socket.socket(fileno=descriptor))
    return sockets


def sockets_for(name: str, taken: dict[str, list[socket.socket]]) -> list[socket.socket]:
    """The sockets for the listener `name` (smtp, lmtp). Raises MailcaseError when systemd passed none of that name."""
    if not taken.get(name):
        raise MailcaseError(
            f'[{name}] listen = "systemd", but systemd passed no socket named {name}; '
            f"use: systemctl enable --now mailcase-{name}.socket, and start mailcase.service by systemd"
        )
    return taken[name]
