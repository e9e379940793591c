"""Hands single mails to the smarthost. What happened is a value; nothing is raised for a mail."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from mailcase.config import Send
from mailcase.config.secrets import without_password
from mailcase.core.delivery import DEFERRED, FAILED, SENT, UNCERTAIN, Try, everybody, of_code
from mailcase.failpoint import failpoint
from mailcase.outgoing.maildir import MaildirWay
from mailcase.outgoing.way import Kind, Unreachable, Way, still_waiting
from mailcase.store.values import OutboxItem
from mailcase.tls import client_context

# RFC 5321 section 4.5.3.2.6: the answer to the final dot may take ten minutes, because the server may be at work.
AFTER_DOT_SECONDS = 600
# Words of a server are kept up to here (D2).
WORDS = 512


def open_way(send: Send, context: Callable[[], ssl.SSLContext] | None = None) -> Way:
    """The way that `send.to` names; `context` is asked for where there is TLS. Raises Unreachable."""
    target = send.target()
    if target.kind == "maildir":
        return MaildirWay(Path(target.path))
    return SmtpWay(send, context or partial(client_context, insecure=send.insecure))


class SmtpWay:
    """One SMTP session for many mails (RFC 5321). Before the final dot a lost connection is harmless; after it, not."""

    def __init__(self, send: Send, context: Callable[[], ssl.SSLContext]) -> None:
        self._send, self._context = send, context
        target = send.target()
        seconds = send.timeout.total_seconds()
        try:
            self._smtp = self._connect(target.kind, target.host, target.port, seconds)
        except (OSError, smtplib.SMTPException) as error:
            words = _words(error)
            if send.user:
                words = without_password(words, send.user, send.password())
            raise Unreachable(words) from None

    def _connect(self, kind: str, host: str, port: int, seconds: float) -> smtplib.SMTP:
        if kind == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=seconds, context=self._context())
        else:
            smtp = smtplib.SMTP(host, port, timeout=seconds)
        try:
            if smtp.sock is not None:
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            smtp.ehlo_or_helo_if_needed()
            if kind == "smtp+starttls":
                # Raises when the server does not offer it: a stripped STARTTLS must not cost us the password (S27).
                smtp.starttls(context=self._context())
                smtp.ehlo()
            if self._send.user:
                smtp.login(self._send.user, self._send.password())
        except BaseException:
            smtp.close()
            raise
        return smtp

    def send(self, item: OutboxItem) -> Try:
        """One transaction. The session goes on after a refused mail, and is over after a lost connection."""
        waiting = still_waiting(item)
        needs_utf8 = not all(a.isascii() for a in (*waiting, item.envelope_from))
        if needs_utf8 and not self._smtp.has_extn("smtputf8"):
            return everybody(waiting, FAILED, "550 5.6.7 the smarthost does not take non-ASCII addresses")
        try:
            before = self._envelope(item, waiting, needs_utf8)
            if not any(state == SENT for state, _ in before.values()):
                self._reset()
                return Try(before, next(iter(before.values()))[1])
            code, words = self._smtp.docmd("DATA")
            if code != 354:
                self._reset()
                return self._after(before, of_code(code, ()), f"{code} {_text(words)}")
            self._smtp.send(_stuffed(item.raw))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return everybody(waiting, DEFERRED, _words(error), ours=True)
        failpoint("before_dot")
        return self._finish(before)

    def _envelope(self, item: OutboxItem, waiting: list[str], utf8: bool) -> dict[str, tuple[str, str]]:
        options = ["SMTPUTF8"] if utf8 else []
        if self._smtp.has_extn("size"):
            options.append(f"SIZE={len(item.raw)}")
        if self._smtp.has_extn("dsn"):
            options.append("RET=HDRS")
        code, words = self._smtp.mail(item.envelope_from, options)
        if code != 250:
            return dict.fromkeys(waiting, (of_code(code, ()), f"{code} {_text(words)}"))
        replies = {}
        for address in waiting:
            code, words = self._smtp.rcpt(address)
            replies[address] = (of_code(code), f"{code} {_text(words)}")
        return replies

    def _finish(self, before: dict[str, tuple[str, str]]) -> Try:
        """The final dot: from here on the server may have it, whatever we hear (D5)."""
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(min(AFTER_DOT_SECONDS, max(self._send.timeout.total_seconds(), 1)))
            self._smtp.send(b".\r\n")
            failpoint("after_dot")
            code, words = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return self._after(before, UNCERTAIN, _words(error))
        return self._after(before, of_code(code, (250,)), f"{code} {_text(words)}")

    @staticmethod
    def _after(before: dict[str, tuple[str, str]], state: str, words: str) -> Try:
        """Those whom the server took at RCPT share the fate of the data; the others keep their own."""
        return Try({a: (state, words) if s == SENT else (s, w) for a, (s, w) in before.items()}, words)

    def _reset(self) -> None:
        code, _ = self._smtp.rset()
        if code != 250:
            self.close()

    def close(self) -> None:
        """Leave without a word."""
        self._smtp.close()

    def __enter__(self) -> Way:
        return self

    def __exit__(self, kind: Kind, value: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(5)
                self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self.close()


def _stuffed(raw: bytes) -> bytes:
    """The bytes as DATA wants them (RFC 5321 section 4.5.2). They have CRLF line ends only: `compose` saw to that."""
    body = raw.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def _text(words: bytes) -> str:
    return words.decode("ascii", "replace").replace("\n", " ")[:WORDS]


def _words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode()
        return f"{error.smtp_code} {_text(text)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error) or type(error).__name__)[:WORDS]
