"""What the guard of an agent's answer asks: what colleagues have written since, and what must not leave (A6, A8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from mailcase.store.prepared import Prepared, among
from mailcase.store.tables import message, outbox, spool

# Of a case's texts the newest so many, each cut here: the guard is a net for slips, not a search of the archive.
TEXTS, TEXT_LENGTH = 100, 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an agent's on a case."""

    agent: str
    at: datetime
    text: str
    message_id: str


_SENT_AT = Prepared(
    select(outbox.c.message_id, outbox.c.created_at).where(among(outbox.c.message_id, "ids")).order_by(outbox.c.id)
)
_ANSWERS = (
    select(message.c.actor, message.c.at, message.c.text, message.c.message_id)
    .where(
        message.c.case == bindparam("number"), message.c.direction == "outgoing", message.c.automatic.is_(False),
        message.c.at > bindparam("since", type_=message.c.at.type), message.c.actor.startswith("agent:"),
    )
    .order_by(message.c.id)
)  # fmt: skip
_TEXTS = (
    select(message.c.direction, func.substr(message.c.text, 1, TEXT_LENGTH, type_=message.c.text.type))
    .where(message.c.case == bindparam("number"))
    .order_by(message.c.id.desc())
    .limit(TEXTS)
)


def sent_at(conn: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    """When we wrote those of these mails (Message-IDs without brackets) that are ours."""
    return {row[0]: row[1] for row in _SENT_AT.all(conn, ids=list(ids))} if ids else {}


def answers_since(conn: Connection, number: int, since: datetime) -> list[Answer]:
    """What agents have answered on a case after `since`, oldest first."""
    rows = conn.execute(_ANSWERS, {"number": number, "since": since})
    return [Answer(row[0].removeprefix("agent:"), row[1], row[2], row[3]) for row in rows]


def texts(conn: Connection, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(notes, what people outside have written or read) of a case: its newest messages."""
    rows = conn.execute(_TEXTS, {"number": number}).all()
    notes = tuple(text for direction, text in rows if direction == "note")
    return notes, tuple(text for direction, text in rows if direction != "note")


_RETURNED = Prepared(
    select(outbox.c.reason_key).where(among(outbox.c.message_id, "ids"), outbox.c.kind == "command-result")
    .order_by(outbox.c.id.desc())
)  # fmt: skip


def returned_as(conn: Connection, ids: Sequence[str], agent: str) -> list[str]:
    """The reason keys of those of these mails (Message-IDs) that returned a held answer to this agent, newest first."""
    rows = _RETURNED.all(conn, ids=list(ids)) if ids else ()
    return [key for (key,) in rows if key.startswith("held:") and key.endswith(f":{agent}")]


def held_answer(conn: Connection, reason_keys: Sequence[str]) -> int | None:
    """The spool id of the first held mail that was returned with one of these reason keys (`held:s17:bob`)."""
    query = select(outbox.c.reason_key).where(outbox.c.reason_key.in_(reason_keys))
    there = set(conn.scalars(query)) if reason_keys else set()
    for key in (key for key in reason_keys if key in there):
        number = int(key.split(":")[1].removeprefix("s"))
        if conn.scalar(select(spool.c.state).where(spool.c.id == number)) == "held":
            return number
    return None
