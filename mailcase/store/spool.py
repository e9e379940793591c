"""The spool: every mail that reached us, from the commit behind its 250 to its outcome (B2, B6, B7, B8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, case, func, literal_column, select, text, update

from mailcase.core.decision import Outcome
from mailcase.core.message import Envelope
from mailcase.store.errors import LeaseLost, NoSuch
from mailcase.store.ids import next_ids
from mailcase.store.prepared import Prepared, among, inserting
from mailcase.store.tables import ASIDE, WAITING, raw, sighting, spool
from mailcase.store.upsert import Upsert
from mailcase.store.values import Accepted, Incoming, Spooled


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """A spooled mail as the command line lists it; `raw` only where it was asked for."""

    id: int
    received_at: datetime
    source: str
    mailbox: str
    state: str
    reason: str
    attempts: int
    outcome: str
    case: int | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Finished:
    """A spooled mail and what became of it. `message_id` is wanted where no message of a case tells it."""

    spool_id: int
    outcome: Outcome
    rule: str
    message_id: str = ""


# Literal conditions: a partial index serves only a query that repeats its condition word for word.
_WAITING: ColumnElement[bool] = literal_column(WAITING)
_ASIDE: ColumnElement[bool] = literal_column(ASIDE)

_KNOWN = Prepared(select(spool.c.ingest_key, spool.c.id).where(among(spool.c.ingest_key, "keys")))
_ADD = Upsert(spool, ("ingest_key",))
_ADD_RAW, _SEE_AGAIN = inserting(raw), inserting(sighting, "id")
_ENTRY = select(
    spool.c.id, spool.c.received_at, spool.c.source, spool.c.mailbox, spool.c.state, spool.c.reason,
    spool.c.attempts, spool.c.outcome, spool.c.outcome_case, func.coalesce(raw.c.data, b""),
).join_from(spool, raw, spool.c.raw_id == raw.c.id, isouter=True)  # fmt: skip
_READ = Prepared(
    select(
        spool.c.id, raw.c.data, spool.c.envelope, spool.c.source, spool.c.mailbox, spool.c.received_at,
        spool.c.attempts, spool.c.silent, spool.c.origin, spool.c.confirmed_by,
    )
    .join_from(spool, raw, spool.c.raw_id == raw.c.id)
    .where(among(spool.c.id, "ids"))
    .order_by(spool.c.id)
)  # fmt: skip
# SQLite has no SKIP LOCKED and leaves it out: there the transaction is alone anyway.
_FREE = Prepared(
    select(spool.c.id, spool.c.attempts)
    .where(_WAITING, spool.c.lease_until.is_(None) | (spool.c.lease_until <= bindparam("now")))
    .order_by(spool.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_COUNT_WAITING = Prepared(select(func.count()).select_from(spool).where(_WAITING))
_CLAIM = Prepared(
    update(spool)
    .where(among(spool.c.id, "ids"))
    .values(attempts=spool.c.attempts + 1, lease_until=bindparam("until"), owner=bindparam("by"))
)
_FINISH = Prepared(
    update(spool)
    .where(spool.c.id == bindparam("spool_id"), _WAITING)
    .values(
        state="done", lease_until=None, owner="", outcome=bindparam("what"), outcome_case=bindparam("number"),
        reason=bindparam("why"), rule=bindparam("by_rule"), message_id=bindparam("mid"), done_at=bindparam("at"),
    )
)  # fmt: skip


# ---- in --------------------------------------------------------------------------------------------------------------


def add(conn: Connection, mails: Sequence[Incoming]) -> list[Accepted]:
    """Keep a group of mails; what is there already is noted as a further arrival. In the order of `mails`.

    The caller's commit is what a 250 promises.
    """
    known = _known(conn, mails)
    new: dict[str, Incoming] = {}
    for mail in mails:
        if mail.ingest_key not in known:
            new.setdefault(mail.ingest_key, mail)
    first = _insert(conn, list(new.values())) if new else {}
    # Fewer than we thought: another writer of PostgreSQL committed one of them between our look and our insert.
    return _account(conn, mails, first, {**known, **first} if len(first) == len(new) else _known(conn, mails))


def _known(conn: Connection, mails: Sequence[Incoming]) -> dict[str, int]:
    """The mails among these that are there already, by ingest key."""
    return {row[0]: row[1] for row in _KNOWN.all(conn, keys=[mail.ingest_key for mail in mails])}


def _insert(conn: Connection, mails: list[Incoming]) -> dict[str, int]:
    """Bytes first, then state. Returns the ids of what was really inserted, by ingest key."""
    raw_ids, spool_ids = next_ids(conn, raw, len(mails)), next_ids(conn, spool, len(mails))
    add_raw(conn, raw_ids, [mail.raw for mail in mails], [mail.sha256 for mail in mails])
    rows = [_row(i, r, mail) for i, r, mail in zip(spool_ids, raw_ids, mails, strict=True)]
    added = {mail.ingest_key: i for i, mail in zip(spool_ids, mails, strict=True)}
    if _ADD.run(conn, rows) < len(rows):  # another writer of PostgreSQL committed one of them since we looked
        kept = set(conn.scalars(select(spool.c.id).where(spool.c.id.in_(spool_ids))))
        added = {key: i for key, i in added.items() if i in kept}
        orphans = [r for i, r in zip(spool_ids, raw_ids, strict=True) if i not in kept]
        conn.execute(raw.delete().where(raw.c.id.in_(orphans)))
    return added


def add_raw(
    conn: Connection, numbers: Sequence[int], mails: Sequence[bytes], digests: Sequence[bytes] | None = None
) -> None:
    """Keep bytes under these ids. Their SHA-256 digests are made here where they are not given, or are b""."""
    rows = zip(numbers, mails, digests or [b""] * len(mails), strict=True)
    _ADD_RAW.run(conn, [{"id": i, "sha256": d or sha256(b).digest(), "size": len(b), "data": b} for i, b, d in rows])


def _row(number: int, raw_id: int, mail: Incoming) -> dict[str, Any]:
    envelope = mail.envelope
    return {
        "id": number, "ingest_key": mail.ingest_key, "raw_id": raw_id, "source": mail.source, "mailbox": mail.mailbox,
        "envelope": [envelope.sender, envelope.recipients, envelope.authenticated, envelope.peer],
        "received_at": mail.received_at, "silent": mail.silent, "origin": mail.origin, "state": "waiting",
        "attempts": 0, "owner": "", "outcome": "", "reason": "", "rule": "", "confirmed_by": "", "message_id": "",
    }  # fmt: skip


def _account(
    conn: Connection, mails: Sequence[Incoming], first: Mapping[str, int], ids: Mapping[str, int]
) -> list[Accepted]:
    """Every arrival has its line: the first one in `spool`, each further one in `sighting`."""
    unseen, accepted, again = set(first), [], []
    for mail in mails:
        number, duplicate = ids[mail.ingest_key], mail.ingest_key not in unseen
        unseen.discard(mail.ingest_key)
        accepted.append(Accepted(number, duplicate))
        if duplicate:
            again.append({"spool_id": number, "source": mail.source, "mailbox": mail.mailbox,
                          "origin": mail.origin, "at": mail.received_at})  # fmt: skip
    if again:
        _SEE_AGAIN.run(conn, again)
    return accepted


# ---- work ------------------------------------------------------------------------------------------------------------


def claim(conn: Connection, limit: int, now: datetime, lease: timedelta, owner: str) -> list[int]:
    """The ids of at most `limit` waiting mails, oldest first; they are ours until `now + lease`: `read` them.

    A mail that was claimed before and not finished comes alone: if it kills its worker, it takes nothing with it.
    """
    ids: list[int] = []
    for number, attempts in _FREE.all(conn, now=now, most=limit):
        if attempts and ids:
            break
        ids.append(number)
        if attempts:
            break
    if ids:
        _CLAIM.run(conn, [{"ids": ids, "until": now + lease, "by": owner}])
    return ids


def read(conn: Connection, ids: Sequence[int]) -> list[Spooled]:
    """Spooled mails as a worker sees them, oldest first, with their bytes: claimed ones, or one to be confirmed."""
    return [_spooled(row) for row in _READ.all(conn, ids=ids)]


def _spooled(row: Any) -> Spooled:
    number, data, envelope, source, mailbox, received_at, attempts, silent, origin, confirmed_by = row
    sender, recipients, authenticated, peer = envelope
    return Spooled(
        number, data, Envelope(sender, tuple(recipients), authenticated, peer), source, mailbox, received_at,
        attempts, silent, origin, confirmed_by,
    )  # fmt: skip


def finish(
    conn: Connection, spool_id: int, outcome: Outcome, rule: str, now: datetime, *, message_id: str = ""
) -> None:
    """Record what became of a mail. Raises LeaseLost when it has an outcome already: roll back then."""
    finish_many(conn, [Finished(spool_id, outcome, rule, message_id)], now)


def finish_many(conn: Connection, rows: Sequence[Finished], now: datetime) -> None:
    """`finish` for a batch. Raises LeaseLost when any of them has an outcome already: roll back, go one by one."""
    parameters = [
        {"spool_id": row.spool_id, "what": row.outcome.kind, "number": row.outcome.case, "why": row.outcome.reason,
         "by_rule": row.rule, "mid": row.message_id, "at": now}
        for row in rows
    ]  # fmt: skip
    changed = _FINISH.run(conn, parameters)
    if changed != len(rows):
        raise LeaseLost(f"{len(rows) - changed} of {len(rows)} spooled mails were finished by somebody else")


def end_lease(conn: Connection, spool_id: int) -> None:
    """It did not work this time: free at once, and the attempt counts. The next one gets it alone."""
    statement = update(spool).where(spool.c.id == spool_id, _WAITING)
    conn.execute(statement.values(lease_until=None, owner=""))


def free_leases(conn: Connection, owner: str | None = None, counting: Sequence[int] | None = None) -> int:
    """Leases that a killed process left (of `owner`, or all) end now. Returns how many.

    The attempts count, or where `counting` is given, only those of the mails named there: the others are not at fault.
    """
    query = update(spool).where(_WAITING, spool.c.lease_until.is_not(None)).values(lease_until=None, owner="")
    if counting is not None:
        query = query.values(attempts=case((spool.c.id.in_(counting), spool.c.attempts), else_=spool.c.attempts - 1))
    return conn.execute(query if owner is None else query.where(spool.c.owner == owner)).rowcount


# ---- aside -----------------------------------------------------------------------------------------------------------


def quarantine(
    conn: Connection, spool_id: int, reason: str, case: int | None = None, *, now: datetime | None = None
) -> None:
    """Our code failed on it (B8): set aside with the reason; `case` is the visible case that tells agents."""
    _change(conn, spool_id, WAITING, state="quarantined", outcome="quarantined", outcome_case=case, reason=reason,
            lease_until=None, owner="", done_at=now)  # fmt: skip


def hold(conn: Connection, spool_id: int, reason: str) -> None:
    """Keep it until its agent confirms it (A5)."""
    _change(conn, spool_id, WAITING, state="held", reason=reason, lease_until=None, owner="")


def release(conn: Connection, spool_id: int, confirmed_by: str) -> None:
    """A held mail was confirmed: it waits to be worked on again, and carries who confirmed it."""
    _change(conn, spool_id, "state = 'held'", state="waiting", reason="", confirmed_by=confirmed_by, attempts=0)


def retry(conn: Connection, spool_id: int) -> None:
    """Put a mail that was set aside back, with its attempts counted from nothing."""
    _change(conn, spool_id, ASIDE, state="waiting", reason="", outcome="", outcome_case=None, attempts=0, done_at=None)


def drop(conn: Connection, spool_id: int, *, now: datetime | None = None) -> None:
    """Never work on it. The bytes stay, and the ledger says ignored."""
    _change(conn, spool_id, ASIDE, state="dropped", outcome="ignored", reason="dropped by the operator", done_at=now)


def _change(conn: Connection, spool_id: int, condition: str, **values: Any) -> None:
    """One row from one state to another. Raises NoSuch, or LeaseLost when its state is not what it must be."""
    statement = update(spool).where(spool.c.id == spool_id, text(condition)).values(**values)
    if conn.execute(statement).rowcount:
        return
    state = conn.scalar(select(spool.c.state).where(spool.c.id == spool_id))
    if state is None:
        raise NoSuch(f"there is no spooled mail {spool_id}")
    raise LeaseLost(f"spooled mail {spool_id} is {state}: this cannot be done to it")


# ---- looking ---------------------------------------------------------------------------------------------------------


def set_aside(conn: Connection) -> list[SpoolEntry]:
    """All that is quarantined or held, oldest first, with the bytes of its first 64 KiB."""
    head = func.substr(raw.c.data, 1, 65_536, type_=raw.c.data.type)
    query = select(
        spool.c.id, spool.c.received_at, spool.c.source, spool.c.mailbox, spool.c.state, spool.c.reason,
        spool.c.attempts, spool.c.outcome, spool.c.outcome_case, func.coalesce(head, b""),
    ).join_from(spool, raw, spool.c.raw_id == raw.c.id, isouter=True)  # fmt: skip
    return [_entry(row) for row in conn.execute(query.where(_ASIDE).order_by(spool.c.id))]


def get(conn: Connection, spool_id: int) -> SpoolEntry:
    """One spooled mail with its bytes. Raises NoSuch."""
    row = conn.execute(_ENTRY.where(spool.c.id == spool_id)).first()
    if row is None:
        raise NoSuch(f"there is no spooled mail {spool_id}")
    return _entry(row)


def _entry(row: Any) -> SpoolEntry:
    return SpoolEntry(*row)


def is_held(conn: Connection, spool_id: int) -> bool:
    """Whether this mail waits for its agent's confirmation."""
    return conn.scalar(select(spool.c.state).where(spool.c.id == spool_id)) == "held"


def counts(conn: Connection) -> dict[str, int]:
    """How many mails are in each state: waiting, done, quarantined, held, dropped."""
    found = {"waiting": 0, "done": 0, "quarantined": 0, "held": 0, "dropped": 0}
    for state in ("quarantined", "held"):
        found[state] = conn.scalar(select(func.count()).select_from(spool).where(_ASIDE, spool.c.state == state)) or 0
    found["waiting"] = waiting(conn)
    rest = conn.execute(
        select(spool.c.state, func.count()).where(spool.c.state.in_(("done", "dropped"))).group_by(spool.c.state)
    )
    return found | {row[0]: row[1] for row in rest}


def waiting(conn: Connection) -> int:
    """How many mails wait, claimed ones among them. Cheap."""
    return int(_COUNT_WAITING.scalar(conn))
