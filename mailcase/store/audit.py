"""Counting again (B6): every mail that reached us has exactly one outcome, every UID and every cause its row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, exists, func, literal_column, not_, or_, select, text

from mailcase.store.tables import (
    UNFILED,
    cases,
    event,
    imap_folder,
    imap_uid,
    message,
    outbox,
    outbox_recipient,
    raw,
    sighting,
    spool,
)

KINDS = ("case", "note", "duplicate", "ignored", "quarantined")
_NAMED = 20  # how many of the rows in question are named


def audit(conn: Connection) -> dict[str, Any]:
    """The ledger: `spooled` arrivals are the sum of `outcomes`, `waiting` and `unaccounted`.

    `held` mail counts as quarantined.
    `unaccounted` counts mails that are finished without an outcome, with an outcome whose case does not exist, or
    without bytes. `mailboxes` has a line for each IMAP folder. `problems` says in words what does not agree: it is
    empty when all is well.
    """
    states = {(row[0], row[1]): row[2] for row in conn.execute(_STATES)}
    again = conn.scalar(select(func.count()).select_from(sighting)) or 0
    lost = list(conn.scalars(_UNACCOUNTED.order_by(spool.c.id).limit(_NAMED)))
    unaccounted = len(lost) if len(lost) < _NAMED else conn.scalar(select(func.count()).select_from(_LOST)) or 0
    gaps: dict[str, int] = {row[0]: row[1] for row in conn.execute(_LOST_KINDS)} if lost else {}
    outcomes = {kind: -gaps.get(kind, 0) for kind in KINDS}
    for (state, kind), count in states.items():
        if state not in ("waiting", "held") and kind in outcomes:
            outcomes[kind] += count
        elif state == "held":
            outcomes["quarantined"] += count
    outcomes["duplicate"] += again
    waiting = sum(count for (state, _), count in states.items() if state == "waiting")
    held = sum(count for (state, _), count in states.items() if state == "held")
    folders = _folders(conn)
    problems = [f"spooled mail {number} has no valid outcome" for number in lost] + _problems(conn)
    problems += [f"{row['mailbox']}/{row['folder']}: {row['unaccounted']} UIDs without a mail or a reason"
                 for row in folders if row["unaccounted"]]  # fmt: skip
    return {
        "spooled": sum(states.values()) + again, "outcomes": outcomes, "unaccounted": unaccounted,
        "waiting": waiting, "held": held, "mailboxes": folders, "outbox": _outbox(conn), "problems": problems,
    }  # fmt: skip


_STATES = select(spool.c.state, spool.c.outcome, func.count()).group_by(spool.c.state, spool.c.outcome)
_HAS_CASE = exists().where(cases.c.number == spool.c.outcome_case)
_UNACCOUNTED = select(spool.c.id).where(
    spool.c.state.in_(("done", "quarantined", "dropped")),
    or_(
        spool.c.outcome.not_in(KINDS),
        and_(spool.c.outcome.in_(("case", "note")), not_(_HAS_CASE)),
        and_(spool.c.outcome_case.is_not(None), not_(_HAS_CASE)),
    ),
)
_LOST = _UNACCOUNTED.subquery()
_LOST_KINDS = select(spool.c.outcome, func.count()).where(spool.c.id.in_(select(_LOST.c.id))).group_by(spool.c.outcome)


def _folders(conn: Connection) -> list[dict[str, Any]]:
    """Each IMAP folder: its UIDs by what became of them. `unfiled` ones are safe here, and not yet flagged there."""
    same = and_(
        imap_uid.c.mailbox == imap_folder.c.mailbox, imap_uid.c.folder == imap_folder.c.folder,
        imap_uid.c.uidvalidity == imap_folder.c.uidvalidity,
    )  # fmt: skip
    gap = and_(imap_uid.c.spool_id.is_(None), imap_uid.c.skipped == "")
    columns = select(
        imap_folder.c.mailbox, imap_folder.c.folder, imap_folder.c.uidvalidity, imap_folder.c.last_uid,
        func.count(imap_uid.c.uid), func.count(imap_uid.c.spool_id),
        func.count().filter(imap_uid.c.skipped != ""), func.count().filter(literal_column(UNFILED)),
        func.count().filter(and_(imap_uid.c.uid.is_not(None), gap)),
    ).join_from(imap_folder, imap_uid, same, isouter=True)  # fmt: skip
    names = ("mailbox", "folder", "uidvalidity", "last_uid", "uids", "spooled", "skipped", "unfiled", "unaccounted")
    rows = conn.execute(columns.group_by(imap_folder.c.mailbox, imap_folder.c.folder).order_by(imap_folder.c.mailbox))
    return [dict(zip(names, row, strict=True)) for row in rows]


def uids(conn: Connection, mailbox: str, folder: str, uidvalidity: int) -> set[int]:
    """The UIDs of a folder that the ledger knows: for comparing with those that are in the folder now."""
    query = select(imap_uid.c.uid).where(imap_uid.c.mailbox == mailbox, imap_uid.c.folder == folder)
    return set(conn.scalars(query.where(imap_uid.c.uidvalidity == uidvalidity)))


def _outbox(conn: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in conn.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))}


def _problems(conn: Connection) -> list[str]:
    """What no transaction of ours can leave behind."""
    no_case = select(outbox.c.id).where(outbox.c.case.is_not(None), ~exists().where(cases.c.number == outbox.c.case))
    nobody = select(outbox.c.id).where(~exists().where(outbox_recipient.c.outbox_id == outbox.c.id))
    empty = select(cases.c.number).where(~exists().where(event.c.case == cases.c.number))
    silent = select(cases.c.number).where(~exists().where(message.c.case == cases.c.number))
    checks = (
        ("mail {} in the outbox is about a case that does not exist", no_case),
        ("mail {} in the outbox has no recipient", nobody),
        ("case {} has no history", empty),
        ("case {} has no message", silent),
    )
    return [words.format(number) for words, query in checks for number in conn.scalars(query.limit(_NAMED))]


def integrity(conn: Connection) -> list[str]:
    """What the database itself finds wrong, and raw mails whose bytes are not what they were. Slow: reads all."""
    if conn.dialect.name == "sqlite":
        found = [str(row[0]) for row in conn.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
        found += [f"{row[0]} {row[1]} refers to a missing {row[2]}" for row in
                  conn.execute(text("PRAGMA foreign_key_check"))]  # fmt: skip
    else:
        found = _indices(conn)
    return found + _bytes(conn)


def _indices(conn: Connection) -> list[str]:
    """PostgreSQL checks rows as it reads them; an index it knows to be broken is marked."""
    query = text("SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid")
    return [f"index {name} is not valid: run REINDEX INDEX {name}" for name in conn.scalars(query)]


def _bytes(conn: Connection) -> list[str]:
    from hashlib import sha256

    found, after = [], 0
    while rows := conn.execute(select(raw).where(raw.c.id > after).order_by(raw.c.id).limit(100)).all():
        after = rows[-1].id
        found += [f"raw mail {r.id} is not what came in" for r in rows if sha256(r.data).digest() != r.sha256]
    return found
