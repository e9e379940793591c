"""The story over SMTP: every row of the status table and F1-F7, with the daemon killed and started in between (S, F).

Nothing here knows the inside: people write mails, the operator runs commands, the Maildir shows what was sent.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.story import BOB, CARL, becomes, follow_ups, leaked, opened, sent_twice, whole_life
from tools.desk import Desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(mailbox_more='notify = ["bob"]') as running:
        yield running


def test_the_whole_table_and_what_follows_with_kills(desk: Desk) -> None:
    number, closed = whole_life(desk, "the whole table")
    follow_ups(desk, number, closed)


def test_F6_an_agent_answers_on_a_closed_case(desk: Desk) -> None:
    number, _, copy = opened(desk, "answered late", CARL)
    desk.write(BOB, "", "#close withdrawn\n#quiet", answers=copy)
    becomes(desk, number, "closed")
    desk.write(BOB, "", "I have found it after all.", answers=copy)
    answer = desk.read("carl@example.net", "after all")
    new = int(desk.case(number)["follow_ups"][0])
    assert f"[Case #{new}]" in answer["Subject"]
    assert desk.case(new)["status"] == "pending"
    assert [m["author"] for m in desk.case(number)["messages"] if m["direction"] == "note"]

    desk.run("case", "status", str(new), "closed", "--quiet")
    desk.run("case", "follow-up", str(new), "--text", "One more word.", "--as", "bob")
    last = desk.read("carl@example.net", "One more word")
    third = int(desk.case(new)["follow_ups"][0])
    assert f"[Case #{third}]" in last["Subject"]
    assert desk.case(third)["follow_up_of"] == new


def test_the_operator_at_the_command_line(desk: Desk) -> None:
    number, _, _ = opened(desk, "from the shell", CARL)
    desk.run("case", "assign", str(number), "bob")
    desk.run("case", "priority", str(number), "urgent")
    desk.run("case", "note", str(number), "--text", "called him", "--as", "bob")
    desk.run("case", "tag", str(number), "phone")
    desk.run("case", "reply", str(number), "--text", "We called you.", "--as", "bob", "--status", "postponed", code=1)
    desk.run("case", "reply", str(number), "--text", "We called you.", "--as", "bob")
    desk.read("carl@example.net", "We called you")
    found = desk.case(number)
    assert (found["status"], found["assignee"], found["priority"], found["tags"]) == (
        "pending",
        "bob",
        "urgent",
        ["phone"],
    )
    assert "cannot go from" not in desk.run("case", "status", str(number), "resolved")
    desk.read("carl@example.net", "solved")
    wrong = desk.run("case", "status", str(number), "new", code=1)
    assert "resolved" in wrong
    assert "new" in wrong
    assert desk.case(number)["status"] == "resolved"
    assert desk.run("case", "show", "999999", code=1).count("\n") == 1
    assert [c["number"] for c in desk.json("search", str(number))] == [number]


def test_nothing_lost_nothing_twice_nothing_leaked(desk: Desk) -> None:
    desk.settled()
    audit = desk.json("audit")
    assert (audit["unaccounted"], audit["problems"]) == (0, [])
    assert sent_twice(desk) == set()
    assert leaked(desk, "staff.example", "called him", "#resolve") == []
