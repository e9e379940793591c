"""The story with PostgreSQL: one line of the config is another, and nothing else is (S, F, B2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import postgres
from tests.system.story import (
    BOB,
    CARL,
    becomes,
    follow_ups,
    leaked,
    opened,
    sent_twice,
    whole_life,
)
from tools.desk import Desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    if postgres.find_binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.running() as server:
        server.execute("CREATE DATABASE desk")
        limits = "[automatic]\naddress_hour = 100\ncase_day = 100\n"
        with Desk(database=server.url("desk"), mailbox_more='notify = ["bob"]', more=limits) as running:
            yield running


def test_the_whole_table_and_follow_up_cases(desk: Desk) -> None:
    number, closed = whole_life(desk, "the lamp of the router")
    follow_ups(desk, number, closed)


def test_the_operator_while_the_daemon_runs(desk: Desk) -> None:
    number, _, copy = opened(desk, "from the shell", CARL)
    desk.run("case", "note", str(number), "--text", "called him", "--as", "bob")
    desk.run("case", "reply", str(number), "--text", "We called you.", "--as", "bob", "--status", "resolved")
    desk.read("carl@example.net", "We called you")
    assert desk.case(number)["status"] == "resolved"
    assert "resolved" in desk.run("case", "status", str(number), "new", code=1)
    desk.write(BOB, "", "#close\n#quiet", answers=copy)
    becomes(desk, number, "closed")
    (found,) = desk.json("search", "from the shell")
    assert (found["number"], found["resolution"]) == (number, "solved")
    assert "already running on this database" in desk.run("run", code=1)


def test_nothing_lost_nothing_twice_nothing_leaked(desk: Desk) -> None:
    desk.settled()
    audit = desk.json("audit")
    assert (audit["unaccounted"], audit["problems"]) == (0, [])
    assert sent_twice(desk) == set()
    assert leaked(desk, "staff.example", "called him", "#resolve") == []
