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


def held_reason(conn: Connection, spool_id: int) -> str | None:
    """Why a mail waits for its agent's word; None for one that does not."""
    row = conn.execute(select(spool.c.state, spool.c.reason).where(spool.c.id == spool_id)).first()
    return row.reason if row is not None and row.state == "held" else None
