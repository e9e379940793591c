"""An SMTP server that keeps what it gets, and fails on request at any of the eight places of the protocol."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Self

Place = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"]
PLACES: tuple[Place, ...] = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot")


@dataclass(frozen=True)
class Fault:
    """What happens at a place: a `reply` line such as "451 4.3.0 later", else "drop" or "silence" as `action`.

    `accepted` (at the dot only) keeps the mail first: the reply is lost, the mail is not. `times` is how often, 0 for
    always; `matching` limits it to commands with that text, such as one recipient.
    """

    reply: str = ""
    action: Literal["reply", "drop", "silence"] = "reply"
    accepted: bool = False
    times: int = 0
    matching: str = ""


@dataclass(frozen=True)
class Received:
    """One mail that the sink took. `raw` is after undoing the dots (RFC 5321 section 4.5.2)."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    login: str
    tls: bool
    parameters: str = ""


@dataclass
class _Dialogue:
    connection: socket.socket
    login: str = ""
    sender: str | None = None
    parameters: str = ""
    recipients: list[str] = field(default_factory=list)
    tls: bool = False
    reader: io.BufferedReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = self.connection.makefile("rb")


class _Ended(Exception):
    """The dialogue is over."""


class Sink:
    """Listens on 127.0.0.1:`port`. `mails` is what it took, `commands` every line it was told, in order of arrival.

    `faults` may be changed at any time: {"rcpt": Fault("550 5.1.1 nobody", matching="bob@")}. With `context` it offers
    STARTTLS, or speaks TLS from the start when `implicit`. With `users` it offers AUTH and asks for it.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: dict[str, str] | None = None,
        port: int = 0,
        extensions: Iterable[str] = ("8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE 52428800"),
    ) -> None:
        self.context, self.implicit, self.users = context, implicit, users or {}
        self.extensions = tuple(extensions)
        self.faults: dict[Place, Fault] = {}
        self.mails: list[Received] = []
        self.commands: list[str] = []
        self.connections = 0
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, name="sink", daemon=True).start()

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """The mails, once there are at least `count`. Raises TimeoutError."""
        return self.wait_until(lambda sink: len(sink.mails) >= count, seconds).mails

    def wait_until(self, condition: Callable[[Sink], bool], seconds: float = 20.0) -> Self:
        """Itself, once `condition` holds; looked at after every command and mail. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self), seconds):
                raise TimeoutError(f"after {seconds} s: {len(self.mails)} mails, commands {self.commands[-20:]}")
        return self

    def close(self) -> None:
        """Stop listening and drop everything."""
        self.closing.set()
        for connection in (self.listener, *list(self.open)):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        talk = _Dialogue(connection)
        try:
            with contextlib.suppress(_Ended, OSError, ssl.SSLError):
                if self.implicit and self.context is not None:
                    self._secure(talk)
                self._note("<connect>")
                self.connections += 1
                self._answer(talk, "connect", "", "220 sink.example ESMTP")
                while True:
                    self._command(talk, _line(talk).decode("utf-8", "replace").rstrip("\r\n"))
        finally:
            self.open.discard(connection)
            with contextlib.suppress(OSError):
                talk.connection.shutdown(socket.SHUT_RDWR)
            talk.connection.close()

    def _note(self, command: str) -> None:
        with self.changed:
            self.commands.append(command)
            self.changed.notify_all()

    def _command(self, talk: _Dialogue, line: str) -> None:
        self._note(line if not line.upper().startswith("AUTH ") else " ".join(line.split()[:2]))
        verb = line.split(" ", 1)[0].upper()
        if verb in ("EHLO", "HELO"):
            self._answer(talk, "ehlo", line, self._greeting(talk) if verb == "EHLO" else "250 sink.example")
        elif verb == "STARTTLS" and self.context is not None:
            self._answer(talk, "starttls", line, "220 2.0.0 ready")
            self._secure(talk)
        elif verb == "AUTH":
            self._authenticate(talk, line)
        elif verb == "MAIL":
            self._mail(talk, line)
        elif verb == "RCPT":
            if self._answer(talk, "rcpt", line, "250 2.1.5 ok"):
                talk.recipients.append(line.partition("<")[2].partition(">")[0])
        elif verb == "DATA":
            self._data(talk, line)
        elif verb == "RSET":
            talk.sender, talk.recipients = None, []
            _say(talk, "250 2.0.0 ok")
        elif verb == "QUIT":
            _say(talk, "221 2.0.0 bye")
            raise _Ended
        else:
            _say(talk, "250 2.0.0 ok" if verb == "NOOP" else "502 5.5.1 not here")

    def _greeting(self, talk: _Dialogue) -> str:
        lines = ["sink.example", *self.extensions]
        lines += ["STARTTLS"] * (self.context is not None and not talk.tls)
        lines += ["AUTH PLAIN LOGIN"] * bool(self.users)
        return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])

    def _secure(self, talk: _Dialogue) -> None:
        assert self.context is not None
        self.open.discard(talk.connection)
        talk.connection = self.context.wrap_socket(talk.connection, server_side=True)
        talk.tls, talk.reader = True, talk.connection.makefile("rb")
        self.open.add(talk.connection)

    def _authenticate(self, talk: _Dialogue, line: str) -> None:
        _, mechanism, *rest = line.split()
        if mechanism.upper() == "PLAIN":
            _, user, password = _decoded(rest[0] if rest else _ask(talk, "334 ")).split("\0")
        else:
            user = _decoded(rest[0] if rest else _ask(talk, "334 VXNlcm5hbWU6"))
            password = _decoded(_ask(talk, "334 UGFzc3dvcmQ6"))
        good = self.users.get(user) == password
        if self._answer(talk, "auth", line, "235 2.7.0 ok" if good else "535 5.7.8 wrong") and good:
            talk.login = user

    def _mail(self, talk: _Dialogue, line: str) -> None:
        if self.users and not talk.login:
            _say(talk, "530 5.7.0 log in first")
        elif self._answer(talk, "mail", line, "250 2.1.0 ok"):
            talk.sender, talk.recipients = line.partition("<")[2].partition(">")[0], []
            talk.parameters = line.partition(">")[2].strip()

    def _data(self, talk: _Dialogue, line: str) -> None:
        if talk.sender is None or not talk.recipients:
            _say(talk, "503 5.5.1 no recipients")
            return
        if not self._answer(talk, "data", line, "354 go on"):
            return
        body = bytearray()
        while (part := _line(talk)) != b".\r\n":
            body += part[1:] if part.startswith(b".") else part
        mail = Received(talk.sender, tuple(talk.recipients), bytes(body), talk.login, talk.tls, talk.parameters)
        talk.sender, talk.recipients = None, []
        fault = self._fault("dot", mail.raw.decode("utf-8", "replace"))
        if fault is None or fault.accepted:
            with self.changed:
                self.mails.append(mail)
                self.changed.notify_all()
        self._react(talk, fault, "250 2.0.0 kept")

    def _answer(self, talk: _Dialogue, place: Place, line: str, reply: str) -> bool:
        return self._react(talk, self._fault(place, line), reply)

    def _fault(self, place: Place, line: str) -> Fault | None:
        with self.changed:
            fault = self.faults.get(place)
            if fault is None or fault.matching not in line:
                return None
            if fault.times == 1:
                del self.faults[place]
            elif fault.times:
                self.faults[place] = Fault(fault.reply, fault.action, fault.accepted, fault.times - 1, fault.matching)
            return fault

    def _react(self, talk: _Dialogue, fault: Fault | None, reply: str) -> bool:
        """True when the command succeeded."""
        if fault is not None and fault.action == "drop":
            raise _Ended
        if fault is not None and fault.action == "silence":
            self.closing.wait(3600)
            raise _Ended
        said = fault.reply if fault is not None else reply
        _say(talk, said)
        if said.startswith("421"):
            raise _Ended
        return said[0] in "23"


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()


def _ask(talk: _Dialogue, question: str) -> str:
    _say(talk, question)
    return _line(talk).decode()


def _say(talk: _Dialogue, reply: str) -> None:
    talk.connection.sendall(reply.encode() + b"\r\n")


def _line(talk: _Dialogue) -> bytes:
    """The next line with its end."""
    line = talk.reader.readline()
    if not line.endswith(b"\n"):
        raise _Ended
    return line
