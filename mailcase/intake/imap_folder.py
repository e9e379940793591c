"""One look into one IMAP folder: list what is new, fetch, commit to the spool, and only then flag, move or delete (B3).

The cursor is UIDVALIDITY and UID in our database. A UID is done when its row is committed; whatever happens before
that, the mail is fetched again, and whatever happens after it, what `after` asks for is done again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from mailcase import log
from mailcase.config import Imap, MailboxTable
from mailcase.failpoint import failpoint
from mailcase.intake.imap_mail import incoming
from mailcase.intake.imap_session import Disconnected, Folder, Listed, Refused, Session, batches
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
# A mail that could not be fetched so often alone waits, longer each time, so that it does not hold up the others.
FETCH_TRIES = 3
FETCH_PAUSE_LIMIT = timedelta(hours=1)
# The server's clock may be behind ours.
CLOCK_SLACK = timedelta(minutes=10)

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

    Only hints are remembered here (what to try later, what to try alone); everything that must last is in the database.
    """

    mailbox: MailboxTable
    imap: Imap
    database: Database
    now: Callable[[], datetime]
    wake: Callable[[], None] = lambda: None
    beat: Callable[[], None] = lambda: None
    stop: threading.Event = field(default_factory=threading.Event)
    in_flight: tuple[str, ...] = ()
    failures: dict[str, int] = field(default_factory=dict)
    fetch_again: dict[str, datetime] = field(default_factory=dict)
    file_again: datetime | None = None
    file_problem: str = ""


def poll_once(session: Session, reader: Reader, name: str, source: str = "imap") -> PollResult:
    """Look into folder `name` once. `source` is imap, or sent for the folder of mail that agents sent (B4).

    Raises Refused when the folder cannot be opened, Disconnected, or StoreError; what was committed by then stays.
    """
    folder = session.select(name)
    state, result = _state(session, reader, folder, source)
    result = _file_leftovers(session, reader, folder, state, result) if source == "imap" else result
    if folder.uidnext and folder.uidnext <= state.last_uid + 1:
        return result
    cursor, settled = state.last_uid, True
    for uids in session.uids(folder, state.last_uid + 1):
        with reader.database.read() as conn:
            known = imap_state.seen(conn, reader.mailbox.name, name, state.uidvalidity, uids)
        new = [uid for uid in uids if uid not in known]
        result, done = _take_all(session, reader, folder, state, source, new, result)
        missing = [uid for uid in new if uid not in done]
        if settled:
            cursor = missing[0] - 1 if missing else max(uids, default=cursor)
        settled = settled and not missing
    if settled:
        cursor = max(cursor, folder.uidnext - 1)
    if cursor > state.last_uid:
        with reader.database.write() as conn:
            imap_state.advance(conn, reader.mailbox.name, name, state.uidvalidity, cursor)
    return result


# ---- where to begin --------------------------------------------------------------------------------------------------


def _state(session: Session, reader: Reader, folder: Folder, source: str) -> tuple[FolderState, PollResult]:
    """How far this folder has been read; set up on first contact, and anew when its UIDVALIDITY has changed."""
    with reader.database.read() as conn:
        state = imap_state.folder(conn, reader.mailbox.name, folder.name)
    if state is not None and state.uidvalidity == folder.uidvalidity:
        return state, PollResult()
    contact = reader.now() if state is None else state.first_contact_at
    first, older = _first_uid(session, folder, _oldest(reader.imap, source, contact, again=state is not None))
    place = (reader.mailbox.name, folder.name, folder.uidvalidity)
    with reader.database.write() as conn:
        if state is None:
            imap_state.set_folder(conn, *place, first, contact)
        else:
            imap_state.reset_validity(conn, *place, first)
        imap_state.record_uids(conn, *place, [(uid, None) for uid in older], skipped="older than start")
    keys = {"mailbox": reader.mailbox.name, "folder": folder.name, "uidvalidity": folder.uidvalidity}
    if state is None:
        _log.info("first contact", first_uid=first, **keys)
    else:
        _log.warning("UIDVALIDITY changed, reading the folder again", before=state.uidvalidity, **keys)
    begun = FolderState(*place, first - 1, first, contact)
    return begun, PollResult(ignored=len(older), rescanned=state is not None)


def _oldest(imap: Imap, source: str, contact: datetime, again: bool) -> datetime | str | None:
    """Which mail in the folder is ours to take: all (None), none of it ("now"), or what came at or after a time.

    When a folder is read again, its mails have new UIDs, and "now" can only mean: what came since first contact.
    """
    if source == "imap" and imap.start == "all":
        return None
    if source == "imap" and isinstance(imap.start, date):
        return datetime.combine(imap.start, time(), UTC)
    return contact - CLOCK_SLACK if again else "now"


def _first_uid(session: Session, folder: Folder, oldest: datetime | str | None) -> tuple[int, list[int]]:
    """(the first UID to take, UIDs after it that are too old)."""
    if oldest is None:
        return 1, []
    if not isinstance(oldest, datetime):
        return session.last_uid(folder) + 1, []
    recent = set[int]()
    for uids in session.uids(folder, 1, since=(oldest - timedelta(days=1)).date()):
        for some in _chunks(uids):
            recent |= {mail.uid for mail in session.listed(some) if mail.at is None or mail.at >= oldest}
    if not recent:
        return session.last_uid(folder) + 1, []
    first = min(recent)
    return first, [uid for uids in session.uids(folder, first) for uid in uids if uid not in recent]


# ---- fetch and commit ------------------------------------------------------------------------------------------------


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), BATCH_MAILS):
        yield uids[start : start + BATCH_MAILS]


def _take_all(
    session: Session,
    reader: Reader,
    folder: Folder,
    state: FolderState,
    source: str,
    uids: Sequence[int],
    result: PollResult,
) -> tuple[PollResult, set[int]]:
    """Take these mails, in batches, until told to stop. Returns the result so far and the UIDs that are done with."""
    done = set[int]()
    for chunk in _in_turn(reader, folder, uids):
        listed = session.listed(chunk)
        gone = sorted(set(chunk) - {mail.uid for mail in listed})
        result = _note_vanished(reader, folder, gone, result)
        for batch in batches(listed, BATCH_MAILS, BATCH_BYTES):
            if reader.stop.is_set():
                return result, done
            result, taken = _take(session, reader, folder, state, source, batch, result)
            done |= taken
    return result, done


def _in_turn(reader: Reader, folder: Folder, uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The UIDs to take at once. What was on its way when the connection broke comes last and alone, or later."""
    suspects = set(reader.in_flight) | set(reader.failures)
    yield from _chunks([uid for uid in uids if _origin(reader, folder, uid) not in suspects])
    for uid in uids:
        origin = _origin(reader, folder, uid)
        again = reader.fetch_again.get(origin)
        if origin in suspects and (again is None or reader.now() >= again):
            yield [uid]


def _note_vanished(reader: Reader, folder: Folder, uids: Sequence[int], result: PollResult) -> PollResult:
    for uid in uids:
        _log.info("mail vanished", mailbox=reader.mailbox.name, folder=folder.name, uid=uid)
    return replace(result, vanished=result.vanished + len(uids))


def _take(
    session: Session,
    reader: Reader,
    folder: Folder,
    state: FolderState,
    source: str,
    batch: list[Listed],
    result: PollResult,
) -> tuple[PollResult, set[int]]:
    """Fetch a batch, commit it, file it. Returns the result so far and the UIDs that are done with."""
    bodies, refused = _bodies(session, reader, folder, batch)
    failpoint("imap_after_fetch")
    for uid in refused:
        _log.error("cannot fetch mail", mailbox=reader.mailbox.name, folder=folder.name, uid=uid)
    gone = [mail.uid for mail in batch if mail.uid not in bodies and mail.uid not in refused]
    result = _note_vanished(reader, folder, gone, result)
    mails = [
        (
            mail.uid,
            incoming(
                bodies[mail.uid],
                reader.mailbox,
                source=source,
                origin=_origin(reader, folder, mail.uid),
                at=min(mail.at or reader.now(), reader.now()),
                first_contact=state.first_contact_at,
            ),
        )
        for mail in batch
        if mail.uid in bodies
    ]
    keep = source != "imap" or reader.imap.after == "keep"
    duplicates = _commit(reader, folder, mails, "keep" if keep else "")
    reader.beat()
    result = replace(
        result,
        stored=result.stored + len(mails) - duplicates,
        duplicates=result.duplicates + duplicates,
        unfetchable=(*result.unfetchable, *refused),
    )
    done = {uid for uid, _ in mails}
    return (result if keep else _file(session, reader, folder, sorted(done), result)), done


def _bodies(
    session: Session, reader: Reader, folder: Folder, batch: list[Listed]
) -> tuple[dict[int, bytes], list[int]]:
    """The mails by UID, and the UIDs that the server refuses. One bad mail does not take the others with it."""
    origins = tuple(_origin(reader, folder, mail.uid) for mail in batch)
    reader.in_flight = origins
    try:
        bodies = session.bodies([mail.uid for mail in batch])
    except Disconnected:
        if len(batch) == 1:
            _blame(reader, origins[0])
        raise
    except Refused:
        if len(batch) == 1:
            _blame(reader, origins[0])
            return {}, [batch[0].uid]
        parts = [_bodies(session, reader, folder, [mail]) for mail in batch]
        return {uid: raw for found, _ in parts for uid, raw in found.items()}, [uid for _, bad in parts for uid in bad]
    reader.in_flight = ()
    for origin in origins:
        reader.failures.pop(origin, None)
        reader.fetch_again.pop(origin, None)
    return bodies, []


def _blame(reader: Reader, origin: str) -> None:
    count = reader.failures[origin] = reader.failures.get(origin, 0) + 1
    if count >= FETCH_TRIES:
        pause = min(timedelta(minutes=1) * 2 ** min(count - FETCH_TRIES, 10), FETCH_PAUSE_LIMIT)
        reader.fetch_again[origin] = reader.now() + pause


def _commit(reader: Reader, folder: Folder, mails: Sequence[tuple[int, Incoming]], filed: str) -> int:
    """Put the mails into the spool, with their UIDs in the same transactions. Returns how many were there already."""
    duplicates = 0
    for run in _commit_runs(mails):
        with reader.database.write() as conn:
            accepted = spool.add(conn, [mail for _, mail in run])
            rows = [(uid, kept.id) for (uid, _), kept in zip(run, accepted, strict=True)]
            imap_state.record_uids(conn, reader.mailbox.name, folder.name, folder.uidvalidity, rows, filed=filed)
            failpoint("imap_in_commit")
        failpoint("imap_after_commit")
        duplicates += sum(kept.duplicate for kept in accepted)
        reader.wake()
        for (uid, _), kept in zip(run, accepted, strict=True):
            _log.debug("spooled", mailbox=reader.mailbox.name, folder=folder.name, uid=uid, spool=kept.id)
    return duplicates


def _commit_runs(mails: Sequence[tuple[int, Incoming]]) -> Iterator[list[tuple[int, Incoming]]]:
    by_uid = dict(mails)
    sizes = (Listed(uid, len(mail.raw), None) for uid, mail in mails)
    for run in batches(sizes, COMMIT_MAILS, COMMIT_BYTES):
        yield [(listed.uid, by_uid[listed.uid]) for listed in run]


def _origin(reader: Reader, folder: Folder, uid: int) -> str:
    return f"{reader.mailbox.name}/{folder.name}/{folder.uidvalidity}/{uid}"


# ---- file ------------------------------------------------------------------------------------------------------------


def _file_leftovers(
    session: Session, reader: Reader, folder: Folder, state: FolderState, result: PollResult
) -> PollResult:
    """File what was committed and not filed: we were killed in between, or the server would not."""
    with reader.database.read() as conn:
        uids = imap_state.unfiled(conn, reader.mailbox.name, folder.name, state.uidvalidity, limit=10_000)
    for start in range(0, len(uids), BATCH_MAILS):
        result = _file(session, reader, folder, uids[start : start + BATCH_MAILS], result)
    return result


def _file(session: Session, reader: Reader, folder: Folder, uids: Sequence[int], result: PollResult) -> PollResult:
    """Do to these mails what `after` says. What the server refuses stays unfiled, and visible as that."""
    if not uids:
        return result
    if reader.file_again and reader.now() < reader.file_again:
        return replace(result, unfiled=result.unfiled + len(uids), problem=reader.file_problem)
    if folder.writable or reader.imap.after == "keep":
        done, problem = _file_each(session, reader, list(uids))
    else:
        done, problem = [], f"folder {folder.name} is read-only"
    failpoint("imap_after_file")
    if done:
        with reader.database.write() as conn:
            imap_state.mark_filed(conn, reader.mailbox.name, folder.name, folder.uidvalidity, done, reader.imap.after)
    reader.file_again, reader.file_problem = None, ""
    if problem:
        reader.file_again, reader.file_problem = reader.now() + FILING_PAUSE, f"cannot file: {problem}"
        _log.warning("cannot file", mailbox=reader.mailbox.name, folder=folder.name, problem=problem)
    return replace(
        result,
        filed=result.filed + len(done),
        unfiled=result.unfiled + len(uids) - len(done),
        problem=reader.file_problem or result.problem,
    )


def _file_each(session: Session, reader: Reader, uids: list[int]) -> tuple[list[int], str]:
    """(UIDs done, why the others are not). All at once; one by one where that is refused, until the third refusal."""
    try:
        _do(session, reader.imap.after, uids)
        return uids, ""
    except Refused as error:
        if len(uids) == 1:
            return [], str(error)
    done, refusals, problem = list[int](), 0, ""
    for uid in uids:
        try:
            _do(session, reader.imap.after, [uid])
            done.append(uid)
        except Refused as error:
            refusals, problem = refusals + 1, str(error)
            if refusals == FETCH_TRIES:
                break
    return done, problem


def _do(session: Session, after: str, uids: list[int]) -> None:
    if after == "seen":
        session.mark_seen(uids)
    elif after == "delete":
        session.delete(uids)
    elif after.startswith("move:"):
        session.move(uids, after.removeprefix("move:"), lambda: failpoint("imap_after_copy"))
