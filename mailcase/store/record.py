"""Writing cases: a decision's events become rows, all in the caller's transaction. Nothing else changes a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, update

from mailcase.core.decision import SYSTEM, Deadline, Decision
from mailcase.store import later, outbox, search, spool
from mailcase.store.changes import Rows, collect
from mailcase.store.errors import Moved as Moved
from mailcase.store.ids import next_ids
from mailcase.store.prepared import Prepared, among, inserting
from mailcase.store.tables import cases, contact, counter, deadline, event, link, message, participant, tag
from mailcase.store.upsert import Upsert
from mailcase.store.values import OutgoingMail

_PARTICIPANT = Upsert(participant, ("case", "address_key"), ("name", "address", "role"), without=("id",))
_TAG = Upsert(tag, ("case", "name"))
_LINK = Upsert(link, ("case", "other", "relation"))
# What is known already stays where the new mail does not say.
_CONTACT = Upsert(contact, ("address_key",), ("updated_at",), fill=("name", "language"))
# FOR UPDATE means something on PostgreSQL only; in the order of the numbers, so that two writers never lock crosswise.
_VERSIONS = Prepared(
    select(cases.c.number, cases.c.version)
    .where(among(cases.c.number, "numbers"))
    .order_by(cases.c.number)
    .with_for_update()
)
_COUNTER = Prepared(select(counter.c.value).where(counter.c.name == "case").with_for_update())
_ADD_CASE, _ADD_MESSAGE = inserting(cases), inserting(message)
_ADD_EVENT, _ADD_DEADLINE = inserting(event, "id"), inserting(deadline, "id")
_TAKE_NUMBERS = Prepared(update(counter).where(counter.c.name == "case").values(value=bindparam("after")))
_DEADLINES_OUT = Prepared(delete(deadline).where(among(deadline.c.case, "numbers")))
_PERSON_OUT = delete(participant).where(
    participant.c.case == bindparam("number"), participant.c.address_key == bindparam("key")
)
_ROLE_OUT = delete(participant).where(participant.c.case == bindparam("number"), participant.c.role == bindparam("as"))
_MOVE = (
    update(message)
    .where(message.c.id == bindparam("row"), message.c.case == bindparam("before"))
    .values(case=bindparam("after"))
)
_TAG_OUT = delete(tag).where(tag.c.case == bindparam("number"), tag.c.name == bindparam("word"))


@dataclass(frozen=True, slots=True)
class Change:
    """A decision and its mails, about to be written; and the spooled mail that it is the outcome of.

    `versions` is what the decision was made on. `confirmed_by` is the agent who lets a held mail go on
    (`Decision.release`). `message_id` is that of the spooled mail.
    """

    decision: Decision
    mails: Sequence[OutgoingMail] = ()
    versions: Mapping[int, int] = field(default_factory=dict)
    spool_id: int | None = None
    message_id: str = ""
    confirmed_by: str = ""


def record_many(conn: Connection, changes: Sequence[Change], now: datetime) -> list[int]:
    """Write a batch: mails into the outbox, events onto cases, outcomes into the spool; a few statements for all.

    Returns the indices of those that were left out, because what they were decided on has changed since, be it by an
    earlier one of the same batch: decide these again. Raises LeaseLost when a spooled mail is somebody else's by now:
    roll back, and go one by one.
    """
    made = []
    for change in changes:
        rows = Rows(now, change.decision.actor, change.decision.rule, change.spool_id)
        rows.sent = {i: (None, mail.message_id) for i, mail in enumerate(change.mails)}
        made.append(_collected(rows, change.decision))
    moved = _moved(conn, made, [change.versions for change in changes])
    kept = [i for i in range(len(changes)) if i not in moved]
    mails = [mail for i in kept for mail in changes[i].mails]
    ids = iter(outbox.add(conn, mails, now) if mails else ())
    together = Rows(now, SYSTEM, "")
    for i in kept:
        added = [next(ids) for _ in changes[i].mails]
        for row, reply_index in made[i].replies:
            row["outbox_id"] = added[reply_index]
        together.merge(made[i])
    _write(conn, together)
    _replace_deadlines(conn, [changes[i].decision for i in kept], set(together.opened))
    _finish(conn, [changes[i] for i in kept], now)
    return sorted(moved)


def record(
    conn: Connection, decision: Decision, *, now: datetime, spool_id: int | None,
    sent: Mapping[int, tuple[int | None, str]], versions: Mapping[int, int], first_number: int | None = None,
) -> None:  # fmt: skip
    """Write one decision's events and deadlines; its mails are in the outbox already.

    `sent` says for each reply's index what the outbox made of it: its row (None where that reason has had its mail)
    and its Message-ID. `versions` is what the decision was made on: every case it changes must still be at it.
    `first_number` is the number that the first new case was thought to get; without it, the one it bears. Raises
    Moved when a version or the next number is another one now: roll back, read again, decide again.
    """
    rows = _collected(Rows(now, decision.actor, decision.rule, spool_id, sent), decision)
    if first_number is not None and rows.opened and min(rows.opened) != first_number:
        raise Moved(f"the next case was to be {first_number}, not {min(rows.opened)}")
    if _moved(conn, [rows], [versions]):
        raise Moved(f"cases {sorted(rows.touched())} have changed since this was decided")
    _write(conn, rows)
    _replace_deadlines(conn, [decision], set(rows.opened))


def _collected(rows: Rows, decision: Decision) -> Rows:
    collect(rows, decision.events)
    for number in decision.deadlines:
        rows.touch(number)
    return rows


def _moved(conn: Connection, made: Sequence[Rows], versions: Sequence[Mapping[int, int]]) -> set[int]:
    """Which of these rest on something that has changed. On PostgreSQL what they touch is locked from here on."""
    wanted = sorted({number for rows in made for number in rows.changed})
    now = {row[0]: row[1] for row in _VERSIONS.all(conn, numbers=wanted)} if wanted else {}
    opens = any(rows.opened for rows in made)
    first = following = int(_COUNTER.scalar(conn)) if opens else 0
    moved: set[int] = set()
    touched: set[int] = set()
    for i, rows in enumerate(made):
        numbers = sorted(rows.opened)
        right = all(number in now and versions[i].get(number, now[number]) == now[number] for number in rows.changed)
        if not right or touched & rows.touched() or numbers != list(range(following, following + len(numbers))):
            moved.add(i)
            continue
        touched |= rows.touched()
        following += len(numbers)
    if following > first:
        _TAKE_NUMBERS.run(conn, [{"after": following}])
    return moved


def _write(conn: Connection, rows: Rows) -> None:
    """Everything but deadlines, parents before what refers to them."""
    _change_cases(conn, rows)
    _ADD_CASE.run(conn, list(rows.opened.values()))
    _messages(conn, rows)
    if rows.moves:
        conn.execute(_MOVE, [{"row": row, "before": before, "after": after} for row, before, after in rows.moves])
    _people(conn, rows)
    _rest(conn, rows)
    if rows.headings:
        _headings(conn, rows)


def _change_cases(conn: Connection, rows: Rows) -> None:
    """Change columns and versions: one statement for all cases in which the same columns change."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for number, values in sorted(rows.changed.items()):
        expressions = {name: value for name, value in values.items() if isinstance(value, ColumnElement)}
        if expressions:
            conn.execute(update(cases).where(cases.c.number == number).values(**expressions))
        plain = {f"new_{name}": value for name, value in values.items() if name not in expressions}
        groups.setdefault(tuple(sorted(set(values) - set(expressions))), []).append(
            plain | {"of": number, "at": rows.now}
        )
    for columns, parameters in groups.items():
        _update(columns).run(conn, parameters)


@cache
def _update(columns: tuple[str, ...]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=cases.c[name].type) for name in columns}
    return Prepared(
        update(cases)
        .where(cases.c.number == bindparam("of"))
        .values(version=cases.c.version + 1, updated_at=bindparam("at"), **values)
    )


def _finish(conn: Connection, changes: Sequence[Change], now: datetime) -> None:
    """What became of the spooled mails these were decided from."""
    finished = []
    for change in changes:
        decision = change.decision
        if decision.release is not None:
            spool.release(conn, decision.release, change.confirmed_by)
        if change.spool_id is not None and decision.hold:
            spool.hold(conn, change.spool_id, decision.hold)
        elif change.spool_id is not None:
            finished.append(spool.Finished(change.spool_id, decision.outcome, decision.rule, change.message_id))
    if finished:
        spool.finish_many(conn, finished, now)


def _messages(conn: Connection, rows: Rows) -> None:
    if not rows.messages:
        return
    for number, row in zip(next_ids(conn, message, len(rows.messages)), rows.messages, strict=True):
        row["id"] = number
    _ADD_MESSAGE.run(conn, rows.messages)
    search.add_messages(conn, rows.messages)


def _people(conn: Connection, rows: Rows) -> None:
    if rows.gone:
        conn.execute(_PERSON_OUT, [{"number": number, "key": key} for number, key in rows.gone])
    if rows.roles_gone:
        conn.execute(_ROLE_OUT, [{"number": number, "as": role} for number, role in rows.roles_gone])
    if rows.people:
        _PARTICIPANT.run(conn, list(rows.people.values()))
    if rows.contacts:
        _CONTACT.run(conn, list(rows.contacts.values()))


def _rest(conn: Connection, rows: Rows) -> None:
    added = [{"case": number, "name": name} for (number, name), there in rows.tags.items() if there]
    removed = [{"number": number, "word": name} for (number, name), there in rows.tags.items() if not there]
    if removed:
        conn.execute(_TAG_OUT, removed)
    if added:
        _TAG.run(conn, added)
    if rows.links:
        _LINK.run(conn, [{"case": a, "other": b, "relation": how} for a, b, how in rows.links])
    for bounce in rows.bounces:
        outbox.mark_bounced(
            conn, bounce.outgoing_message_id, bounce.address, bounce.permanent, bounce.status, bounce.text
        )
    if rows.answered:
        later.cancel(conn, dict.fromkeys(sorted(rows.answered), str(SYSTEM)), rows.now, only_unless_answered=True)
    if rows.cancelled:
        later.cancel(conn, rows.cancelled, rows.now, only_unless_answered=False)
    later.add(conn, rows.later)
    _ADD_EVENT.run(conn, rows.events)


# ---- deadlines -------------------------------------------------------------------------------------------------------


def _replace_deadlines(conn: Connection, decisions: Sequence[Decision], new: set[int]) -> None:
    """All deadlines of every case that is mentioned; one that was just opened has none to be replaced."""
    wanted = {number: some for decision in decisions for number, some in decision.deadlines.items()}
    old = sorted(set(wanted) - new)
    if old:
        _DEADLINES_OUT.run(conn, [{"numbers": old}])
    rows = [
        {"case": number, "kind": one.kind, "step": one.step, "due_at": one.due_at}
        for number, some in wanted.items()
        for one in some
    ]
    _ADD_DEADLINE.run(conn, rows)


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

_ABOUT = select(cases.c.number, cases.c.subject, cases.c.requester_name, cases.c.requester_address).where(
    cases.c.number.in_(bindparam("numbers", expanding=True))
)
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
