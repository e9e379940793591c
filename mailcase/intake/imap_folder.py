"""One look into one IMAP folder: list what is new, fetch, commit to the spool, and only then flag, move or delete (B3).

The cursor is UIDVALIDITY and UID in our database. A UID is done when its row is committed; whatever happens before
that, the mail is fetched again, and whatever happens after it, what `after` asks for is done again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from mailcase import log
from mailcase.config import Imap, MailboxTable
from mailcase.failpoint import failpoint
from mailcase.intake.imap_mail import incoming
from mailcase.intake.imap_session import CopiedOnly, Disconnected, Folder, Listed, Refused, Session, batches
from mailcase.store import imap_state, spool
from mailcase.store.engine import Database
from mailcase.store.imap_state import FolderState
from mailcase.store.values import Incoming

BATCH_MAILS = 200
BATCH_BYTES = 16 * 1024 * 1024
# A commit keeps other writers of SQLite waiting: the listener wants to say 250.
COMMIT_MAILS = 50
COMMIT_BYTES = 4 * 1024 * 1024

# After "cannot file" nothing is tried there for so long: no storm of commands that fail.
FILING_PAUSE = timedelta(minutes=5)
FILING_REFUSALS = 3
# A mail that could not be fetched so often alone waits, longer each time, so that it does not hold up the others.
FETCH_TRIES = 3
FETCH_PAUSE, LONGEST_FETCH_PAUSE = timedelta(minutes=1), timedelta(hours=1)
# The server's clock may be behind ours.
CLOCK_SLACK = timedelta(minutes=10)

Source = Literal["imap", "sent"]

_log = log.get("imap")


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one look into one folder brought.

    `stored` mails are new, `duplicates` were known by another way; `ignored` are older than `start` says; `vanished`
    were listed and gone before we got them; `unfetchable` UIDs wait for another try. `filed` were flagged, moved or
    deleted, `unfiled` wait for that; `problem` says in one line why something did not work, "" when all did.
    """

    stored: int = 0
    duplicates: int = 0
    ignored: int = 0
    vanished: int = 0
    unfetchable: tuple[int, ...] = ()
    filed: int = 0
    unfiled: int = 0
    rescanned: bool = False
    problem: str = ""


@dataclass
class Reader:
    """What the looks into one mailbox share: where things go, and what is remembered from one look to the next.

    Only hints are remembered here (what to try later, what to try alone), by origin (`support/INBOX/17/42`);
    everything that must last is in the database.
    """

    mailbox: MailboxTable
    imap: Imap
    database: Database
    now: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    beat: Callable[[], None] = lambda: None
    stop: threading.Event = field(default_factory=threading.Event)
    in_flight: frozenset[str] = frozenset()
    failures: dict[str, int] = field(default_factory=dict)
    fetch_again: dict[str, datetime] = field(default_factory=dict)
    file_again: datetime | None = None
    file_problem: str = ""

    def blame(self, origin: str) -> None:
        """Note that fetching this mail alone failed."""
        count = self.failures[origin] = self.failures.get(origin, 0) + 1
        if count >= FETCH_TRIES:
            pause = min(FETCH_PAUSE * 2 ** min(count - FETCH_TRIES, 10), LONGEST_FETCH_PAUSE)
            self.fetch_again[origin] = self.now() + pause

    def forgive(self, origins: frozenset[str]) -> None:
        """Note that these mails have been fetched."""
        self.in_flight = frozenset()
        for origin in origins & self.failures.keys():
            del self.failures[origin]
            self.fetch_again.pop(origin, None)


def poll_once(session: Session, reader: Reader, name: str, source: Source = "imap") -> PollResult:
    """Look into folder `name` once. `source` is imap, or sent for the folder of mail that agents sent (B4).

    Raises Refused when the folder cannot be opened, Disconnected, or StoreError; what was committed by then stays.
    """
    look = _Look(session, reader, session.select(name), source)
    state = look.begin()
    if source == "imap":
        look.file_leftovers()
    if not look.folder.uidnext or look.folder.uidnext > state.last_uid + 1:
        look.take_new(state)
    return look.result


class _Look:
    """One look, and what has come of it so far."""

    def __init__(self, session: Session, reader: Reader, folder: Folder, source: Source) -> None:
        self.session, self.reader, self.folder, self.source = session, reader, folder, source
        self.place = (reader.mailbox.name, folder.name, folder.uidvalidity)
        self.first_contact = reader.now()
        self.result = PollResult()

    def origin(self, uid: int) -> str:
        """The mail's name in the ledger."""
        return "/".join(map(str, (*self.place, uid)))

    def log(self, uid: int) -> dict[str, object]:
        """Which mail a line of the log is about."""
        return {"mailbox": self.place[0], "folder": self.place[1], "uid": uid}

    # ---- where to begin ----------------------------------------------------------------------------------------------

    def begin(self) -> FolderState:
        """How far this folder has been read; set up on first contact, and anew when its UIDVALIDITY has changed."""
        with self.reader.database.read() as conn:
            state = imap_state.folder(conn, *self.place[:2])
        if state is not None:
            self.first_contact = state.first_contact_at
            if state.uidvalidity == self.folder.uidvalidity:
                return state
        first, older = self.first_uid(self.oldest(again=state is not None))
        with self.reader.database.write() as conn:
            if state is None:
                imap_state.set_folder(conn, *self.place, first, self.first_contact)
            else:
                imap_state.reset_validity(conn, *self.place, first)
            imap_state.record_uids(conn, *self.place, [(uid, None) for uid in older], skipped="older than start")
        self.result = PollResult(ignored=len(older), rescanned=state is not None)
        mailbox, folder, validity = self.place
        if state is None:
            _log.info("first contact", mailbox=mailbox, folder=folder, first_uid=first)
        else:
            _log.warning("UIDVALIDITY changed, reading again", mailbox=mailbox, folder=folder, uidvalidity=validity)
        return FolderState(*self.place, first - 1, first, self.first_contact)

    def oldest(self, again: bool) -> datetime | Literal["all", "now"]:
        """Which mail in the folder is ours to take: all, none of what is there now, or what came since a time.

        When a folder is read again its mails have new UIDs, and "now" can only mean: what came since first contact.
        """
        start = self.reader.imap.start if self.source == "imap" else "now"
        if isinstance(start, date):
            return datetime.combine(start, time(), UTC)
        return self.first_contact - CLOCK_SLACK if start == "now" and again else start

    def first_uid(self, oldest: datetime | Literal["all", "now"]) -> tuple[int, list[int]]:
        """(the first UID to take, the UIDs after it that are too old)."""
        if oldest == "all":
            return 1, []
        if oldest == "now":
            return self.session.last_uid(self.folder) + 1, []
        recent = set[int]()
        for uids in self.session.uids(self.folder, 1, since=(oldest - timedelta(days=1)).date()):
            for some in _chunks(uids):
                recent |= {mail.uid for mail in self.session.listed(some) if mail.at is None or mail.at >= oldest}
        if not recent:
            return self.session.last_uid(self.folder) + 1, []
        first = min(recent)
        return first, [uid for uids in self.session.uids(self.folder, first) for uid in uids if uid not in recent]

    # ---- fetch and commit --------------------------------------------------------------------------------------------

    def take_new(self, state: FolderState) -> None:
        """Take what is not settled yet, and move the cursor up to the first mail that still is not."""
        cursor, settled = state.last_uid, True
        for uids in self.session.uids(self.folder, state.last_uid + 1):
            with self.reader.database.read() as conn:
                known = imap_state.seen(conn, *self.place, uids)
            new = [uid for uid in uids if uid not in known]
            taken = self.take_all(new)
            missing = [uid for uid in new if uid not in taken]
            if settled:
                cursor = missing[0] - 1 if missing else max(uids, default=cursor)
            settled = settled and not missing
        if settled:
            cursor = max(cursor, self.folder.uidnext - 1)
        if cursor > state.last_uid:
            with self.reader.database.write() as conn:
                imap_state.advance(conn, *self.place, cursor)

    def take_all(self, uids: Sequence[int]) -> set[int]:
        """Take these mails, in batches, until told to stop. Returns the UIDs that are settled."""
        taken = set[int]()
        for chunk in self.in_turn(uids):
            listed = self.session.listed(chunk)
            self.note_vanished(set(chunk) - {mail.uid for mail in listed})
            for batch in batches(listed, BATCH_MAILS, BATCH_BYTES):
                if self.reader.stop.is_set():
                    return taken
                taken |= self.take(batch)
        return taken

    def in_turn(self, uids: Sequence[int]) -> Iterator[Sequence[int]]:
        """The UIDs to take at once. What was on its way when the connection broke comes last and alone, or later."""
        suspects = self.reader.in_flight | self.reader.failures.keys()
        yield from _chunks([uid for uid in uids if self.origin(uid) not in suspects])
        for uid in uids:
            again = self.reader.fetch_again.get(self.origin(uid))
            if again is not None and self.reader.now() < again:
                self.note_unfetchable([uid])
            elif self.origin(uid) in suspects:
                yield [uid]

    def take(self, batch: list[Listed]) -> set[int]:
        """Fetch a batch, commit it, file it. Returns the UIDs that are settled."""
        bodies, refused = self.bodies([mail.uid for mail in batch])
        failpoint("imap_after_fetch")
        self.note_unfetchable(refused)
        self.note_vanished({mail.uid for mail in batch} - bodies.keys() - set(refused))
        mails = {mail.uid: self.incoming(mail, bodies[mail.uid]) for mail in batch if mail.uid in bodies}
        for run in batches((Listed(uid, len(mails[uid].raw)) for uid in mails), COMMIT_MAILS, COMMIT_BYTES):
            self.commit({mail.uid: mails[mail.uid] for mail in run})
        self.reader.beat()
        if self.files:
            self.file(list(mails))
        return set(mails)

    def incoming(self, mail: Listed, raw: bytes) -> Incoming:
        """The mail as the spool takes it."""
        now = self.reader.now()
        return incoming(
            raw,
            self.reader.mailbox,
            source=self.source,
            origin=self.origin(mail.uid),
            at=min(mail.at or now, now),
            first_contact=self.first_contact,
        )

    def bodies(self, uids: list[int]) -> tuple[dict[int, bytes], list[int]]:
        """The mails by UID, and the UIDs that the server refuses. One bad mail does not take the others with it."""
        self.reader.in_flight = frozenset(map(self.origin, uids))
        try:
            bodies = self.session.bodies(uids)
        except Disconnected:
            if len(uids) == 1:
                self.reader.blame(self.origin(uids[0]))
            raise
        except Refused as error:
            if len(uids) == 1:
                self.reader.blame(self.origin(uids[0]))
                _log.error("cannot fetch mail", problem=str(error), **self.log(uids[0]))
                return {}, uids
            parts = [self.bodies([uid]) for uid in uids]
            return {u: raw for found, _ in parts for u, raw in found.items()}, [u for _, bad in parts for u in bad]
        self.reader.forgive(self.reader.in_flight)
        return bodies, []

    def commit(self, mails: dict[int, Incoming]) -> None:
        """Put mails into the spool, and settle their UIDs in the same transaction."""
        with self.reader.database.write() as conn:
            accepted = spool.add(conn, list(mails.values()))
            rows = [(uid, kept.id) for uid, kept in zip(mails, accepted, strict=True)]
            imap_state.record_uids(conn, *self.place, rows, filed="" if self.files else "keep")
            failpoint("imap_in_commit")
        failpoint("imap_after_commit")
        self.reader.wake()
        for uid, kept in zip(mails, accepted, strict=True):
            _log.debug("spooled", spool=kept.id, duplicate=kept.duplicate, **self.log(uid))
        duplicates = sum(kept.duplicate for kept in accepted)
        self.result = replace(
            self.result,
            stored=self.result.stored + len(mails) - duplicates,
            duplicates=self.result.duplicates + duplicates,
        )

    def note_vanished(self, uids: set[int]) -> None:
        """These were listed and are not there any more: nothing of ours, and not settled before the next look."""
        for uid in sorted(uids):
            _log.info("mail vanished", **self.log(uid))
        self.result = replace(self.result, vanished=self.result.vanished + len(uids))

    def note_unfetchable(self, uids: Sequence[int]) -> None:
        """These are there, and the server does not give them."""
        if uids:
            every = (*self.result.unfetchable, *uids)
            problem = f"cannot fetch {len(every)} mail(s) of {self.folder.name}, UID {every[0]} first"
            self.result = replace(self.result, unfetchable=every, problem=self.result.problem or problem)

    # ---- file --------------------------------------------------------------------------------------------------------

    @property
    def files(self) -> bool:
        """Whether anything is to be done to the mails on the server. The Sent folder is left as it is (B4)."""
        return self.source == "imap" and self.reader.imap.after != "keep"

    def file_leftovers(self) -> None:
        """File what was committed and not filed: we were killed in between, or the server would not."""
        with self.reader.database.read() as conn:
            uids = imap_state.unfiled(conn, *self.place, limit=10_000)
        for some in _chunks(uids):
            self.file(some)

    def file(self, uids: Sequence[int]) -> None:
        """Do to these mails what `after` says. What the server refuses stays unfiled, and visible as that."""
        reader = self.reader
        if not uids:
            return
        done: list[int] = []
        if reader.file_again is None or reader.now() >= reader.file_again:
            done, problem = self.file_each(list(uids))
            failpoint("imap_after_file")
            reader.file_again, reader.file_problem = None, ""
            if problem:
                reader.file_again, reader.file_problem = reader.now() + FILING_PAUSE, f"cannot file: {problem}"
                _log.warning("cannot file", mailbox=self.place[0], folder=self.place[1], problem=problem)
        if done:
            with reader.database.write() as conn:
                imap_state.mark_filed(conn, *self.place, done, reader.imap.after)
        self.result = replace(
            self.result,
            filed=self.result.filed + len(done),
            unfiled=self.result.unfiled + len(uids) - len(done),
            problem=reader.file_problem or self.result.problem,
        )

    def file_each(self, uids: list[int]) -> tuple[list[int], str]:
        """(UIDs done, why the others are not). All at once; one by one where that is refused, up to some refusals."""
        if not self.folder.writable and self.files:
            return [], f"folder {self.folder.name} is read-only"
        try:
            self.act(uids)
            return uids, ""
        except CopiedOnly as error:  # another try would only make more copies
            return uids, str(error)
        except Refused as error:
            problem = str(error)
        done, refusals = list[int](), 0
        for uid in uids if len(uids) > 1 else ():
            try:
                self.act([uid])
                done.append(uid)
            except Refused as error:
                refusals, problem = refusals + 1, str(error)
                if refusals == FILING_REFUSALS:
                    break
        return (done, problem) if len(done) < len(uids) else (done, "")

    def act(self, uids: list[int]) -> None:
        """What `after` says. Raises Refused."""
        after = self.reader.imap.after
        if after == "seen":
            self.session.mark_seen(uids)
        elif after == "delete":
            self.session.delete(uids)
        elif after.startswith("move:"):
            self.session.move(uids, after.removeprefix("move:"), lambda: failpoint("imap_after_copy"))


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), BATCH_MAILS):
        yield uids[start : start + BATCH_MAILS]
