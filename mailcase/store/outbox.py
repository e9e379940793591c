"""The outbox: every mail of ours, from the transaction that caused it to what the smarthost said (O1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, bindparam, exists, func, literal_column, select, update

from mailcase.store.automatic import count_automatic
from mailcase.store.errors import LeaseLost, NoSuch, StoreError
from mailcase.store.ids import next_ids
from mailcase.store.prepared import Prepared, among, inserting
from mailcase.store.spool import add_raw
from mailcase.store.tables import LEAVING, event, outbox, outbox_recipient, raw
from mailcase.store.upsert import Upsert
from mailcase.store.values import OutboxItem, OutgoingMail, RecipientState

__all__ = [
    "Result", "add", "by_envelope_from", "by_message_id", "cancel", "claim", "free_leases", "get",
    "items", "mark_bounced", "record", "record_many", "retry", "rewrite", "waiting",
]  # fmt: skip

REPLY_LENGTH = 512  # D2: what a server said is kept, but not a novel


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt. `next_try` None leaves a mail where it is; `attempted` False does not count it."""

    outbox_id: int
    state: str
    recipients: Sequence[RecipientState] = ()
    last_reply: str = ""
    next_try: datetime | None = None
    attempted: bool = True


_LEAVING: ColumnElement[bool] = literal_column(LEAVING)
_earlier = outbox.alias("earlier")
# One at a time in a lane, so that a customer never reads the second mail of a case first. What waits for a person
# (held, or uncertain without a next try) holds nobody up. The OR keeps PostgreSQL from joining the whole queue with
# itself, where it wants only the few that are due first.
_FREE = (outbox.c.lane == "") | ~exists().where(
    _earlier.c.lane == outbox.c.lane, _earlier.c.id < outbox.c.id,
    literal_column("earlier." + LEAVING), _earlier.c.next_try.is_not(None),
)  # fmt: skip
_DUE = Prepared(
    select(outbox.c.id)
    .where(
        _LEAVING,
        outbox.c.next_try <= bindparam("now"),
        outbox.c.lease_until.is_(None) | (outbox.c.lease_until <= bindparam("now")),
        _FREE,
    )
    .order_by(outbox.c.next_try, outbox.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=outbox)
)
_KEYS = Prepared(select(outbox.c.reason_key).where(among(outbox.c.reason_key, "keys")))
_ADD = Upsert(outbox, ("reason_key",))
_ADD_RECIPIENT, _ADD_LINE = inserting(outbox_recipient, "id"), inserting(event, "id")
_CLAIM = Prepared(
    update(outbox)
    .where(among(outbox.c.id, "ids"))
    .values(state="sending", lease_until=bindparam("until"), owner=bindparam("by"))
)
# Found as `sending`: the process that sent it was killed. That was an attempt, and nobody else counted it.
_INTERRUPTED = Prepared(
    update(outbox).where(among(outbox.c.id, "ids"), outbox.c.state == "sending").values(attempts=outbox.c.attempts + 1)
)
_RECIPIENT = Prepared(
    update(outbox_recipient)
    .where(outbox_recipient.c.outbox_id == bindparam("of"), outbox_recipient.c.address_key == bindparam("key"))
    .values(state=bindparam("now_is"), reply=bindparam("said"))
)
_BEFORE = Prepared(
    select(outbox.c.id, outbox.c.case, outbox.c.kind, outbox.c.to, outbox.c.attempts, outbox.c.last_reply).where(
        among(outbox.c.id, "ids")
    )
)
_RESULT = Prepared(
    update(outbox)
    .where(outbox.c.id == bindparam("of"), outbox.c.state == "sending")
    .values(
        state=bindparam("now_is"), last_reply=bindparam("said"), next_try=bindparam("again"), lease_until=None,
        owner="", attempts=outbox.c.attempts + bindparam("one"), sent_at=bindparam("gone_at"),
    )
)  # fmt: skip


# ---- in --------------------------------------------------------------------------------------------------------------


def add(conn: Connection, mails: Sequence[OutgoingMail], now: datetime) -> list[int | None]:
    """Put mails into the outbox. Their ids in the order of `mails`; None where that reason has had its mail.

    Their cases may be written later in the same transaction.
    """
    known = {row[0] for row in _KEYS.all(conn, keys=[mail.reason_key for mail in mails])}
    new = {mail.reason_key: mail for mail in reversed(mails) if mail.reason_key not in known}
    chosen = [mail for mail in mails if new.get(mail.reason_key) is mail]
    added = _insert(conn, chosen, now) if chosen else {}
    return [added.get(mail.reason_key) if new.get(mail.reason_key) is mail else None for mail in mails]


def _insert(conn: Connection, mails: list[OutgoingMail], now: datetime) -> dict[str, int]:
    ids, raw_ids = next_ids(conn, outbox, len(mails)), next_ids(conn, raw, len(mails))
    add_raw(conn, raw_ids, [mail.raw for mail in mails])
    rows = [_row(i, r, mail, now) for i, r, mail in zip(ids, raw_ids, mails, strict=True)]
    if _ADD.run(conn, rows) < len(rows):  # another writer of PostgreSQL added the same reason since we looked
        kept = set(conn.scalars(select(outbox.c.id).where(outbox.c.id.in_(ids))))
        orphans = [r for i, r in zip(ids, raw_ids, strict=True) if i not in kept]
        conn.execute(raw.delete().where(raw.c.id.in_(orphans)))
        pairs = [(i, mail) for i, mail in zip(ids, mails, strict=True) if i in kept]
        ids, mails = [i for i, _ in pairs], [mail for _, mail in pairs]
    recipients = [row for i, mail in zip(ids, mails, strict=True) for row in _recipients(i, mail, now)]
    _ADD_RECIPIENT.run(conn, recipients)
    count_automatic(conn, mails, now)
    return {mail.reason_key: i for i, mail in zip(ids, mails, strict=True)}


def _row(number: int, raw_id: int, mail: OutgoingMail, now: datetime) -> dict[str, Any]:
    lane = f"{mail.case} {' '.join(sorted(r.casefold() for r in mail.recipients))}"[:255] if mail.case else ""
    return {
        "id": number, "case": mail.case, "kind": mail.kind, "mailbox": mail.mailbox, "to": mail.to,
        "envelope_from": mail.envelope_from, "subject": mail.subject, "message_id": mail.message_id,
        "raw_id": raw_id, "state": "held" if mail.hold else "queued", "reason": mail.hold, "attempts": 0,
        "next_try": None if mail.hold else now, "last_reply": "", "reason_key": mail.reason_key, "lane": lane,
        "automatic": mail.automatic, "created_at": now, "owner": "",
    }  # fmt: skip


def _recipients(number: int, mail: OutgoingMail, now: datetime) -> list[dict[str, Any]]:
    return [
        {"outbox_id": number, "address": address, "address_key": address.casefold(), "state": "queued", "reply": "",
         "automatic": mail.automatic, "case": mail.case, "created_at": now}
        for address in dict.fromkeys(mail.recipients)
    ]  # fmt: skip


# ---- sending ---------------------------------------------------------------------------------------------------------


def claim(conn: Connection, limit: int, now: datetime, lease: timedelta, owner: str) -> list[OutboxItem]:
    """At most `limit` mails that are due, with their bytes; they are ours until `now + lease`.

    Of the mails of one case to the same people only the oldest is given out. `state` is what it was before: a mail
    that was `sending` was interrupted, and whether it left is not known. `attempts` counts those that ended.
    """
    ids = [row[0] for row in _DUE.all(conn, now=now, most=limit)]
    if not ids:
        return []
    _INTERRUPTED.run(conn, [{"ids": ids}])
    found = {item.id: item for item in _read(conn, outbox.c.id.in_(ids), with_raw=True)}
    _CLAIM.run(conn, [{"ids": ids, "until": now + lease, "by": owner}])
    return [found[number] for number in ids]


def free_leases(conn: Connection, owner: str | None = None) -> int:
    """Leases that a killed sender left (of `owner`, or all) end now. Returns how many; they stay `sending`."""
    query = update(outbox).where(_LEAVING, outbox.c.lease_until.is_not(None)).values(lease_until=None, owner="")
    return conn.execute(query if owner is None else query.where(outbox.c.owner == owner)).rowcount


def record(
    conn: Connection, outbox_id: int, state: str, recipients: Sequence[RecipientState], last_reply: str,
    next_try: datetime | None, now: datetime, attempted: bool = True,
) -> None:  # fmt: skip
    """What came of a claimed mail, and a line on its case. Raises LeaseLost when it is not being sent any more."""
    record_many(conn, [Result(outbox_id, state, recipients, last_reply, next_try, attempted)], now)


def record_many(conn: Connection, results: Sequence[Result], now: datetime) -> None:
    """`record` for a batch. Raises LeaseLost when any of them is not being sent any more: roll back, go one by one."""
    if not results:
        return
    before = {row[0]: row for row in _BEFORE.all(conn, ids=[result.outbox_id for result in results])}
    changed = _RESULT.run(conn, [
        {"of": r.outbox_id, "now_is": r.state, "said": r.last_reply[:REPLY_LENGTH], "again": r.next_try,
         "one": int(r.attempted), "gone_at": now if r.state == "sent" else None}
        for r in results
    ])  # fmt: skip
    if changed != len(results):
        raise LeaseLost(f"{len(results) - changed} of {len(results)} mails are not being sent any more")
    recipients = [
        {"of": result.outbox_id, "key": r.address.casefold(), "now_is": r.state, "said": r.reply[:REPLY_LENGTH]}
        for result in results for r in result.recipients
    ]  # fmt: skip
    _RECIPIENT.run(conn, recipients)
    lines = [line for result in results if (line := _line(result, before[result.outbox_id], now))]
    _ADD_LINE.run(conn, lines)


_EVENTS = {"sent": "mail-sent", "uncertain": "mail-uncertain", "failed": "mail-failed", "held": "mail-held"}


def _line(result: Result, before: Any, now: datetime) -> dict[str, Any] | None:
    """A line of history: for every end, and for the first delay."""
    number, case, kind, to, attempts, last_reply = before
    word = _EVENTS.get(result.state, "")
    if result.state == "queued" and result.attempted and not attempts and not last_reply:
        word = "mail-deferred"
    return _history(case, word, number, kind, to, result.last_reply, now)


def _history(
    case: int | None, word: str, number: int, kind: str, to: str, reply: str, now: datetime
) -> dict[str, Any] | None:
    if case is None or not word:
        return None
    text = f"{kind} to {to}" + (f": {reply[:REPLY_LENGTH]}" if reply else "")
    return {"case": case, "at": now, "actor": "system", "event": word, "text": text, "from_status": "",
            "to_status": "", "data": {"outbox": number, "kind": kind, "to": to}}  # fmt: skip


# ---- looking ---------------------------------------------------------------------------------------------------------

_ITEM = select(
    outbox.c.id, outbox.c.case, outbox.c.kind, outbox.c.mailbox, outbox.c.envelope_from, outbox.c.to,
    outbox.c.subject, outbox.c.message_id, outbox.c.state, outbox.c.attempts, outbox.c.next_try, outbox.c.last_reply,
    outbox.c.reason, outbox.c.created_at, outbox.c.automatic,
)  # fmt: skip
_STATES = Prepared(
    select(outbox_recipient.c.outbox_id, outbox_recipient.c.address, outbox_recipient.c.state, outbox_recipient.c.reply)
    .where(among(outbox_recipient.c.outbox_id, "ids"))
    .order_by(outbox_recipient.c.id)
)


def items(
    conn: Connection, state: str | None = None, case: int | None = None, limit: int | None = None
) -> list[OutboxItem]:
    """Mails of the outbox, oldest first; the newest `limit` of them."""
    conditions = [outbox.c.state == state] if state else []
    conditions += [outbox.c.case == case] if case is not None else []
    return _read(conn, and_(True, *conditions), limit=limit)


def get(conn: Connection, outbox_id: int, with_raw: bool = False) -> OutboxItem:
    """One mail. Raises NoSuch."""
    found = _read(conn, outbox.c.id == outbox_id, with_raw=with_raw)
    if not found:
        raise NoSuch(f"there is no mail {outbox_id} in the outbox")
    return found[0]


def by_message_id(conn: Connection, message_ids: Iterable[str]) -> dict[str, OutboxItem]:
    """Mails of ours by their Message-IDs (without brackets)."""
    wanted = [message_id for message_id in message_ids if message_id]
    return {item.message_id: item for item in _read(conn, outbox.c.message_id.in_(wanted))} if wanted else {}


def by_envelope_from(conn: Connection, address: str) -> OutboxItem | None:
    """The newest mail that left with this envelope sender, which a bounce comes back to."""
    found = _read(conn, (outbox.c.envelope_from == address) & literal_column("envelope_from <> ''"), limit=1)
    return found[0] if found else None


def waiting(conn: Connection) -> int:
    """How many mails are still to leave. Cheap."""
    return conn.scalar(select(func.count()).select_from(outbox).where(_LEAVING)) or 0


def _read(
    conn: Connection, condition: ColumnElement[bool], with_raw: bool = False, limit: int | None = None
) -> list[OutboxItem]:
    rows = list(conn.execute(_ITEM.where(condition).order_by(outbox.c.id.desc()).limit(limit)))
    ids = [row.id for row in rows]
    recipients: dict[int, list[RecipientState]] = {number: [] for number in ids}
    for number, address, state, reply in _STATES.all(conn, ids=ids) if ids else ():
        recipients[number].append(RecipientState(address, state, reply))
    bodies: dict[int, bytes] = {}
    if with_raw and ids:
        query = select(outbox.c.id, raw.c.data).join_from(outbox, raw, outbox.c.raw_id == raw.c.id)
        bodies = {row[0]: row[1] for row in conn.execute(query.where(outbox.c.id.in_(ids)))}
    return [_item(row, recipients[row.id], bodies) for row in reversed(rows)]


def _item(row: Any, recipients: list[RecipientState], bodies: dict[int, bytes]) -> OutboxItem:
    return OutboxItem(
        row.id, row.case, row.kind, row.mailbox, row.envelope_from, tuple(recipients), row.to, row.subject,
        row.message_id, row.state, row.attempts, row.next_try, row.last_reply or row.reason, row.created_at,
        row.automatic, bodies.get(row.id, b""),
    )  # fmt: skip


# ---- by hand, and by bounce ------------------------------------------------------------------------------------------


def retry(conn: Connection, outbox_id: int, now: datetime) -> None:
    """Try it again now, to those who have not got it. Raises NoSuch, or StoreError for one that is sent or leaving."""
    _by_hand(conn, outbox_id, now, ("queued", "uncertain", "failed", "cancelled"), "mail-retried",
             {"state": "queued", "next_try": now, "attempts": 0, "reason": ""})  # fmt: skip
    again = outbox_recipient.c.state.in_(("deferred", "failed", "bounced"))
    conn.execute(
        update(outbox_recipient).where(outbox_recipient.c.outbox_id == outbox_id, again).values(state="queued")
    )


def rewrite(conn: Connection, outbox_id: int, mail: OutgoingMail, now: datetime) -> None:
    """A held mail has been written after all: it is due now. Raises NoSuch, or StoreError for one that is not held."""
    (number,) = next_ids(conn, raw, 1)
    add_raw(conn, [number], [mail.raw])
    _by_hand(conn, outbox_id, now, ("held",), "mail-retried",
             {"state": "queued", "next_try": now, "attempts": 0, "reason": "", "raw_id": number,
              "subject": mail.subject})  # fmt: skip


def cancel(conn: Connection, outbox_id: int, now: datetime) -> None:
    """Never send it. Raises NoSuch, or StoreError for one that is sent or being sent."""
    _by_hand(conn, outbox_id, now, ("queued", "uncertain", "failed", "held"), "mail-cancelled",
             {"state": "cancelled", "next_try": None})  # fmt: skip


def _by_hand(
    conn: Connection, outbox_id: int, now: datetime, allowed: tuple[str, ...], word: str, values: dict[str, Any]
) -> None:
    item = get(conn, outbox_id)
    query = update(outbox).where(outbox.c.id == outbox_id, outbox.c.state.in_(allowed))
    if not conn.execute(query.values(**values)).rowcount:
        raise StoreError(f"mail {outbox_id} is {item.state}: this cannot be done to it")
    line = _history(item.case, word, item.id, item.kind, item.to, "", now)
    if line:
        _ADD_LINE.run(conn, [line | {"actor": "operator"}])


def mark_bounced(
    conn: Connection, message_id: str, address: str, permanent: bool, status: str = "", words: str = ""
) -> bool:
    """A delivery report came back (R5): False when there is no such mail of ours.

    For good: the recipient is bounced and the mail failed, with the server's words. Else the words are noted.
    """
    item = by_message_id(conn, [message_id]).get(message_id)
    if item is None:
        return False
    said = f"{status} {words}".strip()[:REPLY_LENGTH]
    keys = {r.address.casefold() for r in item.recipients}
    key = address.casefold() if address.casefold() in keys or len(keys) > 1 else next(iter(keys), "")
    state = "bounced" if permanent else next((r.state for r in item.recipients if r.address.casefold() == key), "sent")
    _RECIPIENT.run(conn, [{"of": item.id, "key": key, "now_is": state, "said": said}])
    values: dict[str, Any] = {"last_reply": said, "state": "failed"} if permanent else {"last_reply": said}
    conn.execute(update(outbox).where(outbox.c.id == item.id).values(**values))
    return True
