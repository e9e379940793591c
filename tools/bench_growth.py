"""The rows on a desk of 1,000,000 messages, which is written straight into its store."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection

from mailcase.store import spool
from mailcase.store.listing import CaseFilter, list_cases, show_case
from tools.bench_desk import MeasuredDesk, silent_smarthost
from tools.bench_fill import A_CASE, FIRST, Words, fill
from tools.bench_load import yardstick
from tools.bench_rows import Figure, Scale, percentile, start_again, through

MESSAGES = 1_000_000
QUESTIONS = 100  # of each kind of look-up


def growth(scale: Scale) -> list[Figure]:
    """The mixed mails into an empty desk and into one of a million messages; then what it takes to find a case."""
    messages = 50_000 if scale.quick else MESSAGES
    runs = []
    found: list[Figure] = []
    for count in (0, messages):
        with silent_smarthost() as host, MeasuredDesk(host) as desk:
            if count:
                _filled(desk, count)
                found.append(Figure("start-million", start_again(desk), "s"))
            before = yardstick()
            drives = [through(desk, scale.mails, seed=100 * turn + 7) for turn in range(1 if scale.quick else 3)]
            stick = (before + yardstick()) / 2
            runs.append(sorted(d.mails / d.seconds for d in drives)[len(drives) // 2] / stick)
            if count:
                with desk.database().read() as conn:
                    found += list(_look_ups(conn, count // A_CASE))
    return [Figure("growth", runs[1] / runs[0], ""), *found]


def _filled(desk: MeasuredDesk, messages: int) -> None:
    """Write the desk's messages while its daemon is not there."""
    desk.kill()
    database = desk.database()
    fill(database, messages)
    database.close()
    desk.disk()
    desk.start()


# ---- looking ---------------------------------------------------------------------------------------------------------


def _look_ups(conn: Connection, count: int) -> Iterator[Figure]:
    """The 95th of a hundred different questions of each kind, as the command line asks them."""
    assert not spool.waiting(conn)
    chance = random.Random(3)
    words = Words(random.Random(11))

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
        return show_case(conn, FIRST + chance.randrange(count))

    def listed(question: str) -> list[dict[str, Any]]:
        return list_cases(conn, CaseFilter(search=question, limit=100))

    known = [one() for _ in range(QUESTIONS)]
    yield timed("by-number", one)
    yield timed("by-name", lambda: listed(chance.choice(known)["requester"]["name"]))
    yield timed("by-subject", lambda: listed(chance.choice(known)["subject"]))
    yield timed("by-words", lambda: listed(f"{chance.choice(words.all[:400])} {chance.choice(words.all[:4000])}"))
    yield timed("by-priority", lambda: list_cases(conn, CaseFilter(attention=True, limit=100)))
