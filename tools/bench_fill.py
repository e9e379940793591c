"""Desks of any size, written straight into their store: cases with messages, mails, history and indices."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, update

from mailcase.store import search
from mailcase.store.engine import Database
from mailcase.store.prepared import inserting
from mailcase.store.tables import (
    cases,
    contact,
    counter,
    event,
    message,
    outbox,
    outbox_recipient,
    participant,
    raw,
)
from mailcase.store.tables import spool as spool_table

A_CASE = 4  # two mails of the customer, two answers
FIRST = 1_001  # the number of the first case
IN_ONE_COMMIT = 2_000  # cases
PEOPLE = 100_000

_FIRST_NAMES = tuple(
    "Anna Ben Carla David Elena Farid Greta Hugo Ines Jonas Katja Liam Mara Nils Olga Paul Quinn Rosa".split()  # noqa: SIM905
)
_ADD = {table: inserting(table) for table in (raw, spool_table, cases, message, outbox, contact)}
_ADD |= {table: inserting(table, "id") for table in (event, outbox_recipient, participant)}


@dataclass(frozen=True)
class Staffed:
    """Whose a case is: its mailbox, who it is assigned to, and the agents who have done something on it."""

    mailbox: str = "support"
    assignee: str = ""
    acted: tuple[str, ...] = ()


def nobody(_index: int) -> Staffed:
    """A desk without agents."""
    return Staffed()


class Words:
    """Made-up words, the first of them common, the last of them rare, as in every language."""

    def __init__(self, chance: random.Random, count: int = 40_000) -> None:
        syllables = "ka to mi ra ver sch ing el on pa bri sta nde lu gor wen fi zu hal ost".split()  # noqa: SIM905
        self.all = list(dict.fromkeys("".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(count)))
        self._weights = list(accumulate(1 / (i + 10) for i in range(len(self.all))))
        self._chance = chance

    def some(self, count: int) -> str:
        """So many of them."""
        return " ".join(self._chance.choices(self.all, cum_weights=self._weights, k=count))


def fill(database: Database, messages: int, staffed: Callable[[int], Staffed] = nobody) -> None:
    """Cases with their messages, mails, history and indices. Most are closed, a few in a hundred wait.

    The database has its schema and nothing else. `staffed` says of each case, counted from 0, whose it is.
    """
    chance = random.Random(11)
    words = Words(chance)
    count = messages // A_CASE
    for start in range(0, count, IN_ONE_COMMIT):
        numbers = range(FIRST + start, FIRST + min(start + IN_ONE_COMMIT, count))
        with database.write() as conn:
            _write(conn, _Chunk(chance, words, numbers, staffed))
    with database.write() as conn:
        conn.execute(update(counter).where(counter.c.name == "case").values(value=FIRST + count))
        # PostgreSQL's own vacuum would come by within a minute. SQLite knows nothing of its tables on any desk.
        if database.dialect == "postgresql":
            conn.exec_driver_sql("ANALYZE")


class _Chunk:
    """The rows of some cases, by table."""

    def __init__(self, chance: random.Random, words: Words, numbers: range, staffed: Callable[[int], Staffed]) -> None:
        self.rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in _ADD}
        self.headings: dict[int, str] = {}
        self._chance, self._words = chance, words
        for number in numbers:
            self._case(number, number - FIRST, staffed(number - FIRST))

    def _case(self, number: int, index: int, whose: Staffed) -> None:
        chance, words = self._chance, self._words
        who = index % PEOPLE
        name = f"{_FIRST_NAMES[who % len(_FIRST_NAMES)]} {words.all[who % len(words.all)].title()}"
        address = f"{name.lower().replace(' ', '.')}.{who}@customer{who % 5_000}.example"
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=4 * index)
        kind = chance.choices(("closed", "pending", "open", "new"), (96, 2, 1, 1))[0]
        priority = chance.choices((0, 1, 2, 3), (1, 9, 80, 10))[0]
        subject = words.some(4)
        self.rows[cases].append({
            "number": number, "mailbox": whose.mailbox, "subject": subject, "status": kind, "kind": kind,
            "resolution": "", "priority": ("urgent", "high", "normal", "low")[priority], "priority_rank": priority,
            "assignee": whose.assignee, "requester_name": name, "requester_address": address, "requester_key": address,
            "language": "en", "answered": True, "attempts": 0, "version": 5, "created_at": at, "updated_at": at,
        })  # fmt: skip
        self.headings[number] = f"{subject}\n{name}\n{address}"
        if index < PEOPLE:
            known = {"address_key": address, "name": name, "language": "en", "updated_at": at}
            self.rows[contact].append(known)
        for turn in range(A_CASE):
            self._message(index * A_CASE + turn + 1, number, subject, (name, address), at + timedelta(hours=turn))
        for agent in whose.acted:
            self._event(number, at, f"agent:{agent}", "message-sent", subject)

    def _message(self, at_id: int, number: int, subject: str, who: tuple[str, str], at: datetime) -> None:
        incoming = at_id % 2 == 1
        text = self._words.some(90)
        data = f"Subject: {subject}\r\nMessage-ID: <{at_id}@desk.example>\r\n\r\n{text}\r\n".encode()
        self.rows[raw].append({"id": at_id, "sha256": b"\0" * 32, "size": len(data), "data": data})
        self.rows[message].append({
            "id": at_id, "case": number, "at": at, "direction": "incoming" if incoming else "outgoing",
            "message_id": f"{at_id}@desk.example", "automatic": False, "verified": True,
            "author_name": who[0] if incoming else "Bob", "author_address": who[1] if incoming else "bob@staff.example",
            "to": [("", "support@example.com")] if incoming else [list(who)], "cc": [], "subject": subject,
            "evidence": "", "rule": "", "actor": "customer", "spool_id": (at_id + 1) // 2 if incoming else None,
            "outbox_id": None if incoming else at_id // 2, "attachments": [], "text": text, "quoted": "", "html": "",
        })  # fmt: skip
        self._event(number, at, "customer", "message-received", subject)
        (self._came if incoming else self._went)(at_id, number, subject, who[1], at)

    def _event(self, number: int, at: datetime, actor: str, what: str, said: str) -> None:
        self.rows[event].append({
            "case": number, "at": at, "actor": actor, "event": what, "text": said, "from_status": "", "to_status": "",
            "data": {},
        })  # fmt: skip

    def _came(self, at_id: int, number: int, subject: str, who: str, at: datetime) -> None:
        self.rows[spool_table].append({
            "id": (at_id + 1) // 2, "ingest_key": f"{at_id:064x}", "raw_id": at_id, "source": "smtp", "mailbox": "",
            "envelope": [who, ["support@example.com"], "", "192.0.2.1"], "received_at": at, "silent": False,
            "origin": "smtp/192.0.2.1/mx", "state": "done", "attempts": 1, "owner": "", "outcome": "case",
            "outcome_case": number, "reason": "", "rule": "new-case", "confirmed_by": "", "message_id": "",
            "done_at": at,
        })  # fmt: skip

    def _went(self, at_id: int, number: int, subject: str, who: str, at: datetime) -> None:
        self.rows[outbox].append({
            "id": at_id // 2, "case": number, "kind": "answer", "mailbox": "support",
            "envelope_from": f"support+b{at_id}@example.com", "to": who, "subject": subject,
            "message_id": f"{at_id}@desk.example", "raw_id": at_id, "state": "sent", "reason": "", "attempts": 1,
            "last_reply": "250 OK", "reason_key": f"answer:{at_id}", "lane": f"{number} {who}", "automatic": False,
            "created_at": at, "sent_at": at, "owner": "",
        })  # fmt: skip
        self.rows[outbox_recipient].append({
            "outbox_id": at_id // 2, "address": who, "address_key": who, "state": "sent", "reply": "250 OK",
            "automatic": False, "case": number, "created_at": at,
        })  # fmt: skip


def _write(conn: Connection, chunk: _Chunk) -> None:
    for table in (raw, spool_table, cases, outbox, outbox_recipient, message, event, participant, contact):
        _ADD[table].run(conn, chunk.rows[table])
    search.add_messages(conn, chunk.rows[message])
    search.add_headings(conn, chunk.headings)
