"""What agents ask by mail, looked up in a desk of 100,000 cases on both databases, for every right to see."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from mailcase import asking
from mailcase.core.command import Command
from mailcase.core.context import Found
from mailcase.core.policy import Agent, Mailbox, Policy
from mailcase.store import cases, migrate
from mailcase.store.engine import Database
from tools.bench_fill import A_CASE, FIRST, Staffed, Words, fill
from tools.bench_rows import Figure, Scale, percentile

CASES = 100_000
TIMES = 40  # each question; where it can be asked in other words, in other words
MAILBOXES = ("support", "sales", "legal")
OLD = 10_000  # the first of all cases: a list that begins with the newest finds them last

# Each of them makes lists long in another way: what may be seen is all, half, little, or lies at the end.
AGENTS = {
    "all": Agent("bob", "bob@staff.example"),
    "one small mailbox": Agent("leo", "leo@staff.example", mailboxes=("legal",)),
    "worked on half": Agent("sue", "sue@staff.example", sees="worked"),
    "worked on the oldest": Agent("tim", "tim@staff.example", sees="worked"),
    "worked on twenty": Agent("eva", "eva@staff.example", sees="worked"),
}
POLICY = Policy(tuple(Mailbox(name, f"{name}@example.com") for name in MAILBOXES), tuple(AGENTS.values()))
KINDS = ("#mine", "#list", "#list open", "#list closed", "#list all", "#recent", "#search", "#show")


def staffed(index: int) -> Staffed:
    """Bob's and Sue's cases in turn; Tim was there at the beginning, Eva helped now and then."""
    owner = ("bob", "sue")[index % 2]
    acted = [owner, *(["tim"] if index < OLD else []), *(["eva"] if index % (CASES // 20) == 7 else [])]
    return Staffed("legal" if index < OLD // 20 else "sales" if index % 50 == 0 else "support", owner, tuple(acted))


def questions(scale: Scale) -> list[Figure]:
    """The 95th of the times that each question took, for the agent for whom it took longest."""
    count = CASES // 10 if scale.quick else CASES
    found = []
    for name, opened in (("sqlite", _sqlite), ("pg", _postgresql)):
        with opened() as database:
            migrate.upgrade(database)
            fill(database, count * A_CASE, staffed)
            for kind, by_agent in measured(database, count).items():
                worst = max(by_agent, key=lambda agent: by_agent[agent])
                print(f"  {name} {kind}: " + ", ".join(f"{who} {1000 * s:.1f} ms" for who, s in by_agent.items()))
                found.append(Figure(f"ask-{name}-{kind}", 1000 * by_agent[worst], "ms"))
    return found


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="mailcase-bench-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'desk.db'}")
        yield database
        database.close()


@contextmanager
def _postgresql() -> Iterator[Database]:
    from tests.servers import postgres

    with postgres.running() as server:
        server.execute("CREATE DATABASE bench")
        database = Database.open(server.url("bench"))
        yield database
        database.close()


def measured(database: Database, count: int) -> dict[str, dict[str, float]]:
    """Seconds by kind of question and right to see."""
    with database.read() as conn:
        return {kind: {who: _slow(conn, kind, agent, count) for who, agent in AGENTS.items()} for kind in KINDS}


def _slow(conn: Connection, kind: str, agent: Agent, count: int) -> float:
    asked = _asking(conn, kind, agent, count, random.Random(3))
    spent = []
    rows = 0
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = asked()
        spent.append(time.perf_counter() - began)
        rows += len(answer.rows) + (answer.case is not None)
    if not rows and (agent.name, kind) not in _NOTHING:
        raise AssertionError(f"{kind} of {agent.name}: nothing was found")
    return percentile(spent, 95)


# No case is theirs; of what somebody has done long ago nothing need be open.
_NOTHING = {(name, "#mine") for name in ("leo", "tim", "eva")} | {("eva", kind) for kind in KINDS}


def _asking(conn: Connection, kind: str, agent: Agent, count: int, chance: random.Random) -> Callable[[], Found]:
    words = Words(random.Random(11))
    name, _, argument = kind.removeprefix("#").partition(" ")

    def shown() -> Found:
        case = cases.by_number(conn, FIRST + chance.randrange(count))
        assert case is not None
        asking.hidden(conn, agent, [case], POLICY)
        return asking.whole_case(conn, case)

    def searched() -> Found:
        common, rare = words.all[:400:1], words.all[:4_000]
        looked_for = chance.choice((chance.choice(common), f"{chance.choice(common)} {chance.choice(rare)}", "anna"))
        return asking.listed(conn, Command("search", looked_for), agent, POLICY)

    if name == "show":
        return shown
    return searched if name == "search" else lambda: asking.listed(conn, Command(name, argument), agent, POLICY)
