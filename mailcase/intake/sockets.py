"""Opens what the listener listens on: TCP, unix sockets, or sockets that systemd hands over."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailcase.config import Config
from mailcase.config.errors import ConfigError
from mailcase.config.values import Listen, parse_listen
from mailcase.errors import MailcaseError
from mailcase.notify import sockets_for, take_sockets

BACKLOG = 256


@dataclass(frozen=True, slots=True)
class ListenerSockets:
    """Listening sockets, opened by the parent before it forks: a listener that is started anew loses no connection."""

    smtp: tuple[socket.socket, ...] = ()
    lmtp: tuple[socket.socket, ...] = ()

    @property
    def all(self) -> tuple[socket.socket, ...]:
        """Every socket."""
        return self.smtp + self.lmtp

    def close(self) -> None:
        """Closes this process's copies."""
        for sock in self.all:
            sock.close()


def open_sockets(config: Config, passed: dict[str, list[socket.socket]] | None = None) -> ListenerSockets:
    """The sockets that `[smtp]` and `[lmtp]` name. `passed` are those of `notify.take_sockets()`; it is asked if None.

    Raises MailcaseError with the remedy; then none that was opened here is left open.
    """
    tables = {"smtp": config.smtp, "lmtp": config.lmtp}
    places = {name: parse_listen(table.listen) for name, table in tables.items() if table is not None}
    if passed is None and any(place.kind == "systemd" for place in places.values()):
        passed = take_sockets()
    opened: dict[str, tuple[socket.socket, ...]] = {}
    try:
        for name, place in places.items():
            opened[name] = _open(name, place, passed or {})
    except MailcaseError:
        ListenerSockets(**opened).close()
        raise
    return ListenerSockets(**opened)


def _open(name: str, place: Listen, passed: dict[str, list[socket.socket]]) -> tuple[socket.socket, ...]:
    if place.kind == "systemd":
        return tuple(sockets_for(name, passed))
    try:
        return (_unix(Path(place.path)),) if place.kind == "unix" else _tcp(place.host, place.port)
    except OSError as error:
        where = f"unix:{place.path}" if place.kind == "unix" else f"{place.host}:{place.port}"
        raise ConfigError(
            f"[{name}] listen = {where} cannot be opened ({error.strerror or error}); "
            'end what uses it, choose another, or let systemd open it with listen = "systemd"'
        ) from None


def _tcp(host: str, port: int) -> tuple[socket.socket, ...]:
    """One socket for each address of the host. `::` takes IPv4 as well, as it does with systemd."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[socket.socket] = []
    try:
        for family, address in {(entry[0], entry[4]): None for entry in found}:
            opened.append(sock := socket.socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address[0] != "::")
            sock.bind(address)
            sock.listen(BACKLOG)
    except OSError:
        for sock in opened:
            sock.close()
        raise
    return tuple(opened)


def _unix(path: Path) -> socket.socket:
    """A socket that user and group may use. One that a dead process left is replaced, one that answers is not."""
    if path.is_socket():
        if _answers(path):
            raise OSError("another process listens there")
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(os.fspath(path))
        path.chmod(0o660)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, suppress(ConnectionRefusedError):
        probe.connect(os.fspath(path))
        return True
    return False
