"""Cases as programs and lists show them: the JSON of the command line, filtered and sorted (L1, L2, S2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select

from mailcase.core.message import Address
from mailcase.store import later, search
from mailcase.store.errors import NoSuch
from mailcase.store.tables import ASSIGNED, ATTENTION, BY_AGENT, cases, event, link, message, participant, tag

_BATCH = 1_000
# Who worked on no more cases than this has them gathered and sorted; for others each case of a list is looked at in the
# list's order, until there are enough.
_FEW = 20_000
# Of what a search finds so many are looked through for those that may be seen.
_FOUND_BY_ALL = 3 * search.MOST


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases, and in which order. Empty means: not asked for.

    `statuses` are names, `kinds` the six kinds. `attention` are the new and open ones. `mine` is an agent's name:
    assigned to them. `worked_by` restricts to cases an agent took part in (L3). `recent` are those that changed last,
    newest first. `search` is a user's words: a lone number finds exactly that case. `sort` is number, date, subject
    or priority; without it new and open come first, by priority, then by age (S2).
    """

    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    attention: bool = False
    closed: bool | None = None
    assignee: str = ""
    mine: str = ""
    worked_by: str = ""
    mailboxes: tuple[str, ...] = ()
    tag: str = ""
    requester: str = ""
    search: str = ""
    sort: str = ""
    recent: bool = False
    limit: int | None = None


_ATTENTION = ("new", "open")
_GROUP: ColumnElement[int] = literal_column(ATTENTION)
_URGENCY = (cases.c.priority_rank, cases.c.created_at, cases.c.number)
_SORTS: dict[str, tuple[Any, ...]] = {
    "": (_GROUP, *_URGENCY),
    "number": (cases.c.number,),
    "date": (cases.c.created_at, cases.c.number),
    "subject": (func.lower(cases.c.subject), cases.c.number),
    "priority": _URGENCY,
    "recent": (cases.c.updated_at.desc(), cases.c.number.desc()),
}


def list_cases(conn: Connection, wanted: CaseFilter) -> list[dict[str, Any]]:
    """The cases that fit, each as the array of `case list --json` has it."""
    query = _conditions(select(cases), wanted)
    if wanted.search:
        restricted = wanted.worked_by or wanted.mailboxes
        most = _FOUND_BY_ALL if restricted else search.MOST
        numbers = search.search(conn, wanted.search, max(wanted.limit or 0, most))
        if not numbers:
            return []
        query = query.where(cases.c.number.in_(numbers))
    if wanted.worked_by:
        one_by_one = bool(wanted.search) or _worked_on_many(conn, wanted.worked_by)
        query = query.where(_has_worked(wanted.worked_by) if one_by_one else _worked_by(wanted.worked_by))
    one_group = wanted.attention or wanted.closed or len(wanted.statuses) == 1
    sort = wanted.sort or ("recent" if wanted.recent else "priority" if one_group else "")
    if sort not in _SORTS:
        raise NoSuch(f"cannot sort by {sort!r}: use number, date, subject or priority")
    rows = conn.execute(query.order_by(*_SORTS[sort]).limit(wanted.limit)).all()
    return [_summary(row, extra) for row, extra in zip(rows, _extras(conn, [r.number for r in rows]), strict=True)]


def _conditions(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.statuses:
        names = {variant for status in wanted.statuses for variant in (status, status.lower())}
        conditions.append(_is_one_of(cases.c.status, names))
    if wanted.kinds:
        conditions.append(cases.c.kind.in_(wanted.kinds))
    if wanted.attention:
        conditions.append(literal_column(f"{ATTENTION} = 0"))
    if wanted.closed is not None:
        conditions.append(literal_column(f"{ATTENTION} = 2" if wanted.closed else f"{ATTENTION} < 2"))
    for name in (wanted.assignee, wanted.mine):
        if name:
            conditions += [_is_one_of(cases.c.assignee, {name, name.lower()}), literal_column(ASSIGNED)]
    if wanted.mailboxes:
        conditions.append(cases.c.mailbox.in_(wanted.mailboxes))
    if wanted.tag:
        conditions.append(cases.c.number.in_(select(tag.c.case).where(tag.c.name == wanted.tag)))
    if wanted.requester:
        conditions.append(cases.c.requester_key == wanted.requester.casefold())
    return query.where(*conditions) if conditions else query


def _is_one_of(column: ColumnElement[str], names: set[str]) -> ColumnElement[bool]:
    return column == next(iter(names)) if len(names) == 1 else column.in_(sorted(names))


def _acts(name: str) -> Select[Any]:
    """The cases on which they did something."""
    by = event.c.actor.in_([f"agent:{name}", f"agent:{name.lower()}"])
    return select(event.c.case).where(by, literal_column(BY_AGENT))


def _assigned(name: str) -> ColumnElement[bool]:
    return and_(_is_one_of(cases.c.assignee, {name, name.lower()}), literal_column(ASSIGNED))


def _worked_by(name: str) -> ColumnElement[bool]:
    """They did something on it, or it is theirs to do: all of these, gathered."""
    return cases.c.number.in_(_acts(name).union(select(cases.c.number).where(_assigned(name))))


def _has_worked(name: str) -> ColumnElement[bool]:
    """The same, asked of each case. As a subquery with a limit: PostgreSQL would gather an EXISTS after all."""
    acted = _acts(name).where(event.c.case == cases.c.number).limit(1).correlate(cases).scalar_subquery()
    return or_(_assigned(name), acted.is_not(None))


def _worked_on_many(conn: Connection, name: str) -> bool:
    """Counted by the database, and no further than it takes to know."""
    every = (_acts(name), select(cases.c.number).where(_assigned(name)))
    counts = (select(func.count()).select_from(one.limit(_FEW + 1).subquery()) for one in every)
    return any((conn.scalar(count) or 0) > _FEW for count in counts)


def _extras(conn: Connection, numbers: list[int]) -> Iterable[dict[str, list[Any]]]:
    """Tags and follow-ups of each of these cases."""
    found: dict[int, dict[str, list[Any]]] = {number: {"tags": [], "follow_ups": []} for number in numbers}
    for start in range(0, len(numbers), _BATCH):
        some = numbers[start : start + _BATCH]
        for number, name in conn.execute(select(tag.c.case, tag.c.name).where(tag.c.case.in_(some))):
            found[number]["tags"].append(name)
        following = select(cases.c.follow_up_of, cases.c.number).where(
            cases.c.follow_up_of.in_(some), cases.c.follow_up_of.is_not(None)
        )
        for number, follow_up in conn.execute(following):
            found[number]["follow_ups"].append(follow_up)
    return [{key: sorted(values) for key, values in found[number].items()} for number in numbers]


def rfc3339(at: datetime | None) -> str | None:
    """A time as the JSON has it: RFC 3339, UTC, with a Z."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _summary(row: Any, extra: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        "number": row.number,
        "subject": row.subject,
        "status": row.status,
        "kind": row.kind,
        "resolution": row.resolution,
        "priority": row.priority,
        "assignee": row.assignee,
        "mailbox": row.mailbox,
        "requester": {"name": row.requester_name, "address": row.requester_address},
        "language": row.language,
        "tags": extra["tags"],
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "until": rfc3339(row.until),
        "follow_up_of": row.follow_up_of,
        "follow_ups": extra["follow_ups"],
        "merged_into": row.merged_into,
    }


def show_case(conn: Connection, number: int) -> dict[str, Any]:
    """One case with everything on it, as `case show --json` has it. Raises NoSuch."""
    row = conn.execute(select(cases).where(cases.c.number == number)).first()
    if row is None:
        raise NoSuch(f"there is no case {number}")
    (extra,) = _extras(conn, [number])
    return {
        **_summary(row, extra),
        "participants": _participants(conn, number),
        "links": _links(conn, number),
        "later": _later(conn, number),
        "messages": _messages(conn, number),
        "history": _history(conn, number),
    }


def _participants(conn: Connection, number: int) -> list[dict[str, str]]:
    columns = select(participant.c.name, participant.c.address, participant.c.role)
    rows = conn.execute(columns.where(participant.c.case == number).order_by(participant.c.id))
    return [{"name": row.name, "address": row.address, "role": row.role} for row in rows]


def _later(conn: Connection, number: int) -> list[dict[str, Any]]:
    return [
        {"due_at": rfc3339(a.due_at), "agent": a.agent, "text": a.text, "template": a.template,
         "unless_answered": a.unless_answered}
        for a in (one.answer for one in later.of_case(conn, number))
    ]  # fmt: skip


def _links(conn: Connection, number: int) -> list[dict[str, Any]]:
    rows = conn.execute(select(link.c.other, link.c.relation).where(link.c.case == number).order_by(link.c.other))
    return [{"number": row.other, "relation": row.relation} for row in rows]


def _messages(conn: Connection, number: int) -> list[dict[str, Any]]:
    rows = conn.execute(select(message).where(message.c.case == number).order_by(message.c.at, message.c.id))
    return [
        {
            "id": row.id,
            "message_id": row.message_id,
            "direction": row.direction,
            "automatic": row.automatic,
            "verified": row.verified,
            "author": str(Address(row.author_name, row.author_address)),
            "from": row.author_address,
            "to": [address for _, address in row.to],
            "cc": [address for _, address in row.cc],
            "subject": row.subject,
            "at": rfc3339(row.at),
            "text": row.text,
            "quoted": row.quoted,
            "html": row.html,
            "attachments": row.attachments,
            "evidence": row.evidence,
            "rule": row.rule,
        }
        for row in rows
    ]


def _history(conn: Connection, number: int) -> list[dict[str, Any]]:
    rows = conn.execute(select(event).where(event.c.case == number).order_by(event.c.at, event.c.id))
    return [
        {"at": rfc3339(row.at), "actor": row.actor, "event": row.event, "text": row.text,
         "from_status": row.from_status, "to_status": row.to_status, "data": row.data}
        for row in rows
    ]  # fmt: skip
