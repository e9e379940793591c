"""What the figures of a desk are made of: the facts of the cases that were opened in a period (L4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from mailcase.core.policy import StatusKind
from mailcase.core.report import CaseFacts, Move
from mailcase.store.tables import cases, event, message

_FACTS = (
    cases.c.number, cases.c.mailbox, cases.c.created_at, cases.c.status, cases.c.kind, cases.c.resolution,
    cases.c.assignee,
)  # fmt: skip


def facts(conn: Connection, since: datetime, until: datetime, mailboxes: Sequence[str] = ()) -> list[CaseFacts]:
    """The cases opened from `since` until before `until`, in order; only those of `mailboxes` where any are named.

    Cases that were merged into others are not counted: the other one is.
    """

    def of_period(query: Select[Any]) -> Select[Any]:
        period = query.where(cases.c.created_at >= since, cases.c.created_at < until, cases.c.merged_into.is_(None))
        return period.where(cases.c.mailbox.in_(mailboxes)) if mailboxes else period

    moves = _moves(conn, of_period)
    answered: dict[int, datetime] = {}
    answers: dict[int, dict[str, int]] = {}
    sent = select(message.c.case, message.c.actor, func.min(message.c.at, type_=message.c.at.type), func.count())
    sent = sent.join_from(cases, message, message.c.case == cases.c.number)
    sent = sent.where(message.c.direction == "outgoing", message.c.automatic.is_(False))
    for number, actor, first, count in conn.execute(of_period(sent).group_by(message.c.case, message.c.actor)):
        answered[number] = min(first, answered.get(number, first))
        if actor.startswith("agent:"):
            answers.setdefault(number, {})[actor.removeprefix("agent:")] = count
    following = cases.alias("following")
    query = select(cases.c.number).join_from(cases, following, following.c.follow_up_of == cases.c.number)
    followed = set(conn.scalars(of_period(query)))
    return [
        CaseFacts(
            row.number, row.mailbox, row.created_at, row.status, StatusKind(row.kind), row.resolution, row.assignee,
            answered.get(row.number), tuple(moves.get(row.number, ())), answers.get(row.number, {}),
            row.number in followed,
        )
        for row in conn.execute(of_period(select(*_FACTS)).order_by(cases.c.number))
    ]  # fmt: skip


def _moves(conn: Connection, of_period: Any) -> dict[int, list[Move]]:
    """Every status each case has had, in order; the first is that of its opening."""
    columns = select(event.c.case, event.c.at, event.c.to_status).join_from(
        cases, event, event.c.case == cases.c.number
    )
    wanted = event.c.event.in_(("case-opened", "status-changed"))
    found: dict[int, list[Move]] = {}
    for number, at, status in conn.execute(of_period(columns.where(wanted)).order_by(event.c.id)):
        found.setdefault(number, []).append(Move(at, status))
    return found
