"""A TCP proxy that misbehaves on request: it cuts, goes silent, crawls or resets."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Literal, Self

Mode = Literal["pass", "cut", "blackhole", "slow", "reset"]


class Proxy:
    """Listens on 127.0.0.1:`port` and talks to `target`. Modes act on what the server says, after `after` bytes of it:

    pass: everything goes through; cut: the connection is closed; reset: it is closed with RST; blackhole: then nothing
    goes through in either direction, and nothing is closed; slow: `rate` bytes a second. A change of mode holds for
    connections that are open and for new ones; each connection counts its own bytes.

    `on_command` sees what the client says and returns None to let it pass, b"" to hang up, or what to answer in the
    server's place (behind a BYE it hangs up as well); `on_reply` may rewrite what the server says. `ends_with` says of what
    the client says whether it is the last that goes through: the server hears it, and nobody hears the server.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.mode: Mode = "pass"
        self.after = 0
        self.rate = 1_000
        self.connections = 0
        self.faults = 0
        self.on_command: Callable[[bytes], bytes | None] | None = None
        self.on_reply: Callable[[bytes], bytes] | None = None
        self.ends_with: Callable[[bytes], bool] | None = None
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def set(self, mode: Mode, after: int = 0, rate: int = 1_000) -> None:
        """Misbehave like this from now on."""
        self.after, self.rate, self.mode = after, rate, mode

    def drop(self) -> None:
        """Close every open connection now."""
        with self.lock:
            for connection in list(self.open):
                _close(connection)

    def close(self) -> None:
        """Stop listening and drop everything."""
        self.closing.set()
        # Closing alone does not wake a thread in accept().
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=10)
            except OSError:
                _close(client)
                continue
            server.settimeout(None)
            with self.lock:
                self.connections += 1
                self.open |= {client, server}
            dead = threading.Event()
            threading.Thread(target=self._pump, args=(client, server, False, dead), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True, dead), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_server: bool, dead: threading.Event) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if from_server and self.mode in ("cut", "reset") and passed + len(data) > self.after:
                    sink.sendall(data[: max(self.after - passed, 0)])
                    self.faults += 1
                    if self.mode == "reset":
                        # Linger on with a time of zero: close() sends RST instead of FIN.
                        sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        _close(sink, socket.SHUT_RD)
                    break
                if from_server and self.mode == "blackhole" and passed + len(data) > self.after:
                    sink.sendall(data[: max(self.after - passed, 0)])
                    dead.set()
                    self.faults += 1
                if dead.is_set():
                    self._swallow(source)
                    break
                if not from_server and self.on_command is not None and (answer := self.on_command(data)) is not None:
                    self.faults += 1
                    if not answer:
                        break
                    source.sendall(answer)
                    if answer.startswith(b"* BYE"):
                        break
                    continue
                if from_server and self.on_reply is not None:
                    data = self.on_reply(data)
                if self.mode == "slow" and from_server:
                    self._trickle(sink, data)
                else:
                    sink.sendall(data)
                if not from_server and self.ends_with is not None and self.ends_with(data):
                    self.faults += 1
                    break
                passed += len(data)
        self._forget(source, sink)

    def _swallow(self, source: socket.socket) -> None:
        while not self.closing.is_set() and source.recv(65_536):
            continue

    def _trickle(self, sink: socket.socket, data: bytes) -> None:
        step = max(self.rate // 20, 1)
        for at in range(0, len(data), step):
            sink.sendall(data[at : at + step])
            if self.mode == "slow" and self.closing.wait(0.05):
                return

    def _forget(self, source: socket.socket, sink: socket.socket) -> None:
        for connection in (source, sink):
            _close(connection)
            with self.lock:
                self.open.discard(connection)


def _close(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(how)  # wakes a thread that waits in recv(), which would keep the connection open
    connection.close()
