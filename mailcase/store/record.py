"""Writing cases: a decision's events become rows, all in the caller's transaction. Nothing else changes a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, bindparam, delete, func, insert, select, update

from mailcase.core.decision import Deadline, Decision
from mailcase.store import outbox, search
from mailcase.store.changes import Rows, collect
from mailcase.store.errors import Moved as Moved
from mailcase.store.ids import next_ids
from mailcase.store.tables import cases, contact, counter, deadline, event, link, message, participant, tag
from mailcase.store.upsert import upsert

_PARTICIPANT = upsert(participant, ("case", "address_key"), ("name", "address", "role"))
_TAG = upsert(tag, ("case", "name"), ())
_LINK = upsert(link, ("case", "other", "relation"), ())
_TAKE_NUMBERS = (
    update(counter)
    .where(counter.c.name == "case", counter.c.value == bindparam("first"))
    .values(value=bindparam("after"))
)
_DEADLINES_OUT = delete(deadline).where(deadline.c.case.in_(bindparam("numbers", expanding=True)))
_PERSON_OUT = delete(participant).where(
    participant.c.case == bindparam("number"), participant.c.address_key == bindparam("key")
)
_ROLE_OUT = delete(participant).where(participant.c.case == bindparam("number"), participant.c.role == bindparam("as"))
_TAG_OUT = delete(tag).where(tag.c.case == bindparam("number"), tag.c.name == bindparam("word"))


def record(
    conn: Connection, decision: Decision, *, now: datetime, spool_id: int | None,
    sent: Mapping[int, tuple[int | None, str]], versions: Mapping[int, int], first_number: int | None = None,
) -> None:  # fmt: skip
    """Apply a decision and write its history.

    `sent` says for each reply's index what the outbox made of it: its row (None where that reason has had its mail)
    and its Message-ID. `versions` is what the decision was made on: every case it changes must still be at it.
    `first_number` is the number that the first new case was thought to get; without it, the one it bears. Raises
    Moved when a version or the next number is another one now: roll back, read again, decide again.
    """
    rows = Rows(now, decision.actor, decision.rule, spool_id, sent)
    collect(rows, decision.events)
    for number in decision.deadlines:
        if number not in rows.opened:
            rows.touch(number)
    _take_numbers(conn, sorted(rows.opened), first_number)
    _change_cases(conn, rows, versions)
    if rows.opened:
        conn.execute(insert(cases), list(rows.opened.values()))
    _messages(conn, rows)
    _people(conn, rows)
    _rest(conn, rows)
    _replace_deadlines(conn, decision.deadlines, set(rows.opened))
    if rows.headings:
        _headings(conn, rows)


def _take_numbers(conn: Connection, numbers: list[int], first: int | None) -> None:
    """Take new case numbers from the counter; they must be the next ones."""
    if not numbers:
        return
    start = numbers[0] if first is None else first
    if numbers != list(range(start, start + len(numbers))):
        raise Moved(f"new cases cannot be {numbers}: the next number was to be {start}")
    if conn.execute(_TAKE_NUMBERS, {"first": start, "after": start + len(numbers)}).rowcount != 1:
        raise Moved(f"case number {start} is taken: another case was opened first")


def _change_cases(conn: Connection, rows: Rows, versions: Mapping[int, int]) -> None:
    """Change columns and versions, in the order of the numbers: two writers never lock two cases crosswise."""
    for number in sorted(rows.changed):
        values = rows.changed[number]
        expressions = {name: value for name, value in values.items() if isinstance(value, ColumnElement)}
        plain = {name: value for name, value in values.items() if name not in expressions}
        statement = _update(tuple(sorted(plain)), number in versions).values(**expressions)
        parameters = {f"new_{name}": value for name, value in plain.items()} | {"of": number, "at": rows.now}
        if number in versions:
            parameters["was"] = versions[number]
        if conn.execute(statement, parameters).rowcount != 1:
            raise Moved(f"case {number} has changed since this was decided")


@cache
def _update(columns: tuple[str, ...], checked: bool) -> Update:
    statement = update(cases).where(cases.c.number == bindparam("of"))
    if checked:
        statement = statement.where(cases.c.version == bindparam("was"))
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=cases.c[name].type) for name in columns}
    return statement.values(version=cases.c.version + 1, updated_at=bindparam("at"), **values)


def _messages(conn: Connection, rows: Rows) -> None:
    if not rows.messages:
        return
    for number, row in zip(next_ids(conn, message, len(rows.messages)), rows.messages, strict=True):
        row["id"] = number
    conn.execute(insert(message), rows.messages)
    search.add_messages(conn, rows.messages)


def _people(conn: Connection, rows: Rows) -> None:
    if rows.gone:
        conn.execute(_PERSON_OUT, [{"number": number, "key": key} for number, key in rows.gone])
    if rows.roles_gone:
        conn.execute(_ROLE_OUT, [{"number": number, "as": role} for number, role in rows.roles_gone])
    if rows.people:
        conn.execute(_PARTICIPANT(conn), list(rows.people.values()))
    if rows.contacts:
        conn.execute(_contact(conn.dialect.name), list(rows.contacts.values()))


@cache
def _contact(dialect: str) -> Any:
    """What is known already stays where the new mail does not say."""
    from sqlalchemy.dialects import postgresql, sqlite

    statement: Any = (postgresql if dialect == "postgresql" else sqlite).insert(contact)
    new = statement.excluded
    kept = {
        name: func.coalesce(func.nullif(new[name], ""), contact.c[name]) for name in ("name", "language")
    }
    return statement.on_conflict_do_update(
        index_elements=["address_key"], set_={**kept, "updated_at": new.updated_at}
    )


def _rest(conn: Connection, rows: Rows) -> None:
    added = [{"case": number, "name": name} for (number, name), there in rows.tags.items() if there]
    removed = [{"number": number, "word": name} for (number, name), there in rows.tags.items() if not there]
    if removed:
        conn.execute(_TAG_OUT, removed)
    if added:
        conn.execute(_TAG(conn), added)
    if rows.links:
        conn.execute(_LINK(conn), [{"case": a, "other": b, "relation": how} for a, b, how in rows.links])
    for bounce in rows.bounces:
        outbox.mark_bounced(
            conn, bounce.outgoing_message_id, bounce.address, bounce.permanent, bounce.status, bounce.text
        )
    if rows.events:
        conn.execute(insert(event), rows.events)


# ---- deadlines -------------------------------------------------------------------------------------------------------


def _replace_deadlines(conn: Connection, wanted: Mapping[int, Sequence[Deadline]], new: set[int]) -> None:
    old = sorted(set(wanted) - new)
    if old:
        conn.execute(_DEADLINES_OUT, {"numbers": old})
    rows = [
        {"case": number, "kind": one.kind, "step": one.step, "due_at": one.due_at}
        for number, some in wanted.items()
        for one in some
    ]
    if rows:
        conn.execute(insert(deadline), rows)


def take_deadline(conn: Connection, one: Deadline) -> bool:
    """Take a deadline away to act on it; False when somebody else did or it was replaced."""
    return conn.execute(delete(deadline).where(_is(one))).rowcount > 0


def postpone_deadline(conn: Connection, one: Deadline, until: datetime) -> None:
    """Have it come again later: acting on it failed."""
    conn.execute(update(deadline).where(_is(one)).values(due_at=until))


def _is(one: Deadline) -> Any:
    columns = deadline.c
    return (
        (columns.case == one.case) & (columns.kind == one.kind) & (columns.step == one.step)
        & (columns.due_at == one.due_at)
    )  # fmt: skip


# ---- headings --------------------------------------------------------------------------------------------------------

_ABOUT = select(
    cases.c.number, cases.c.subject, cases.c.requester_name, cases.c.requester_address
).where(cases.c.number.in_(bindparam("numbers", expanding=True)))
_WITH = (
    select(participant.c.case, participant.c.name, participant.c.address)
    .where(participant.c.case.in_(bindparam("numbers", expanding=True)))
    .order_by(participant.c.id)
)


def _headings(conn: Connection, rows: Rows) -> None:
    """New cases are all in hand; of others the parts that did not change must be read."""
    new = {number: _parts(rows.opened[number]) for number in rows.headings if number in rows.opened}
    for (number, _), person in rows.people.items():
        if number in new:
            new[number] += [person["name"], person["address"]]
    if new:
        search.add_headings(conn, {number: "\n".join(parts) for number, parts in new.items()})
    others = sorted(rows.headings - set(new))
    if others:
        search.change_headings(conn, headings(conn, others))


def headings(conn: Connection, numbers: Sequence[int]) -> dict[int, str]:
    """What cases are found by, as their rows stand now."""
    found = {row["number"]: _parts(row) for row in conn.execute(_ABOUT, {"numbers": list(numbers)}).mappings()}
    for number, name, address in conn.execute(_WITH, {"numbers": list(numbers)}):
        found[number] += [name, address]
    return {number: "\n".join(parts) for number, parts in found.items()}


def _parts(row: Any) -> list[str]:
    return [row["subject"], row["requester_name"], row["requester_address"]]
