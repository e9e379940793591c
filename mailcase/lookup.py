"""What in a mail points at a case or a person, and what the store knows of it; for a batch all is asked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mailcase.core import thread
from mailcase.core import token as tokens
from mailcase.core.context import HistoryLine
from mailcase.core.decision import CaseView
from mailcase.core.message import Address, Reading
from mailcase.core.policy import Mailbox, Policy
from mailcase.core.reading.address import parse_list
from mailcase.store import cases, correspondents
from mailcase.store.correspondents import Correspondent
from mailcase.store.values import Spooled

if TYPE_CHECKING:
    from sqlalchemy import Connection

# How many lines of history are looked at for the few that a mail tells of.
HISTORY_LINES = 24


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was looked up for all mails of a batch together: one question costs as much as twenty.

    `keys` are by spool id. `ids` has every Message-ID that was asked for, `cases` every number; None is a case that
    does not exist. `people` are by folded address, `histories` by case. What is not in here is asked when it is wanted.
    """

    keys: Mapping[int, thread.Keys] = field(default_factory=dict)
    ids: Mapping[str, tuple[thread.Known, ...]] = field(default_factory=dict)
    cases: Mapping[int, CaseView | None] = field(default_factory=dict)
    people: Mapping[str, Correspondent] = field(default_factory=dict)
    histories: Mapping[int, tuple[HistoryLine, ...]] = field(default_factory=dict)
    next_number: int | None = None


NOTHING = Ahead()


# ---- what stands in a mail -------------------------------------------------------------------------------------------


def mailbox_for(mail: Spooled, policy: Policy) -> Mailbox:
    """The mailbox a mail came for: the one it was fetched from, else the first recipient of ours (A14)."""
    named = [m for m in policy.mailboxes if m.name == mail.mailbox]
    found = named or [m for m in (policy.mailbox_of(a) for a in mail.envelope.recipients) if m]
    return found[0] if found else policy.mailboxes[0]


def author_of(reading: Reading) -> Address | None:
    """Who wrote it. A list that put itself into From states the author elsewhere (R6, DMARC rewriting)."""
    sender = reading.mail.sender
    original = reading.mail.first("x-original-from") or reading.mail.first("x-original-sender")
    listed = bool(reading.mail.first("list-id") or reading.mail.first("list-post"))
    if sender and original and listed:
        stated = parse_list(original)
        if len(stated) == 1 and "@" in stated[0].address:
            return stated[0]
    return sender


def keys_of(mail: Spooled, reading: Reading, policy: Policy, now: datetime) -> thread.Keys:
    """All in a mail that may point at a case."""
    return thread.keys(reading.mail, mail.envelope, mailbox_for(mail, policy), policy, now)


def looked_up(keys: thread.Keys, reading: Reading) -> tuple[str, ...]:
    """The Message-IDs to ask the store about: those a mail refers to, then its own."""
    own = reading.mail.message_id
    return (*keys.ids, own) if own and own not in keys.ids else keys.ids


def written(keys: thread.Keys) -> tuple[int, ...]:
    """The numbers of cases that stand in a mail itself."""
    token = keys.token
    return (*keys.numbers, token.number) if token and token.kind != tokens.HOLD else keys.numbers


# ---- what the store knows --------------------------------------------------------------------------------------------


def look_ahead(conn: Connection, mails: Sequence[tuple[Spooled, Reading]], policy: Policy, now: datetime) -> Ahead:
    """What these mails point at, as it stands in the transaction of `conn`: of use only there."""
    keys = {mail.id: keys_of(mail, reading, policy, now) for mail, reading in mails}
    asked = (i for mail, reading in mails for i in looked_up(keys[mail.id], reading))
    ids: dict[str, list[thread.Known]] = {i: [] for i in asked}
    numbers = dict.fromkeys(number for found in keys.values() for number in written(found))
    for known in look_up_ids(conn, tuple(ids)):
        ids[known.message_id].append(known)
        numbers[known.case] = None
    views: dict[int, CaseView | None] = dict.fromkeys(numbers)
    views.update((case.number, case) for case in cases.by_numbers(conn, views))
    there = [case for case in views.values() if case]
    people = [author.address for _, reading in mails if (author := author_of(reading))]
    people += [case.requester.address for case in there]
    return Ahead(
        keys,
        {i: tuple(known) for i, known in ids.items()},
        views,
        correspondents.look_up(conn, people, now),
        _histories(conn, [case.number for case in there]),
        cases.next_number(conn),
    )


def look_up_ids(conn: Connection, ids: Sequence[str], ahead: Ahead = NOTHING) -> tuple[thread.Known, ...]:
    """What the store knows of these Message-IDs, in a fixed order."""
    if not ids:
        return ()
    if ahead.ids.keys() >= set(ids):
        known = {one for message_id in ids for one in ahead.ids[message_id]}
        return tuple(sorted(known, key=lambda k: (k.message_id, k.case)))
    rows = (thread.Known(f.message_id, f.case, f.ours) for f in cases.by_message_ids(conn, ids))
    return tuple(sorted(rows, key=lambda k: (k.message_id, k.case)))


def final_cases(conn: Connection, numbers: Sequence[int], ahead: Ahead = NOTHING) -> dict[int, CaseView]:
    """Cases by the number that was written, each followed to where it was merged (T4)."""
    found = {number: case for number in numbers if (case := ahead.cases.get(number))}
    wanted = tuple(dict.fromkeys(number for number in numbers if number not in ahead.cases))
    found |= {c.number: c for c in cases.by_numbers(conn, wanted)} if wanted else {}
    for number, case in list(found.items()):
        if case.merged_into is not None:
            final = cases.by_number(conn, cases.final_number(conn, number))
            found[number] = final or case
    return found


def correspondent(conn: Connection, address: str, now: datetime, ahead: Ahead = NOTHING) -> Correspondent:
    """What is known of an address."""
    key = address.casefold()
    return ahead.people.get(key) or correspondents.look_up(conn, [key], now)[key]


def history(conn: Connection, number: int, ahead: Ahead = NOTHING) -> tuple[HistoryLine, ...]:
    """The last lines of a case's history."""
    found = ahead.histories.get(number)
    return _histories(conn, [number])[number] if found is None else found


def _histories(conn: Connection, numbers: Iterable[int]) -> dict[int, tuple[HistoryLine, ...]]:
    found = cases.histories(conn, numbers, HISTORY_LINES)
    return {n: tuple(history_line(line) for line in lines) for n, lines in found.items()}


def history_line(line: cases.HistoryEntry) -> HistoryLine:
    """A line as decisions see it."""
    return HistoryLine(line.at, line.actor, line.text, line.event, line.from_status, line.to_status)
