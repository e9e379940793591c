"""Answers that go out later (O6): written with the decision, taken when they are due, gone when the customer writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, select

from mailcase.core.decision import AnswerScheduled
from mailcase.store.prepared import Prepared, among, inserting
from mailcase.store.tables import event, later


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One answer that waits for its time."""

    id: int
    answer: AnswerScheduled
    kind = "scheduled-answer"

    @property
    def case(self) -> int:
        """The case it is for."""
        return self.answer.case


_ADD, _ADD_LINE = inserting(later, "id"), inserting(event, "id")
_WAITING = Prepared(
    select(later.c.id, later.c.case, later.c.due_at, later.c.agent, later.c.unless_answered)
    .where(among(later.c.case, "numbers"))
    .order_by(later.c.id)
)
_OUT = delete(later).where(later.c.id == bindparam("number"))
_ROWS = select(
    later.c.id, later.c.case, later.c.due_at, later.c.agent, later.c.text, later.c.template, later.c.unless_answered
).order_by(later.c.due_at, later.c.id)


def add(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of the table without their ids."""
    _ADD.run(conn, rows)


def cancel(conn: Connection, by: Mapping[int, str], now: datetime, *, only_unless_answered: bool) -> None:
    """Nothing of these cases goes out any more, or only what a customer's mail stops. A line of history says so, in
    the name that `by` has for the number of the case.
    """
    rows = _WAITING.all(conn, numbers=list(by))
    found = [row for row in rows if row[4] or not only_unless_answered]
    if not found:
        return
    conn.execute(_OUT, [{"number": row[0]} for row in found])
    why = ": the customer has written" if only_unless_answered else ""
    _ADD_LINE.run(conn, [
        {"case": number, "at": now, "actor": by[number], "event": "scheduled-answer-cancelled",
         "text": f"{agent}, {due_at:%Y-%m-%d %H:%M} UTC{why}", "from_status": "", "to_status": "",
         "data": {"later": key}}
        for key, number, due_at, agent, _ in found
    ])  # fmt: skip


def due(conn: Connection, now: datetime, limit: int) -> list[Scheduled]:
    """Those whose time has come, in the order they were due."""
    return _read(conn, _ROWS.where(later.c.due_at <= now).limit(limit))


def until(conn: Connection, end: datetime) -> list[Scheduled]:
    """All that will go out until then, in order."""
    return _read(conn, _ROWS.where(later.c.due_at <= end))


def of_case(conn: Connection, number: int) -> list[Scheduled]:
    """What waits on one case, in order."""
    return _read(conn, _ROWS.where(later.c.case == number))


def _read(conn: Connection, query: Select[Any]) -> list[Scheduled]:
    return [Scheduled(row[0], AnswerScheduled(*row[1:])) for row in conn.execute(query)]


def take(conn: Connection, one: Scheduled) -> bool:
    """Take it away to act on it; False when somebody else did or it was cancelled."""
    return conn.execute(_OUT, {"number": one.id}).rowcount > 0


def postpone(conn: Connection, one: Scheduled, when: datetime) -> None:
    """Have it come again later: acting on it failed."""
    conn.execute(later.update().where(later.c.id == one.id).values(due_at=when))
