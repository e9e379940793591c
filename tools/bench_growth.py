"""The rows on a desk of 1,000,000 messages, which is written straight into its store."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, update

from mailcase.store import search, spool
from mailcase.store.listing import CaseFilter, list_cases, show_case
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
from tools.bench_desk import MeasuredDesk, silent_smarthost
from tools.bench_load import yardstick
from tools.bench_rows import Figure, Scale, percentile, start_again, through

MESSAGES = 1_000_000
A_CASE = 4  # two mails of the customer, two answers
IN_ONE_COMMIT = 2_000  # cases
PEOPLE = 100_000
QUESTIONS = 100  # of each kind of look-up

_FIRST = tuple(
    "Anna Ben Carla David Elena Farid Greta Hugo Ines Jonas Katja Liam Mara Nils Olga Paul Quinn Rosa".split()  # noqa: SIM905
)
_ADD = {table: inserting(table) for table in (raw, spool_table, cases, message, outbox, contact)}
_ADD |= {table: inserting(table, "id") for table in (event, outbox_recipient, participant)}


def growth(scale: Scale) -> list[Figure]:
    """The mixed mails into an empty desk and into one of a million messages; then what it takes to find a case."""
    messages = 50_000 if scale.quick else MESSAGES
    runs = []
    found: list[Figure] = []
    for count in (0, messages):
        with silent_smarthost() as host, MeasuredDesk(host) as desk:
            if count:
                _fill(desk, count)
                found.append(Figure("start-million", start_again(desk), "s"))
            before = yardstick()
            drives = [through(desk, scale.mails, seed=100 * turn + 7) for turn in range(1 if scale.quick else 3)]
            stick = (before + yardstick()) / 2
            runs.append(sorted(d.mails / d.seconds for d in drives)[len(drives) // 2] / stick)
            if count:
                with desk.database().read() as conn:
                    found += list(_look_ups(conn, count // A_CASE))
    return [Figure("growth", runs[1] / runs[0], ""), *found]


# ---- filling ---------------------------------------------------------------------------------------------------------


class _Words:
    """Made-up words, the first of them common, the last of them rare, as in every language."""

    def __init__(self, chance: random.Random, count: int = 40_000) -> None:
        syllables = "ka to mi ra ver sch ing el on pa bri sta nde lu gor wen fi zu hal ost".split()  # noqa: SIM905
        self.all = list(dict.fromkeys("".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(count)))
        self._weights = list(accumulate(1 / (i + 10) for i in range(len(self.all))))
        self._chance = chance

    def some(self, count: int) -> str:
        """So many of them."""
        return " ".join(self._chance.choices(self.all, cum_weights=self._weights, k=count))


def _fill(desk: MeasuredDesk, messages: int) -> None:
    """Cases with their messages, mails, history and indices. Most are closed, a few in a hundred wait."""
    desk.kill()
    database = desk.database()
    chance = random.Random(11)
    words = _Words(chance)
    first = 1_001
    for start in range(0, messages // A_CASE, IN_ONE_COMMIT):
        numbers = range(first + start, first + min(start + IN_ONE_COMMIT, messages // A_CASE))
        with database.write() as conn:
            _write(conn, _Chunk(chance, words, numbers, first))
    with database.write() as conn:
        conn.execute(update(counter).where(counter.c.name == "case").values(value=first + messages // A_CASE))
        conn.exec_driver_sql("PRAGMA optimize")
    database.close()
    desk.disk()
    desk.start()


class _Chunk:
    """The rows of some cases, by table."""

    def __init__(self, chance: random.Random, words: _Words, numbers: range, first: int) -> None:
        self.rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in _ADD}
        self.headings: dict[int, str] = {}
        self._chance, self._words = chance, words
        for number in numbers:
            self._case(number, number - first)

    def _case(self, number: int, index: int) -> None:
        chance, words = self._chance, self._words
        who = index % PEOPLE
        name = f"{_FIRST[who % len(_FIRST)]} {words.all[who % len(words.all)].title()}"
        address = f"{name.lower().replace(' ', '.')}.{who}@customer{who % 5_000}.example"
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=4 * index)
        kind = chance.choices(("closed", "pending", "open", "new"), (96, 2, 1, 1))[0]
        priority = chance.choices((0, 1, 2, 3), (1, 9, 80, 10))[0]
        subject = words.some(4)
        self.rows[cases].append({
            "number": number, "mailbox": "support", "subject": subject, "status": kind, "kind": kind,
            "resolution": "", "priority": ("urgent", "high", "normal", "low")[priority], "priority_rank": priority,
            "assignee": "", "requester_name": name, "requester_address": address, "requester_key": address,
            "language": "en", "answered": True, "attempts": 0, "version": 5, "created_at": at, "updated_at": at,
        })  # fmt: skip
        self.headings[number] = f"{subject}\n{name}\n{address}"
        if index < PEOPLE:
            known = {"address_key": address, "name": name, "language": "en", "updated_at": at}
            self.rows[contact].append(known)
        for turn in range(A_CASE):
            self._message(index * A_CASE + turn + 1, number, subject, (name, address), at + timedelta(hours=turn))

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
        self.rows[event].append({
            "case": number, "at": at, "actor": "customer", "event": "message-received", "text": subject,
            "from_status": "", "to_status": "", "data": {},
        })  # fmt: skip
        (self._came if incoming else self._went)(at_id, number, subject, who[1], at)

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


# ---- looking ---------------------------------------------------------------------------------------------------------


def _look_ups(conn: Connection, count: int) -> Iterator[Figure]:
    """The 95th of a hundred different questions of each kind, as the command line asks them."""
    assert not spool.waiting(conn)
    chance = random.Random(3)
    words = _Words(random.Random(11))

    def timed(key: str, ask: Callable[[], object]) -> Figure:
        spent = []
        for _ in range(QUESTIONS):
            began = time.perf_counter()
            answer = ask()
            spent.append(time.perf_counter() - began)
            if not answer:
                raise AssertionError(f"{key}: nothing was found")
        return Figure(key, 1000 * percentile(spent, 95), "ms")

    def one() -> dict[str, Any]:
        return show_case(conn, 1_001 + chance.randrange(count))

    def listed(question: str) -> list[dict[str, Any]]:
        return list_cases(conn, CaseFilter(search=question, limit=100))

    known = [one() for _ in range(QUESTIONS)]
    yield timed("by-number", one)
    yield timed("by-name", lambda: listed(chance.choice(known)["requester"]["name"]))
    yield timed("by-subject", lambda: listed(chance.choice(known)["subject"]))
    yield timed("by-words", lambda: listed(f"{chance.choice(words.all[:400])} {chance.choice(words.all[:4000])}"))
    yield timed("by-priority", lambda: list_cases(conn, CaseFilter(attention=True, limit=100)))
