"""The wire under an SMTP session: lines in, replies out, the blocks of a mail, TLS. aiosmtpd's server, made ours."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

from aiosmtpd.smtp import SMTP

from mailcase import log
from mailcase.failpoint import failpoint
from mailcase.intake.door import Door, address_of
from mailcase.intake.smtp_data import Body
from mailcase.intake.smtp_path import PathError

_log = log.get("intake")

LONGEST_COMMAND = 12_288  # RFC 4954 section 4 for AUTH; the others need far less
MOST_ERRORS = 20
TLS_HANDSHAKE = 30.0
LAST_WORD = 5.0

OUR_FAULT = "451 4.3.0 Something went wrong here, try again later"
FULL = "452 4.3.1 No room here, try again later"
GOING_DOWN = "421 4.3.2 The service is going down, try again later"


class Connection(SMTP):
    """Reads commands and answers them through the `smtp_…` methods of its subclass.

    Replies leave together where commands came together (RFC 2920). A fault of ours is always a 451 that says nothing
    about it; aiosmtpd's own answer is a 500 with the text of the exception, which loses the mail.
    """

    OFFERS_TLS: ClassVar[bool] = True
    _template: ClassVar[dict[str, Any]] = {}

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        if not Connection._template:  # aiosmtpd finds its hooks by introspection, 0.1 ms a connection: once is enough
            Connection._template = vars(SMTP(object(), hostname="localhost", enable_SMTPUTF8=True, loop=loop))
        vars(self).update(self._template)
        reader = asyncio.StreamReader(limit=LONGEST_COMMAND, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop=loop)
        self.loop = loop
        self.door = door
        self.hostname = door.hostname
        self.peer = ""
        self.began = self.heard = loop.time()
        self.is_waiting = True  # for the client, as opposed to: for us
        self.client_name = ""  # as it says itself: HELO
        self.is_extended = False  # EHLO or LHLO
        self.agent = ""  # who logged in
        self.begin_anew()
        self._body: Body | None = None
        self._body_is_whole: asyncio.Future[bool] = loop.create_future()
        self._replies: list[bytes] = []
        self._errors = 0
        self._last_failed = False

    @property
    def is_receiving(self) -> bool:
        """True from 354 to the final dot."""
        return self._body is not None

    @property
    def is_secure(self) -> bool:
        """True over TLS."""
        return self._wire.get_extra_info("sslcontext") is not None

    def begin_anew(self) -> None:
        """Forgets the transaction (RFC 5321 section 4.1.1.5)."""
        self.sender: str | None = None  # None before MAIL, "" for <>
        self.recipients: list[str] = []
        self.is_utf8 = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asyncio.StreamReaderProtocol.connection_made(self, transport)
        self._wire = self.transport = wire = cast(asyncio.Transport, transport)  # uvloop's is not one by name
        self.session, self.envelope = self._create_session(), self._create_envelope()
        self.peer = address_of(transport.get_extra_info("peername"))
        refusal = self.door.refusal(self.peer)
        if refusal:
            if not self._begins_with_tls():
                wire.write(refusal.encode() + b"\r\n")
            wire.close()
            return
        self.door.enter(self)
        self._handler_coroutine = self.loop.create_task(self._handle_client())

    def connection_lost(self, error: Exception | None) -> None:
        self._end_body(whole=False)
        self.door.leave(self)
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        if self._body is None:
            asyncio.StreamReaderProtocol.data_received(self, data)
        else:
            self._feed_body(self._body, data)

    def eof_received(self) -> bool:
        self._end_body(whole=False)
        asyncio.StreamReaderProtocol.eof_received(self)
        return not self.is_secure  # a client may close its half after QUIT and still read our replies

    # Replies

    async def push(self, status: str | bytes) -> None:
        """Takes a reply. It leaves with the others, or at once where the client has to act on it (3yz)."""
        reply = status.encode() if isinstance(status, str) else status
        self._replies.append(reply + b"\r\n")
        self._last_failed = self._last_failed or reply.startswith(b"5")
        if reply.startswith(b"3"):
            await self.flush()

    async def flush(self) -> None:
        """Sends the replies that are held back."""
        if self._replies:
            self._wire.write(b"".join(self._replies))
            self._replies.clear()
            if self._wire.get_write_buffer_size():
                await self._writer.drain()

    async def hang_up(self, reply: str) -> None:
        """The last reply of a session."""
        await self.push(reply)
        await self.flush()
        self._wire.close()

    def end(self, reply: str) -> None:
        """Says a last word from outside the session: for the sweeper, and for the end of the service."""
        if not self._wire.is_closing():
            self._wire.write(b"".join(self._replies) + reply.encode() + b"\r\n")
            self._replies.clear()
            self._wire.close()
            self.loop.call_later(LAST_WORD, self._wire.abort)  # a client that reads nothing keeps no socket

    # Commands

    async def _handle_client(self) -> None:
        try:
            if self._begins_with_tls():
                await self._secure()
            await self.push(f"220 {self.hostname} ESMTP mailcase")
            while not self._wire.is_closing():
                line = await self._next_line()
                if not line:
                    break
                await self._obey(line)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away: what it had not handed over in full is not ours
        except Exception:
            _log.error("session failed", peer=self.peer, exc_info=True)
        finally:
            self._wire.close()
            self.door.leave(self)  # a TLS handshake that fails does not end in connection_lost

    async def _next_line(self) -> bytes:
        """The next command with its line end; b"" at the end of the connection, a lone NUL line for one too long."""
        if b"\n" not in self._reader._buffer:  # type: ignore[attr-defined]
            await self.flush()
        self.is_waiting = True
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            while b"\n" not in (part := await self._reader.read(LONGEST_COMMAND)):
                if not part:
                    return b""
            return b"\0\r\n"
        except asyncio.IncompleteReadError:
            return b""
        finally:
            self.is_waiting = False

    async def _obey(self, line: bytes) -> None:
        """Answers one command; turns any fault of ours into 451, and too many of the client's into 421."""
        self._last_failed = False
        try:
            await self._dispatch(line)
        except PathError as error:
            await self.push(str(error))
        except (OSError, asyncio.IncompleteReadError):
            raise
        except Exception:
            _log.error("command failed", peer=self.peer, exc_info=True)
            await self.push(OUR_FAULT)
        self._errors += self._last_failed
        if self._errors >= MOST_ERRORS:
            await self.hang_up("421 4.7.0 Too many errors")
        elif self.door.ending:
            await self.hang_up(GOING_DOWN)

    async def _dispatch(self, line: bytes) -> None:
        if not line.endswith(b"\r\n") or b"\0" in line:
            await self.push("500 5.5.2 A command is one line that ends with CR LF, and not longer than 12,288 bytes")
            return
        try:
            command, _, argument = line[:-2].decode().partition(" ")
        except UnicodeDecodeError:
            await self.push("500 5.5.2 A command is UTF-8 text")
            return
        method = getattr(self, f"smtp_{command.upper()}", None) if command.isascii() and command.isalpha() else None
        if method is None:
            await self.push("500 5.5.1 There is no such command here")
        else:
            await method(argument.strip())

    # The body

    async def receive_body(self) -> Body | None:
        """Says 354 and returns the mail up to the final dot, or None when the client went away before."""
        early = bytes(self._reader._buffer)  # type: ignore[attr-defined]  # sent without waiting for 354
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        self._reader._maybe_resume_transport()  # type: ignore[attr-defined]
        body = self._body = Body(self.door.smtp.max_size)
        self._body_is_whole = self.loop.create_future()
        if early:
            self._feed_body(body, early)
        if self._reader.at_eof():
            self._end_body(whole=False)
        await self.push("354 End with a dot on a line of its own")
        self.is_waiting = True
        whole = await self._body_is_whole
        self.is_waiting = False
        return body if whole else None

    def _feed_body(self, body: Body, data: bytes) -> None:
        before = body.held
        rest = body.feed(data)
        failpoint("in_data")
        self.door.held += body.held - before
        if self.door.held > self.door.budget and body.held:
            self.door.held -= body.held
            body.refuse(FULL)
        if rest is not None:
            self._end_body(whole=True)
            self._reader._buffer.extend(rest)  # type: ignore[attr-defined]  # feed_data refuses after a half-close

    def _end_body(self, whole: bool) -> None:
        if self._body is not None:
            self.door.held -= self._body.held
            self._body = None
            if not self._body_is_whole.done():
                self._body_is_whole.set_result(whole)

    # TLS

    def _begins_with_tls(self) -> bool:
        return self.OFFERS_TLS and self.door.tls is not None and self.door.smtp.tls == "implicit"

    async def _secure(self) -> None:
        """The TLS handshake. Raises OSError when it fails or takes too long."""
        assert self.door.tls is not None
        secured = await self.loop.start_tls(
            self._wire, self, self.door.tls, server_side=True, ssl_handshake_timeout=TLS_HANDSHAKE
        )
        if secured is None:  # asyncio says so when the client hangs up in the middle of the handshake
            raise ConnectionResetError
        self._wire = self.transport = secured
        self._reader._transport = secured  # type: ignore[attr-defined]  # who pauses when too much comes

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207. Nothing may be sent in clear behind the command (CVE-2011-0411): it would be taken as secured."""
        if arg:
            await self.push("501 5.5.4 STARTTLS takes no argument")
        elif not self.OFFERS_TLS or self.door.tls is None or self.is_secure:
            await self.push("503 5.5.1 TLS is not to be had, or begun already")
        elif self._reader._buffer:  # type: ignore[attr-defined]
            await self.hang_up("503 5.5.1 Wait for the reply to STARTTLS")
        else:
            self._wire.pause_reading()
            await self.push("220 2.0.0 Begin TLS")
            await self.flush()
            await self._secure()
            self.client_name = ""  # RFC 3207 section 4.2: what was said in clear is forgotten
            self.begin_anew()
