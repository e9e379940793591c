"""The messages of a case as agents' commands need them: the one that was answered, the newest, what a split took."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from mailcase.core.context import Letter
from mailcase.core.message import Address
from mailcase.store.prepared import Prepared, among
from mailcase.store.tables import cases, event, link, message, outbox

_COLUMNS = (
    message.c.id, message.c.direction, message.c.author_name, message.c.author_address, message.c.subject,
    message.c.text, message.c.at, message.c.message_id, message.c.verified, message.c.attachments, message.c.spool_id,
)  # fmt: skip
_FROM_CUSTOMERS = (message.c.direction == "incoming", message.c.automatic.is_(False))
_NEWEST = select(*_COLUMNS).where(message.c.case == bindparam("number")).order_by(message.c.id.desc())
_COPY = Prepared(select(outbox.c.message_id, outbox.c.reason_key).where(among(outbox.c.message_id, "ids")))
# The reason of an agent's copy names the spooled mail that it shows.
_SHOWS = re.compile(r"notify:s(\d{1,18}):")


def newest(conn: Connection, number: int, most: int) -> tuple[Letter, ...]:
    """The newest messages of a case of any direction, the oldest of them first."""
    rows = conn.execute(_NEWEST.limit(most), {"number": number}).all()
    return tuple(_letter(row) for row in reversed(rows))


def answered(conn: Connection, number: int, ids: Sequence[str], message_id: str = "") -> tuple[Letter | None, int]:
    """(a customer's message on this case; how many there are).

    It is the one with this `message_id`, else the one that the copies with these `ids` show, else the newest.
    """
    of_customers = _NEWEST.where(*_FROM_CUSTOMERS)
    count = conn.scalar(select(func.count()).select_from(message).where(message.c.case == number, *_FROM_CUSTOMERS))
    row = None
    if message_id:
        row = conn.execute(of_customers.where(message.c.message_id == message_id), {"number": number}).first()
        return (_letter(row) if row else None), int(count or 0)
    shown = {copy[0]: _SHOWS.match(copy[1]) for copy in _COPY.all(conn, ids=list(ids))} if ids else {}
    for match in (shown.get(message_id) for message_id in ids):
        if match and row is None:
            row = conn.execute(of_customers.where(message.c.spool_id == int(match[1])), {"number": number}).first()
    row = row or conn.execute(of_customers.limit(1), {"number": number}).first()
    return (_letter(row) if row else None), int(count or 0)


def _letter(row: Any) -> Letter:
    return Letter(
        id=row.id, direction=row.direction, author=Address(row.author_name, row.author_address), subject=row.subject,
        text=row.text, at=row.at, message_id=row.message_id, verified=row.verified,
        files=tuple(str(a.get("filename", "")) for a in row.attachments), spool=row.spool_id or 0,
    )  # fmt: skip


def split_off(conn: Connection, number: int, requester: str) -> int | None:
    """The newest case that was split from this one and is of this requester (T4); None for none."""
    query = (
        select(cases.c.number)
        .join_from(link, cases, cases.c.number == link.c.other)
        .where(link.c.case == number, link.c.relation == "split", cases.c.number > number)
        .where(cases.c.requester_key == requester.casefold())
    )
    found: int | None = conn.scalar(query.order_by(cases.c.number.desc()).limit(1))
    return found


def worked_on(conn: Connection, numbers: Sequence[int], agent: str) -> set[int]:
    """Those of these cases on which an agent has done something, or which are theirs (L3)."""
    did = exists().where(event.c.case == cases.c.number, event.c.actor == f"agent:{agent}")
    query = select(cases.c.number).where(cases.c.number.in_(list(numbers)))
    return set(conn.scalars(query.where(did | (func.lower(cases.c.assignee) == agent.lower()))))
