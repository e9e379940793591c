"""What an SMTP session says and does (RFC 5321)."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from aiosmtpd.smtp import AuthResult

from mailcase import log
from mailcase.core.message import Envelope
from mailcase.failpoint import failpoint
from mailcase.intake.door import Door
from mailcase.intake.smtp_auth import authenticate
from mailcase.intake.smtp_connection import FULL, OUR_FAULT, Connection
from mailcase.intake.smtp_path import Path, PathError, parse_path
from mailcase.store.errors import DatabaseFull, StoreError

_log = log.get("intake")

MOST_LOGINS = 3
LOGIN_PAUSE = 1.0


class SmtpSession(Connection):
    """The commands. Every reply has an enhanced status code (RFC 2034), save those that RFC 2034 leaves out.

    Mail is for our mailboxes only, from whomever. 250 comes after the commit. The bytes of a mail are kept exactly as
    they came: no Received field is added, though RFC 5321 section 4.4 wants one; what it would say stands in the
    envelope and the origin that are stored beside the mail.
    """

    SOURCE: ClassVar[str] = "smtp"

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(door, loop)
        failpoint("connect")
        self._authenticator = self._check_password
        self._failed_logins = 0

    async def smtp_HELO(self, arg: str) -> None:
        await self.greet(arg, extended=False)

    async def smtp_EHLO(self, arg: str) -> None:
        await self.greet(arg, extended=True)

    async def greet(self, name: str, extended: bool) -> None:
        """Answers HELO, EHLO and LHLO, and begins anew."""
        if not name:
            await self.push("501 5.5.4 Say your name, too")
            return
        self.begin_anew()
        self.client_name, self.is_extended = name, extended
        lines = [self.hostname, *self._extensions()] if extended else [self.hostname]
        await self.push("\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]))

    def _extensions(self) -> list[str]:
        found = ["PIPELINING", f"SIZE {self.door.smtp.max_size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.OFFERS_TLS and self.door.tls is not None and not self.is_secure:
            found.append("STARTTLS")
        if self._offers_login():
            found.append("AUTH PLAIN LOGIN")
        return found

    async def smtp_MAIL(self, arg: str) -> None:
        if not self.client_name:
            await self.push("503 5.5.1 Say hello first")
        elif self.sender is not None:
            await self.push("503 5.5.1 There is a sender already")
        else:
            path = parse_path(arg, "FROM")
            utf8 = self._take_parameters(path)
            _check_letters(path, utf8)
            local, _, domain = path.address.rpartition("@")
            if path.address and not (local and domain):
                raise PathError("553 5.1.7 The sender's address needs a domain")
            self.sender, self.is_utf8 = path.address, utf8
            await self.push("250 2.1.0 OK")

    def _take_parameters(self, path: Path) -> bool:
        """SIZE (RFC 1870), BODY (RFC 6152), AUTH (RFC 4954 section 5, not believed). True with SMTPUTF8 (RFC 6531)."""
        if path.parameters and not self.is_extended:
            raise PathError("555 5.5.4 Parameters need EHLO")
        for name, value in path.parameters.items():
            if name == "SIZE" and value.isascii() and value.isdigit() and len(value) <= 20:
                if int(value) > self.door.smtp.max_size:
                    raise PathError("552 5.3.4 The message is larger than the limit")
            elif not (
                (name == "BODY" and value.upper() in ("7BIT", "8BITMIME"))
                or (name == "SMTPUTF8" and not value)
                or (name == "AUTH" and value)
            ):
                raise PathError("555 5.5.4 There is no such parameter here, or not with this value")
        return "SMTPUTF8" in path.parameters

    async def smtp_RCPT(self, arg: str) -> None:
        if self.sender is None:
            await self.push("503 5.5.1 Say the sender first")
            return
        path = parse_path(arg, "TO")
        if path.parameters:
            raise PathError("555 5.5.4 There is no such parameter here")
        _check_letters(path, self.is_utf8)
        if not self._is_ours(path):
            await self.push("550 5.1.1 There is no such mailbox here")
        elif len(self.recipients) >= self.door.smtp.max_recipients:
            await self.push("452 4.5.3 Too many recipients, send the rest in another transaction")
        else:
            self.recipients.append(path.address)
            failpoint("after_rcpt")
            await self.push("250 2.1.5 OK")

    def _is_ours(self, path: Path) -> bool:
        """Only our mailboxes, and no form that asks us to pass mail on (S28): `@x:a@b`, `"a@b"@x`, `a%b@x`, `b!a@x`."""
        local = path.address.rpartition("@")[0]
        if path.route or any(sign in local for sign in '@%!"'):
            return False
        return self.door.policy.mailbox_of(path.address) is not None

    async def smtp_DATA(self, arg: str) -> None:
        if arg:
            await self.push("501 5.5.4 DATA takes no argument")
            return
        if not self.recipients:
            await self.push("503 5.5.1 There is no recipient")
            return
        body = await self.receive_body()
        if body is None:
            return
        raw = body.content()
        await self.answer_mail(body.refusal or await self._store(raw))
        self.begin_anew()
        await self.flush()
        failpoint("after_250")

    async def answer_mail(self, reply: str) -> None:
        """One reply for the whole mail (LMTP has one for each recipient)."""
        await self.push(reply)

    async def _store(self, raw: bytes) -> str:
        """Hands the mail to the spool and says what became of it: 250 only when it is on disk."""
        envelope = Envelope(self.sender or "", tuple(self.recipients), self.agent, self.peer)
        self.door.held += len(raw)
        try:
            accepted = await self.door.keep.add(raw, envelope, self.SOURCE, self._origin())
        except StoreError as error:
            _log.error("not kept", peer=self.peer, size=len(raw), problem=str(error))
            return FULL if isinstance(error, DatabaseFull) else OUR_FAULT
        except Exception as error:
            _log.error("not kept", peer=self.peer, size=len(raw), exc_info=error)
            return OUR_FAULT
        finally:
            self.door.held -= len(raw)
        self._errors = 0
        _log.info("kept", spool=accepted.id, peer=self.peer, size=len(raw), duplicate=accepted.duplicate)
        return f"250 2.0.0 OK, kept as {accepted.id}"

    def _origin(self) -> str:
        """What a Received field would say of the client, as one printable word."""
        name = "".join(c for c in self.client_name[:100] if c.isprintable() and not c.isspace())
        return f"{self.SOURCE}/{self.peer or 'unix'}/{name}{'/tls' if self.is_secure else ''}"

    async def smtp_RSET(self, arg: str) -> None:
        self.begin_anew()
        await self.push("250 2.0.0 OK")

    async def smtp_NOOP(self, arg: str) -> None:
        await self.push("250 2.0.0 OK")

    async def smtp_QUIT(self, arg: str) -> None:
        await self.hang_up("221 2.0.0 Bye")

    async def smtp_VRFY(self, arg: str) -> None:
        # RFC 5321 section 7.3: say nothing about who is here.
        await self.push("252 2.5.0 Send the mail, then we will see" if arg else "501 5.5.4 Whom?")

    async def smtp_EXPN(self, arg: str) -> None:
        await self.push("502 5.5.1 There is no EXPN here")

    async def smtp_HELP(self, arg: str) -> None:
        await self.push("214 2.0.0 This is a mail server for a support desk: see RFC 5321")

    # Logging in

    def _offers_login(self) -> bool:
        return self.OFFERS_TLS and self.is_secure and bool(self.door.passwords)

    async def smtp_AUTH(self, arg: str) -> None:
        """RFC 4954. Over TLS only; it proves who the mail is from and opens no relay."""
        words = arg.split()
        if not self.door.passwords or not self.OFFERS_TLS:
            await self.push("502 5.5.1 There is no AUTH here")
        elif not self.is_secure:
            await self.push("538 5.7.11 AUTH needs TLS")
        elif not self.is_extended or self.agent or self.sender is not None:
            await self.push("503 5.5.1 Not now")
        elif not words or len(words) > 2 or words[0].upper() not in ("PLAIN", "LOGIN"):
            await self.push("504 5.5.4 PLAIN and LOGIN are known here")
        else:
            method = self.auth_PLAIN if words[0].upper() == "PLAIN" else self.auth_LOGIN
            result = await method(self, words)
            if result.success:
                self.agent = str(result.auth_data)
                await self.push("235 2.7.0 Welcome")
            elif not result.handled:
                await self._refuse_login()

    def _check_password(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        name = authenticate(self.door.passwords, data.login, data.password)
        return AuthResult(success=bool(name), handled=False, auth_data=name)

    async def _refuse_login(self) -> None:
        self._failed_logins += 1
        _log.warning("login failed", peer=self.peer)
        await asyncio.sleep(LOGIN_PAUSE)
        await self.push("535 5.7.8 Wrong name or password")
        if self._failed_logins >= MOST_LOGINS:
            await self.hang_up("421 4.7.0 Too many wrong passwords")

    async def challenge_auth(self, *args: Any, **kwargs: Any) -> Any:
        """aiosmtpd's, in the meantime waiting for the client."""
        self.is_waiting = True
        try:
            return await super().challenge_auth(*args, **kwargs)
        finally:
            self.is_waiting = False


def _check_letters(path: Path, utf8: bool) -> None:
    if not path.address.isascii() and not utf8:
        raise PathError("553 5.6.7 An address beyond ASCII needs SMTPUTF8")
