"""How far each IMAP folder was read, and what became of every UID in it (B3, B6).

The cursor is UIDVALIDITY and UID (RFC 9051 section 2.3.1.1): no flag on the server is asked. A UID is recorded in the
transaction that spools its mail; only then is it flagged or moved there, and only then is it *filed* here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal_column, select, update

from mailcase.store.tables import UNFILED, imap_folder, imap_uid
from mailcase.store.upsert import Upsert


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as we know it. Every UID up to `last_uid` is settled, further ones may be: ask `seen`.

    What is below `first_uid` was there before us and is not ours to take; it has no rows.
    """

    mailbox: str
    folder: str
    uidvalidity: int
    last_uid: int
    first_uid: int
    first_contact_at: datetime


_UNFILED: ColumnElement[bool] = literal_column(UNFILED)
_FOLDER = Upsert(imap_folder, ("mailbox", "folder"), ("uidvalidity", "last_uid", "first_uid"))
_UID = Upsert(imap_uid, ("mailbox", "folder", "uidvalidity", "uid"))
_RAISE = (
    update(imap_folder)
    .where(
        imap_folder.c.mailbox == bindparam("of_mailbox"),
        imap_folder.c.folder == bindparam("of_folder"),
        imap_folder.c.uidvalidity == bindparam("validity"),
        imap_folder.c.last_uid < bindparam("top"),
    )
    .values(last_uid=bindparam("top"))
)


def folder(conn: Connection, mailbox: str, name: str) -> FolderState | None:
    """What we know of a folder; None before first contact."""
    query = select(imap_folder).where(imap_folder.c.mailbox == mailbox, imap_folder.c.folder == name)
    row = conn.execute(query).first()
    return FolderState(*row) if row else None


def folders(conn: Connection) -> list[FolderState]:
    """Every folder we have read."""
    return [FolderState(*row) for row in conn.execute(select(imap_folder).order_by(imap_folder.c.mailbox))]


def set_folder(
    conn: Connection, mailbox: str, name: str, uidvalidity: int, first_uid: int, first_contact_at: datetime
) -> None:
    """First contact, or a new beginning: nothing from `first_uid` on is settled. The time of first contact stays."""
    _FOLDER.run(conn, [{"mailbox": mailbox, "folder": name, "uidvalidity": uidvalidity, "last_uid": first_uid - 1,
                        "first_uid": first_uid, "first_contact_at": first_contact_at}])  # fmt: skip


def advance(conn: Connection, mailbox: str, name: str, uidvalidity: int, last_uid: int) -> None:
    """Every UID up to `last_uid` is settled. The cursor never goes back."""
    conn.execute(_RAISE, {"of_mailbox": mailbox, "of_folder": name, "validity": uidvalidity, "top": last_uid})


def reset_validity(conn: Connection, mailbox: str, name: str, uidvalidity: int, first_uid: int) -> None:
    """The server made the folder anew: old UIDs mean nothing now, all mail is read again (ingest keys keep it once).

    The rows of the old UIDs stay for the ledger; nothing is left to be filed for them. Should the server give out a
    UIDVALIDITY that it had before, its UIDs may mean other mails: those rows go.
    """
    where = (imap_folder.c.mailbox == mailbox, imap_folder.c.folder == name)
    values = {"uidvalidity": uidvalidity, "last_uid": first_uid - 1, "first_uid": first_uid}
    conn.execute(update(imap_folder).where(*where).values(values))
    conn.execute(delete(imap_uid).where(_of(mailbox, name), imap_uid.c.uidvalidity == uidvalidity))
    stale = _of(mailbox, name), imap_uid.c.uidvalidity != uidvalidity, _UNFILED
    conn.execute(update(imap_uid).where(*stale).values(filed="gone"))


def seen(conn: Connection, mailbox: str, name: str, uidvalidity: int, uids: Iterable[int]) -> set[int]:
    """Which of these UIDs are recorded."""
    wanted = list(uids)
    found: set[int] = set()
    for start in range(0, len(wanted), 1_000):
        some = wanted[start : start + 1_000]
        query = select(imap_uid.c.uid).where(_of(mailbox, name), imap_uid.c.uidvalidity == uidvalidity)
        found.update(conn.scalars(query.where(imap_uid.c.uid.in_(some))))
    return found


def record_uids(
    conn: Connection, mailbox: str, name: str, uidvalidity: int, rows: Sequence[tuple[int, int | None]],
    skipped: str = "", filed: str = "",
) -> None:  # fmt: skip
    """UIDs and the spool ids of their mails; without one `skipped` says why (older than the start, for instance).

    What is recorded already stays as it is; the cursor is moved by `advance`, since a UID in between may be open. Pass
    `filed` where nothing is to be done on the server; skipped mail is never touched there.
    """
    if not rows:
        return
    _UID.run(conn, [
        {"mailbox": mailbox, "folder": name, "uidvalidity": uidvalidity, "uid": uid, "spool_id": spool_id,
         "skipped": "" if spool_id else skipped, "filed": filed or ("" if spool_id else "skipped")}
        for uid, spool_id in rows
    ])  # fmt: skip


def unfiled(conn: Connection, mailbox: str, name: str, uidvalidity: int, limit: int = 1_000) -> list[int]:
    """UIDs whose mail is safe with us and whose flag or move on the server is still to be done, lowest first (B2)."""
    query = select(imap_uid.c.uid).where(_of(mailbox, name), imap_uid.c.uidvalidity == uidvalidity, _UNFILED)
    return list(conn.scalars(query.order_by(imap_uid.c.uid).limit(limit)))


def mark_filed(
    conn: Connection, mailbox: str, name: str, uidvalidity: int, uids: Sequence[int], outcome: str = "filed"
) -> None:
    """What was done on the server: seen, moved, deleted, kept, gone, or why it cannot be done."""
    for start in range(0, len(uids), 1_000):
        some = list(uids[start : start + 1_000])
        where = _of(mailbox, name), imap_uid.c.uidvalidity == uidvalidity, imap_uid.c.uid.in_(some)
        conn.execute(update(imap_uid).where(*where).values(filed=outcome))


def unaccounted(conn: Connection, mailbox: str, name: str, uidvalidity: int, live: Iterable[int]) -> set[int]:
    """Of the UIDs that are in the folder now, those that were passed by without a row: a gap in the ledger (B6).

    What was there before us is not ours, and what lies above the cursor has not been read yet: neither is a gap.
    """
    state = folder(conn, mailbox, name)
    if state is None or state.uidvalidity != uidvalidity:
        return set()
    settled = {uid for uid in live if state.first_uid <= uid <= state.last_uid}
    return settled - seen(conn, mailbox, name, uidvalidity, settled)


def count(conn: Connection, mailbox: str, name: str, uidvalidity: int) -> int:
    """How many UIDs of the folder are recorded."""
    query = select(func.count()).select_from(imap_uid).where(_of(mailbox, name))
    return conn.scalar(query.where(imap_uid.c.uidvalidity == uidvalidity)) or 0


def _of(mailbox: str, name: str) -> ColumnElement[bool]:
    return (imap_uid.c.mailbox == mailbox) & (imap_uid.c.folder == name)
