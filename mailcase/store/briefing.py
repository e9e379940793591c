"""What the morning brief of an agent is made of: their cases, and what happened to them since the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from mailcase.core.context import CaseRow
from mailcase.store.tables import cases, deadline, event, outbox, spool

# A section of a brief is for a phone; who has more to do reads a list.
MOST_ROWS = 25
# Of what is set aside the newest so many are looked at: anybody can have a mail held under an agent's name.
MOST_ASIDE = 500
_WORK = ("remind_agent", "escalate", "first_response", "resolution")
_OPEN = ("new", "open")
_COLUMNS = (
    cases.c.number, cases.c.subject, cases.c.status, cases.c.requester_name, cases.c.requester_address,
    cases.c.assignee, cases.c.kind,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose cases: those of the agent, and those of nobody in the mailboxes that tell this agent of their mail."""

    agent: str
    mailboxes: tuple[str, ...] = ()


def gather(
    conn: Connection, whose: Whose, since: datetime, soon: datetime, waited: Sequence[str]
) -> dict[str, list[CaseRow]]:
    """The sections of a brief with their rows: waiting, due, reopened, bounced, held, closed.

    `since` is when the last brief was made, `soon` how far ahead to look; `waited` are the statuses that a case is
    reopened from.
    """
    mine = _mine(whose)
    return {
        "waiting": _waiting(conn, mine),
        "due": _due(conn, mine, soon),
        "reopened": _happened(conn, mine, since, event.c.event == "status-changed", event.c.from_status.in_(waited),
                              cases.c.kind.in_(_OPEN), event.c.to_status == cases.c.status),
        "bounced": _happened(conn, mine, since, event.c.event.in_(("mail-bounced", "mail-failed"))),
        "held": _held(conn, whose, mine),
        "closed": _happened(conn, mine, since, event.c.event == "status-changed", event.c.actor == "system",
                            cases.c.kind == "closed", event.c.to_status == cases.c.status),
    }  # fmt: skip


def _mine(whose: Whose) -> ColumnElement[bool]:
    nobodys = and_(cases.c.assignee == "", cases.c.mailbox.in_(whose.mailboxes))
    return or_(func.lower(cases.c.assignee) == whose.agent.lower(), nobodys)


def _rows(conn: Connection, query: Select[Any]) -> list[CaseRow]:
    return [
        CaseRow(row.number, row.subject, row.status, row.requester_name or row.requester_address, row.at, row.assignee,
                row.kind == "closed")
        for row in conn.execute(query.limit(MOST_ROWS))
    ]  # fmt: skip


def _waiting(conn: Connection, mine: ColumnElement[bool]) -> list[CaseRow]:
    query = select(*_COLUMNS, cases.c.created_at.label("at")).where(cases.c.kind.in_(_OPEN), mine)
    return _rows(conn, query.order_by(cases.c.priority_rank, cases.c.created_at, cases.c.number))


def _due(conn: Connection, mine: ColumnElement[bool], soon: datetime) -> list[CaseRow]:
    at = func.min(deadline.c.due_at, type_=deadline.c.due_at.type).label("at")
    query = select(*_COLUMNS, at).join_from(cases, deadline, deadline.c.case == cases.c.number)
    query = query.where(deadline.c.due_at <= soon, deadline.c.kind.in_(_WORK), mine)
    return _rows(conn, query.group_by(*_COLUMNS).order_by(at, cases.c.number))


def _happened(
    conn: Connection, mine: ColumnElement[bool], since: datetime, *what: ColumnElement[bool]
) -> list[CaseRow]:
    """Cases on which this happened since. Only those that have changed are looked at: there is an index of these."""
    at = func.max(event.c.at, type_=event.c.at.type).label("at")
    query = select(*_COLUMNS, at).join_from(cases, event, event.c.case == cases.c.number)
    query = query.where(cases.c.updated_at > since, event.c.at > since, mine, *what)
    return _rows(conn, query.group_by(*_COLUMNS).order_by(at, cases.c.number))


def _held(conn: Connection, whose: Whose, mine: ColumnElement[bool]) -> list[CaseRow]:
    """The agent's own mails that wait for their word, and what could not be read on their cases."""
    aside = select(spool.c.id, spool.c.state, spool.c.outcome_case, spool.c.received_at)
    aside = aside.where(spool.c.state.in_(("held", "quarantined"))).order_by(spool.c.id.desc()).limit(MOST_ASIDE)
    rows = conn.execute(aside).all()
    held = [row for row in rows if row.state == "held"]
    told = {f"{word}:s{row.id}:{whose.agent}": row for row in held for word in ("held", "confirm")}
    letters = select(outbox.c.reason_key, outbox.c.case, outbox.c.subject).where(outbox.c.reason_key.in_(list(told)))
    found = [
        CaseRow(row.case or 0, row.subject, "", "", told[row.reason_key].received_at)
        for row in (conn.execute(letters.order_by(outbox.c.id)) if told else ())
    ]
    unread = [row.outcome_case for row in rows if row.state == "quarantined" and row.outcome_case]
    if unread:
        query = select(*_COLUMNS, cases.c.created_at.label("at")).where(cases.c.number.in_(unread), mine)
        found += _rows(conn, query.where(cases.c.kind != "closed").order_by(cases.c.number))
    return found[:MOST_ROWS]
