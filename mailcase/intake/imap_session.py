"""One connection to an IMAP server: the only place that knows imapclient. Never without time-outs (attacks F10)."""

from __future__ import annotations

import contextlib
import select
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import (  # type: ignore[import-untyped]
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)

from mailcase.config import Imap
from mailcase.config.secrets import without_password
from mailcase.errors import MailcaseError
from mailcase.tls import client_context

# RFC 2177 asks for a new IDLE before 29 minutes; routers forget quiet connections after ten.
IDLE_SECONDS = 540.0
# What came between the last look and IDLE can sit in imaplib's buffer, where poll() does not see it: look again soon.
_FIRST_IDLE_SECONDS = 1.0
_DONE_SECONDS = 10.0
_TICK_SECONDS = 1.0
# imaplib gives up at answers of a million bytes a line; so many UIDs take at most half of that.
_SEARCHED_AT_ONCE = 50_000


class ImapProblem(MailcaseError):
    """The server, or the way to it, did not do what was asked. The text is one line for people."""


class LoginRefused(ImapProblem):
    """The server does not take the user or the password: trying again soon makes it worse."""


class Disconnected(ImapProblem):
    """The connection is gone, or as good as gone."""


class Refused(ImapProblem):
    """The server said NO or BAD to one command; the connection is still good."""


class CopiedOnly(Refused):
    """The copies are in the target folder, and the originals could not be deleted."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What SELECT said. `uidnext` is 0 where the server did not say it (RFC 3501 section 6.3.1 makes it optional)."""

    name: str
    uidvalidity: int
    uidnext: int
    exists: int
    writable: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail in a folder: `size` in bytes, 0 when unknown; `at` is when the server got it (INTERNALDATE)."""

    uid: int
    size: int
    at: datetime | None = None


class Session:
    """A logged-in connection. Every method raises Disconnected or Refused; UIDs only, never sequence numbers."""

    def __init__(self, client: IMAPClient, where: str, timeout: float) -> None:
        self._client = client
        self._where = where
        self._timeout = timeout
        self.capabilities = frozenset(bytes(name).upper() for name in client.capabilities())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close(polite=kind is None)

    def close(self, polite: bool = True) -> None:
        """Log out, or only hang up. Raises nothing."""
        with contextlib.suppress(IMAPClientError, OSError):
            if polite:
                self._client.logout()
                return
        with contextlib.suppress(IMAPClientError, OSError):
            self._client.shutdown()

    def select(self, name: str) -> Folder:
        """Open a folder; read-only where the server grants no more. Raises Refused when it is not there."""
        writable = True
        with self._asking(f"open folder {name}"):
            try:
                said = self._client.select_folder(name)
            except IMAPClientReadOnlyError:
                said, writable = self._client.select_folder(name, readonly=True), False
        if b"UIDVALIDITY" not in said:
            raise Refused(f"{self._where}: folder {name} has no UIDVALIDITY; mail cannot be told apart there")
        return Folder(name, said[b"UIDVALIDITY"], said.get(b"UIDNEXT", 0), said[b"EXISTS"], writable)

    def folder_exists(self, name: str) -> bool:
        """Whether there is such a folder."""
        with self._asking(f"list folder {name}"):
            return bool(self._client.folder_exists(name))

    def last_uid(self, folder: Folder) -> int:
        """The highest UID that the open folder has given out as far as we can tell; 0 when it is empty."""
        if folder.uidnext:
            return folder.uidnext - 1
        with self._asking("look for the last mail"):
            return max(self._client.search(["UID", "*"]), default=0) if folder.exists else 0

    def uids(self, folder: Folder, first: int, since: date | None = None) -> Iterator[list[int]]:
        """The UIDs of the open folder from `first` on, in order, at most 50,000 at once.

        With `since`, those of mail that the server got on that day or later; its day, whatever its time zone.
        """
        last = max(self.last_uid(folder), first)
        step = last if folder.exists <= _SEARCHED_AT_ONCE else _SEARCHED_AT_ONCE
        for start in range(first, last + 1, step):
            end = "*" if start + step > last else str(start + step - 1)
            with self._asking("list new mail"):
                found = self._client.search(["UID", f"{start}:{end}", *(("SINCE", since) if since else ())])
            # "n:*" also means the last mail when n is above it (RFC 3501 section 6.4.8).
            yield sorted(uid for uid in found if uid >= start)

    def listed(self, uids: Sequence[int]) -> list[Listed]:
        """Size and date of these mails, in order of UID. A mail that has gone is not among them."""
        with self._asking("list new mail"):
            try:
                said = self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            except ValueError:  # a date that nobody can read: ask again without dates
                said = self._client.fetch(uids, ["RFC822.SIZE"])
        return [Listed(uid, int(said[uid].get(b"RFC822.SIZE") or 0), _utc(said[uid])) for uid in sorted(said)]

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The mails as they are, by UID, unread as before (BODY.PEEK). A mail that has gone is not among them."""
        with self._asking("fetch mail"):
            said = self._client.fetch(uids, ["BODY.PEEK[]"])
        return {uid: facts[b"BODY[]"] for uid, facts in said.items() if isinstance(facts.get(b"BODY[]"), bytes)}

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Set \\Seen."""
        with self._asking("mark mail as read"):
            self._client.add_flags(uids, [b"\\Seen"], silent=True)

    def move(self, uids: Sequence[int], target: str, copied: Callable[[], None]) -> None:
        """Into another folder: MOVE (RFC 6851), else COPY and then delete. `copied` is called between these two.

        Raises CopiedOnly where it got halfway.
        """
        with self._asking(f"move mail to {target}"):
            if b"MOVE" in self.capabilities:
                self._client.move(uids, target)
                return
            self._client.copy(uids, target)
        copied()
        try:
            self.delete(uids)
        except Refused as error:
            raise CopiedOnly(*error.problems) from error

    def delete(self, uids: Sequence[int]) -> None:
        """Flag \\Deleted and expunge these alone (RFC 4315). Without UIDPLUS the flag is all: a plain EXPUNGE would
        also remove what somebody else has flagged.
        """
        with self._asking("delete mail"):
            self._client.add_flags(uids, [b"\\Deleted"], silent=True)
            if b"UIDPLUS" in self.capabilities:
                self._client.uid_expunge(uids)

    def wait(self, seconds: float, idle: bool, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Return when the server says anything, when `stop` is set or after `seconds`. `beat` is called each second.

        Without IDLE (RFC 2177), or when it is not wanted, it only waits. A server that does not answer our DONE is
        gone, though its connection still looks open.
        """
        if not idle or b"IDLE" not in self.capabilities:
            _pause(seconds, stop, beat)
            return
        for length in (min(_FIRST_IDLE_SECONDS, seconds), min(seconds - _FIRST_IDLE_SECONDS, IDLE_SECONDS)):
            if length <= 0 or stop.is_set() or self._idle(length, stop, beat):
                return

    def _idle(self, seconds: float, stop: threading.Event, beat: Callable[[], None]) -> bool:
        """True when the server said something."""
        with self._asking("wait for mail"):
            try:
                self._client.idle()
            except IMAPClientError as error:  # whatever it said, we do not know any more whether it is idling
                raise IMAPClientAbortError(*error.args) from error
            poll = select.poll()
            poll.register(self._client.socket().fileno(), select.POLLIN)
            ticks = max(round(seconds / _TICK_SECONDS), 1)
            for _ in range(ticks):
                beat()
                if stop.is_set() or poll.poll(1000 * seconds / ticks):
                    break
            self._client.socket().settimeout(min(self._timeout, _DONE_SECONDS))
            _, said = self._client.idle_done()
            self._client.socket().settimeout(self._timeout)
            return bool(said)

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn what imaplib and the socket raise into Disconnected and Refused."""
        try:
            yield
        except (IMAPClientAbortError, OSError, EOFError) as error:
            raise Disconnected(f"{self._where}: the connection was lost ({what}): {_words(error)}") from error
        except (IMAPClientError, ValueError) as error:
            raise Refused(f"{self._where}: could not {what}: {_words(error)}") from error


def connect(imap: Imap) -> Session:
    """A logged-in session. Raises LoginRefused, Disconnected, or ConfigError when the password cannot be read.

    With `tls = "starttls"` nothing is said before the connection is encrypted and the certificate verified; a server,
    or somebody in between, that does not offer it gets no password (RFC 8314, RFC 3501 section 6.2.1).
    """
    where = f"{imap.host}:{imap.port}"
    password = imap.password()
    seconds = imap.timeout.total_seconds()
    context = client_context(insecure=imap.insecure)
    try:
        client = IMAPClient(
            imap.host,
            imap.port,
            ssl=imap.tls == "implicit",
            ssl_context=context if imap.tls == "implicit" else None,
            timeout=SocketTimeout(seconds, seconds),
        )
    except (IMAPClientError, OSError) as error:
        raise Disconnected(f"{where}: cannot connect: {_words(error)}") from error
    try:
        # imapclient switches imaplib's trace on, which writes out a part of every mail for nobody to see.
        client._imap.debug = 0
        client.normalise_times = False
        if imap.tls == "starttls":
            client.starttls(context)
        _log_in(client, imap.user, password, where)
        return Session(client, where, seconds)
    except BaseException as error:
        with contextlib.suppress(IMAPClientError, OSError):
            client.shutdown()
        if isinstance(error, CapabilityError):
            raise Disconnected(
                f'{where}: the server offers no STARTTLS; nothing was sent. Try tls = "implicit"'
            ) from error
        if isinstance(error, IMAPClientError | OSError):
            raise Disconnected(f"{where}: cannot log in: {_words(error)}") from error
        raise


def _log_in(client: IMAPClient, user: str, password: str, where: str) -> None:
    offered = client.capabilities()
    if b"LOGINDISABLED" in offered:  # RFC 3501 section 6.2.3
        raise Disconnected(f'{where}: the server takes no password without TLS; set tls = "starttls" or "implicit"')
    try:
        if b"AUTH=PLAIN" in offered:
            client.plain_login(user, password)  # LOGIN has no way to say letters beyond ASCII
        else:
            client.login(user, password)
    except UnicodeEncodeError:
        raise LoginRefused(f"{where}: the server takes only passwords of ASCII letters") from None
    except LoginError as error:
        lost = isinstance(error.__context__, IMAPClientAbortError)
        words = without_password(_words(error), user, password)
        if lost or "[UNAVAILABLE]" in words or "[INUSE]" in words:  # RFC 5530: not the password's fault
            raise Disconnected(f"{where}: cannot log in as {user}: {words}") from error
        raise LoginRefused(f"{where}: the server refuses the login of {user}: {words}") from error


def _pause(seconds: float, stop: threading.Event, beat: Callable[[], None]) -> None:
    ticks = max(round(seconds / _TICK_SECONDS), 1)
    for _ in range(ticks):
        beat()
        if stop.wait(seconds / ticks):
            return


def _utc(facts: dict[bytes, Any]) -> datetime | None:
    at = facts.get(b"INTERNALDATE")
    return at.astimezone(UTC) if isinstance(at, datetime) else None


def _words(error: BaseException) -> str:
    """What an error says, in one bounded line without control characters."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    said = error.args[0] if len(error.args) == 1 else str(error)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].strip() or type(error).__name__


def batches(mails: Iterable[Listed], count: int, size: int) -> Iterator[list[Listed]]:
    """The mails in runs of at most `count` mails and `size` bytes; a larger mail has a run of its own."""
    run: list[Listed] = []
    total = 0
    for mail in mails:
        if run and (len(run) >= count or total + mail.size > size):
            yield run
            run, total = [], 0
        run.append(mail)
        total += mail.size
    if run:
        yield run
