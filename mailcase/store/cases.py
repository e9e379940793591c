"""Reading cases: by number, by Message-ID, along follow-ups and merges, and what is due on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from mailcase.core.decision import CaseView, Deadline, Participant
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind
from mailcase.store.listing import CaseFilter, list_cases, show_case
from mailcase.store.prepared import Prepared, among
from mailcase.store.tables import cases, counter, deadline, event, message, outbox, participant, spool, tag

__all__ = [
    "CaseFilter", "FoundMessage", "HistoryEntry", "active_follow_up", "by_message_ids", "by_number", "by_numbers",
    "chain", "due", "final_number", "histories", "history", "list_cases", "next_number", "show_case", "upcoming", "why",
]  # fmt: skip

# References need the newest Message-IDs of a case, not all: somebody may have filed ten thousand.
THREAD_LENGTH = 100


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A Message-ID that is on a case. `ours` says that we made it: it went out through the outbox."""

    message_id: str
    case: int
    ours: bool


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a case's history."""

    at: datetime
    actor: str
    event: str
    text: str
    from_status: str = ""
    to_status: str = ""
    data: dict[str, Any] = field(default_factory=dict)


_VIEW = Prepared(select(cases).where(among(cases.c.number, "numbers")))
_COLUMNS = tuple(column.name for column in cases.columns)
_oldest_kept = (
    select((_recent := message.alias("recent")).c.id)
    .where(_recent.c.case == cases.c.number)
    .order_by(_recent.c.id.desc())
    .limit(1)
    .offset(THREAD_LENGTH - 1)
    .scalar_subquery()
)


def _part(what: str, number: Any, order: Any, first: Any, second: Any = None, third: Any = None) -> tuple[Any, ...]:
    texts = [literal("", Text) if column is None else column for column in (first, second, third)]
    return (literal_column(f"'{what}'").label("what"), number.label("number"), order.label("position"), *texts)


# Everything that belongs to a case, in one statement: each costs more to ask for than to read.
_BELONGINGS = Prepared(union_all(
    select(
        *_part("participant", participant.c.case, participant.c.id, participant.c.name, participant.c.address,
               participant.c.role)
    ).where(among(participant.c.case, "numbers")),
    select(*_part("tag", tag.c.case, literal_column("0"), tag.c.name)).where(among(tag.c.case, "numbers")),
    select(*_part("follow-up", cases.c.follow_up_of, cases.c.number, None)).where(
        among(cases.c.follow_up_of, "numbers"), cases.c.follow_up_of.is_not(None)
    ),
    select(*_part("message", message.c.case, message.c.id, message.c.message_id))
    .join_from(
        cases, message, and_(message.c.case == cases.c.number, message.c.id >= func.coalesce(_oldest_kept, 0))
    )
    .where(among(cases.c.number, "numbers"), message.c.message_id != ""),
))  # fmt: skip


# ---- by number -------------------------------------------------------------------------------------------------------


def by_number(conn: Connection, number: int) -> CaseView | None:
    """The case as it stands now, or None."""
    found = by_numbers(conn, (number,))
    return found[0] if found else None


def by_numbers(conn: Connection, numbers: Iterable[int]) -> list[CaseView]:
    """Those of these cases that exist, in the order of the numbers given."""
    wanted = list(dict.fromkeys(numbers))
    if not wanted:
        return []
    rows = {row[0]: SimpleNamespace(**dict(zip(_COLUMNS, row, strict=True))) for row in _VIEW.all(conn, numbers=wanted)}
    if not rows:
        return []
    belongings: dict[tuple[int, str], list[Any]] = {}
    for row in _BELONGINGS.all(conn, numbers=list(rows)):
        belongings.setdefault((row[1], row[0]), []).append(row[2:])
    return [_view(rows[number], belongings) for number in wanted if number in rows]


def _view(row: Any, belongings: dict[tuple[int, str], list[Any]]) -> CaseView:
    def of(what: str) -> list[Any]:
        return sorted(belongings.get((row.number, what), ()), key=lambda parts: (parts[0], parts[1]))

    return CaseView(
        id=row.number,
        number=row.number,
        mailbox=row.mailbox,
        subject=row.subject,
        status=row.status,
        kind=StatusKind(row.kind),
        requester=Address(row.requester_name, row.requester_address),
        version=row.version,
        resolution=row.resolution,
        priority=row.priority,
        assignee=row.assignee,
        language=row.language,
        answered=row.answered,
        until=row.until,
        follow_up_of=row.follow_up_of,
        follow_ups=tuple(number for number, *_ in of("follow-up")),
        merged_into=row.merged_into,
        tags=tuple(name for _, name, *_ in of("tag")),
        participants=tuple(Participant(Address(name, address), role) for _, name, address, role in of("participant")),
        thread=tuple(dict.fromkeys(message_id for _, message_id, *_ in of("message"))),
        created_at=row.created_at,
        updated_at=row.updated_at,
        attempts=row.attempts,
        reserved_by=row.reserved_by or "",
        reserved_until=row.reserved_until,
    )


_NEXT = Prepared(select(counter.c.value).where(counter.c.name == "case"))


def next_number(conn: Connection) -> int:
    """The number the next case will get, unless somebody else opens one first: `record` notices that."""
    return int(_NEXT.scalar(conn))


# ---- by Message-ID ---------------------------------------------------------------------------------------------------

_HAS_ID: ColumnElement[bool] = literal_column("message_id <> ''")
_BY_MESSAGE_ID = Prepared(union_all(
    select(literal_column("1").label("rank"), message.c.message_id, message.c.case, message.c.outbox_id)
    .where(among(message.c.message_id, "ids"), _HAS_ID),
    select(literal_column("2"), outbox.c.message_id, outbox.c.case, outbox.c.id)
    .where(among(outbox.c.message_id, "ids"), outbox.c.case.is_not(None)),
    # The mail an answer was relayed from, or that held only commands: it is on the case under another id, or not.
    select(literal_column("3"), spool.c.message_id, spool.c.outcome_case, literal_column("NULL"))
    .where(among(spool.c.message_id, "ids"), _HAS_ID, spool.c.outcome_case.is_not(None)),
))  # fmt: skip


def by_message_ids(conn: Connection, ids: Sequence[str]) -> list[FoundMessage]:
    """Which of these Message-IDs (without brackets) are on cases, or were sent for one. One line an id and case."""
    wanted = [message_id for message_id in dict.fromkeys(ids) if message_id]
    if not wanted:
        return []
    found: dict[tuple[str, int], bool] = {}
    for rank, message_id, number, outbox_id in sorted(_BY_MESSAGE_ID.all(conn, ids=wanted), key=_rank):
        if rank < 3 or not any(known == message_id for known, _ in found):
            found[message_id, number] = found.get((message_id, number), False) or outbox_id is not None
    return [FoundMessage(message_id, number, ours) for (message_id, number), ours in found.items()]


def _rank(row: Any) -> tuple[int, int]:
    return row[0], row[2]


_WHY = (
    select(
        message.c.message_id, message.c.case, message.c.direction, message.c.evidence, message.c.rule,
        message.c.verified, message.c.automatic, message.c.actor, message.c.at, message.c.subject,
        message.c.author_address, message.c.spool_id, message.c.outbox_id,
    )
    .where(message.c.message_id == bindparam("message_id"), message.c.message_id != "")
    .order_by(message.c.id)
)  # fmt: skip


def why(conn: Connection, message_id: str) -> list[dict[str, Any]]:
    """The evidence and the rule behind every mail with this Message-ID (T6), also behind one that was ignored.

    Each: message_id, case (None for ignored mail), direction, evidence, rule, verified, automatic, actor, at, subject,
    author, outcome, reason.
    """
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    rows = [
        {"message_id": row.message_id, "case": row.case, "direction": row.direction, "evidence": row.evidence,
         "rule": row.rule, "verified": row.verified, "automatic": row.automatic, "actor": row.actor, "at": row.at,
         "subject": row.subject, "author": row.author_address, "outcome": "case", "reason": "",
         "spool": row.spool_id, "outbox": row.outbox_id}
        for row in conn.execute(_WHY, {"message_id": bare})
    ]  # fmt: skip
    spools = {row["spool"] for row in rows}
    kept = select(spool).where(spool.c.message_id == bare, spool.c.message_id != "").order_by(spool.c.id)
    for row in conn.execute(kept):
        for line in rows:
            if line["spool"] == row.id:
                line |= {"outcome": row.outcome, "reason": row.reason}
        if row.id not in spools:
            rows.append(
                {"message_id": bare, "case": row.outcome_case, "direction": "incoming", "evidence": "",
                 "rule": row.rule, "verified": False, "automatic": False, "actor": "", "at": row.received_at,
                 "subject": "", "author": "", "outcome": row.outcome or row.state, "reason": row.reason,
                 "spool": row.id, "outbox": None}
            )  # fmt: skip
    return rows or _why_sent(conn, bare)


def _why_sent(conn: Connection, message_id: str) -> list[dict[str, Any]]:
    """A mail that we sent of our own accord is in no list of messages: its kind is the rule, its cause the evidence."""
    query = select(outbox).where(outbox.c.message_id == message_id, outbox.c.message_id != "")
    return [
        {"message_id": message_id, "case": row.case, "direction": "outgoing", "evidence": row.reason_key,
         "rule": row.kind, "verified": True, "automatic": row.automatic, "actor": "system", "at": row.created_at,
         "subject": row.subject, "author": "", "outcome": row.state, "reason": row.reason, "spool": None,
         "outbox": row.id}
        for row in conn.execute(query)
    ]  # fmt: skip


# ---- merges and follow-ups -------------------------------------------------------------------------------------------


def final_number(conn: Connection, number: int) -> int:
    """Where mail for this case belongs now: merges are followed to their end (T4), once round at the most."""
    passed = {number}
    while True:
        into = conn.scalar(select(cases.c.merged_into).where(cases.c.number == number))
        if into is None or into in passed:
            return number
        passed.add(into)
        number = into


def active_follow_up(conn: Connection, number: int) -> int | None:
    """The newest case that is not closed among all that followed from this one, merges followed (F5); or None."""
    columns = select(cases.c.number, cases.c.kind, cases.c.merged_into)
    passed, active, new = {number}, [], [number]
    while new:
        rows = conn.execute(columns.where(cases.c.follow_up_of.in_(new) | cases.c.number.in_(new))).all()
        following = {row.number for row in rows} | {row.merged_into for row in rows if row.merged_into is not None}
        active += [row.number for row in rows if row.kind != StatusKind.CLOSED and row.merged_into is None]
        new = sorted(following - passed)
        passed |= following
    return max((found for found in active if found != number), default=None)


def chain(conn: Connection, number: int) -> list[int]:
    """The whole follow-up chain this case stands in, from the first to the last (F7); [number] for a lone one."""
    first, passed = number, {number}
    while True:
        before = conn.scalar(select(cases.c.follow_up_of).where(cases.c.number == first))
        if before is None or before in passed:
            break
        passed.add(before)
        first = before
    found, new = {first}, [first]
    while new:
        following = set(conn.scalars(select(cases.c.number).where(cases.c.follow_up_of.in_(new)))) - found
        found |= following
        new = sorted(following)
    return sorted(found)


# ---- history, deadlines, contacts ------------------------------------------------------------------------------------

_HISTORY = select(
    event.c.at, event.c.actor, event.c.event, event.c.text, event.c.from_status, event.c.to_status, event.c.data
).where(event.c.case == bindparam("number"))
_ALL_HISTORY = Prepared(_HISTORY.order_by(event.c.id))
_newer = event.alias("newer")
_first_of_last = (
    select(_newer.c.id)
    .where(_newer.c.case == cases.c.number)
    .order_by(_newer.c.id.desc())
    .limit(1)
    .offset(bindparam("last", type_=Integer) - literal_column("1"))
    .scalar_subquery()
)
_LAST_HISTORY = Prepared(
    select(event.c.case, *_HISTORY.selected_columns)
    .join_from(cases, event, and_(event.c.case == cases.c.number, event.c.id >= func.coalesce(_first_of_last, 0)))
    .where(among(cases.c.number, "numbers"))
    .order_by(event.c.id)
)


def history(conn: Connection, number: int, last: int | None = None) -> list[HistoryEntry]:
    """Everything that happened on a case, oldest first (L2); only the `last` lines where that is said."""
    if last is None:
        return [HistoryEntry(*row) for row in _ALL_HISTORY.all(conn, number=number)]
    return histories(conn, (number,), last)[number]


def histories(conn: Connection, numbers: Iterable[int], last: int) -> dict[int, list[HistoryEntry]]:
    """The `last` lines of each of these cases."""
    found: dict[int, list[HistoryEntry]] = {number: [] for number in numbers}
    for number, *entry in _LAST_HISTORY.all(conn, numbers=list(found), last=last) if found else ():
        found[number].append(HistoryEntry(*entry))
    return found


_DEADLINES = select(deadline.c.case, deadline.c.kind, deadline.c.due_at, deadline.c.step).order_by(
    deadline.c.due_at, deadline.c.id
)


def due(conn: Connection, now: datetime, limit: int) -> list[Deadline]:
    """Deadlines that have come, in the order they were due (D2, C7)."""
    query = _DEADLINES.where(deadline.c.due_at <= now).limit(limit)
    return [Deadline(*row) for row in conn.execute(query)]


def upcoming(conn: Connection, until: datetime) -> list[Deadline]:
    """Every deadline until then, past ones included, in order (D3)."""
    return [Deadline(*row) for row in conn.execute(_DEADLINES.where(deadline.c.due_at <= until))]
