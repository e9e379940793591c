"""The IMAP poller: one thread watches one mailbox, for as long as the daemon runs, whatever the server does (B3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mailcase import log
from mailcase.config import Imap, MailboxTable
from mailcase.errors import MailcaseError
from mailcase.intake.imap_folder import PollResult, Reader, poll_once
from mailcase.intake.imap_session import LoginRefused, Refused, Session, connect
from mailcase.store.engine import AlreadyRunning, Database

__all__ = ["LoginCheck", "MailboxStatus", "PollResult", "Reader", "check_login", "live_uids", "poll_once", "watch"]

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
# A wrong password does not become right by trying, and servers lock accounts (attacks B12).
FIRST_REFUSED_PAUSE, LONGEST_REFUSED_PAUSE = 60.0, 900.0
_STANDBY_SECONDS = 10.0
_TICK_SECONDS = 1.0

_log = log.get("imap")


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """How it goes with one polled mailbox, for `/healthz`, the metrics and the alert of P4.

    `state` is connecting, reading, waiting (all is well), standby (another daemon reads it), failing or refused (the
    login was). `problem` is one line, also for what went wrong in a folder while the rest works. `last_read` is when
    the folder was last read through to its end; None before the first time. `failures` counts since then.
    """

    mailbox: str
    state: str
    problem: str = ""
    last_read: datetime | None = None
    failures: int = 0
    unfiled: int = 0
    unfetchable: int = 0


@dataclass(frozen=True, slots=True)
class LoginCheck:
    """What `mailcase check` found: the server's capabilities, and a line with its remedy for each thing amiss."""

    capabilities: frozenset[str]
    problems: tuple[str, ...]


def pause_after(failures: int, refused: bool, jitter: float) -> float:
    """Seconds until the next try: doubling from 1 s to 5 minutes, from 1 to 15 minutes when the login was refused.

    `failures` is at least 1; `jitter` is from 0 to 1 and spreads many mailboxes of one server. A refused login waits
    at least its full minute.
    """
    first, longest = (FIRST_REFUSED_PAUSE, LONGEST_REFUSED_PAUSE) if refused else (FIRST_PAUSE, LONGEST_PAUSE)
    step = min(first * 2.0 ** min(failures - 1, 20), longest)
    return min(step * (1 + jitter / 4), longest) if refused else step * (0.5 + jitter / 2)


def watch(
    mailbox: MailboxTable,
    database: Database,
    *,
    stop: threading.Event,
    wake: Callable[[], None],
    beat: Callable[[str], None],
    now: Callable[[], datetime],
    status: Callable[[MailboxStatus], None],
    jitter: Callable[[], float],
) -> None:
    """Read `mailbox` by IMAP until `stop` is set. Raises nothing: what fails is told to `status` and tried again.

    `wake` is called after each commit of new mail; `beat` gets the mailbox's name about every second while nothing
    hangs; `jitter` returns numbers from 0 to 1. Only one daemon reads a mailbox: the others stand by for it.
    """
    imap = mailbox.imap
    if imap is None:
        return
    reader = Reader(mailbox, imap, database, now, wake, lambda: beat(mailbox.name), stop)
    watcher = _Watch(reader, stop, status, jitter)
    while not stop.is_set():
        try:
            lock = database.lock(f"mailbox/{mailbox.name}")
        except AlreadyRunning as error:
            watcher.tell("standby", str(error))
            watcher.pause(_STANDBY_SECONDS)
        except Exception as error:
            watcher.failed(error)
        else:
            try:
                watcher.read_while(lock.held)
            finally:
                lock.release()


class _Watch:
    """What `watch` remembers between connections."""

    def __init__(
        self,
        reader: Reader,
        stop: threading.Event,
        status: Callable[[MailboxStatus], None],
        jitter: Callable[[], float],
    ) -> None:
        self.reader, self.stop, self.status, self.jitter = reader, stop, status, jitter
        self.name = reader.mailbox.name
        self.last_read: datetime | None = None
        self.failures = 0
        self.unfiled = self.unfetchable = 0

    def read_while(self, held: Callable[[], bool]) -> None:
        """Connect, read, wait, connect again: until we are told to stop, or the lock has gone with its connection."""
        while held() and not self.stop.is_set():
            self.tell("connecting")
            try:
                with connect(self.reader.imap) as session:
                    while held() and not self.stop.is_set():
                        self.tell("reading")
                        problem = self.read(session)
                        self.failures, self.last_read = 0, self.reader.now()
                        self.tell("waiting", problem)
                        self.wait(session)
            except Exception as error:  # a poller that stops is mail that nobody reads
                self.failed(error)

    def wait(self, session: Session) -> None:
        """Until there is mail, or it is time to look."""
        imap = self.reader.imap
        # Half of `poll`: a link that died silently is then noticed, and mail read again, within about one `poll`.
        seconds = imap.poll.total_seconds() / (2 if imap.idle else 1)
        session.wait(seconds, imap.idle, self.stop, self.reader.beat)

    def read(self, session: Session) -> str:
        """One pass over the folders. An answer in the Sent folder must not come in before the mail it answers."""
        imap = self.reader.imap
        result, problem = self.look(session), ""
        if imap.sent_folder:
            try:
                problem = poll_once(session, self.reader, imap.sent_folder, "sent").problem
            except Refused as error:  # the customers' mail does not wait for that
                problem = str(error)
            # IDLE watches the folder that is open, and announces nothing that came before it was opened.
            result = self.look(session)
        self.unfiled, self.unfetchable = result.unfiled, len(result.unfetchable)
        return result.problem or problem

    def look(self, session: Session) -> PollResult:
        """One look into the folder that customers' mail comes to."""
        result = poll_once(session, self.reader, self.reader.imap.folder)
        if result.stored or result.duplicates or result.filed:
            _log.info("read", mailbox=self.name, stored=result.stored, duplicates=result.duplicates, filed=result.filed)
        return result

    def failed(self, error: Exception) -> None:
        """Count and tell a failure, and wait. What we did not foresee is logged with its place in the code."""
        self.failures += 1
        refused = isinstance(error, LoginRefused)
        seconds = pause_after(self.failures, refused, self.jitter())
        foreseen = isinstance(error, MailcaseError)
        words = "; ".join(error.problems) if isinstance(error, MailcaseError) else type(error).__name__
        _log.warning(
            "not read",
            mailbox=self.name,
            problem=words,
            again_in=round(seconds, 1),
            exc_info=None if foreseen else error,
        )
        self.tell("refused" if refused else "failing", words)
        self.pause(seconds)

    def tell(self, state: str, problem: str = "") -> None:
        """Pass on how it goes."""
        self.status(
            MailboxStatus(self.name, state, problem, self.last_read, self.failures, self.unfiled, self.unfetchable)
        )

    def pause(self, seconds: float) -> None:
        """Wait, awake enough to stop and to beat."""
        for _ in range(max(round(seconds / _TICK_SECONDS), 1)):
            self.reader.beat()
            if self.stop.wait(min(seconds, _TICK_SECONDS)):
                return


# ---- for the command line --------------------------------------------------------------------------------------------


def check_login(mailbox: MailboxTable) -> LoginCheck:
    """Log in and look, changing nothing: folders, and whether the server can do what `after` asks for.

    Raises nothing for a server that is not there or refuses: that is a problem of the result. ConfigError for an
    unreadable password file is one, too.
    """
    imap = mailbox.imap
    if imap is None:
        return LoginCheck(frozenset(), ())
    try:
        with connect(imap) as session:
            offered = frozenset(name.decode("ascii", "replace") for name in session.capabilities)
            return LoginCheck(offered, tuple(_amiss(session, imap)))
    except LoginRefused as error:
        return LoginCheck(frozenset(), (f"{error}; check user and password_file",))
    except MailcaseError as error:
        return LoginCheck(frozenset(), error.problems)


def _amiss(session: Session, imap: Imap) -> Iterator[str]:
    target = imap.after.removeprefix("move:") if imap.after.startswith("move:") else ""
    for key, name in (("folder", imap.folder), ("sent_folder", imap.sent_folder), ("after", target)):
        if name and not session.folder_exists(name):
            yield f"there is no folder {name}; create it on the server or correct {key}"
    if session.folder_exists(imap.folder) and not session.select(imap.folder).writable and imap.after != "keep":
        yield f'folder {imap.folder} is read-only; set after = "keep" or let {imap.user} write there'
    expunges = imap.after == "delete" or (target and b"MOVE" not in session.capabilities)
    if expunges and b"UIDPLUS" not in session.capabilities:
        yield "the server has no UIDPLUS: mail will be flagged as deleted and stay until somebody expunges the folder"


def live_uids(mailbox: MailboxTable) -> dict[tuple[str, int], set[int]]:
    """The UIDs that are in the mailbox's folders now, by (folder, UIDVALIDITY): for `mailcase audit` (B6).

    Raises Disconnected, LoginRefused or Refused.
    """
    imap = mailbox.imap
    found: dict[tuple[str, int], set[int]] = {}
    if imap is None:
        return found
    with connect(imap) as session:
        for name in filter(None, (imap.folder, imap.sent_folder)):
            folder = session.select(name)
            found[folder.name, folder.uidvalidity] = {uid for uids in session.uids(folder, 1) for uid in uids}
    return found
