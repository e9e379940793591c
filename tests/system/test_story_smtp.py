"""The story over SMTP: every row of the status table and F1-F7, with the daemon killed and started in between (S, F).

Nothing here knows the inside: people write mails, the operator runs commands, the Maildir shows what was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tools.desk import Desk, text_of

ANNA, CARL = "Anna Berg <anna@example.org>", "Carl <carl@example.net>"
BOB, SUE = "Bob <bob@staff.example>", "Sue <sue@staff.example>"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(mailbox_more='notify = ["bob"]') as running:
        yield running


def opened(desk: Desk, subject: str, sender: str = ANNA) -> tuple[int, EmailMessage, EmailMessage]:
    """A new case: its number, the customer's acknowledgement and the agent's copy."""
    desk.write(sender, subject, f"Hello, about {subject}.")
    copy = desk.read("bob@staff.example", subject)
    ack = desk.read(sender.rpartition("<")[2].rstrip(">"))
    number = int(desk.json("search", subject)[0]["number"])
    assert f"[Case #{number}]" in ack["Subject"]
    return number, ack, copy


def becomes(desk: Desk, number: int, status: str) -> None:
    desk.wait_for(lambda: desk.case(number)["status"] == status, f"case {number} is {status}")


def moves(desk: Desk, number: int) -> list[tuple[str, str]]:
    return [(h["from_status"], h["to_status"]) for h in desk.case(number)["history"] if h["event"] == "status-changed"]


def test_the_whole_table_with_kills(desk: Desk) -> None:
    number, ack, copy = opened(desk, "the whole table")
    assert desk.case(number)["status"] == "new"
    desk.write(ANNA, "", "And one more thing.", answers=ack)
    copy = desk.read("bob@staff.example", "one more thing")
    assert desk.case(number)["status"] == "new"
    desk.kill()
    desk.start()
    desk.write(BOB, "", "Please try this.", answers=copy)
    answer = desk.read("anna@example.org", "try this")
    becomes(desk, number, "pending")
    desk.write(ANNA, "", "It did not help.", answers=answer)
    copy = desk.read("bob@staff.example", "did not help")
    becomes(desk, number, "open")
    desk.write(BOB, "", "#status open\nWe are still looking.", answers=copy)
    desk.read("anna@example.org", "still looking")
    desk.kill()
    desk.start()
    desk.write(BOB, "", "#postpone 3d\nIn three days there will be a part.", answers=copy)
    waiting = desk.read("anna@example.org", "three days")
    becomes(desk, number, "postponed")
    desk.write(ANNA, "", "I need it sooner.", answers=waiting)
    copy = desk.read("bob@staff.example", "sooner")
    becomes(desk, number, "open")
    desk.write(BOB, "", "#resolve", answers=copy)
    asked = desk.read("anna@example.org", "solved")
    becomes(desk, number, "resolved")
    desk.write(ANNA, "", "Not at all, the lamp is still red.", answers=asked)
    copy = desk.read("bob@staff.example", "still red")
    becomes(desk, number, "open")
    desk.write(BOB, "", "#resolve\nNow it must be green.", answers=copy)
    asked = desk.read("anna@example.org", "must be green")
    becomes(desk, number, "resolved")
    desk.kill()
    desk.start()
    desk.write(ANNA, "", "Thank you very much!", answers=asked)
    closed = desk.read("anna@example.org", "closed")
    becomes(desk, number, "closed")
    assert desk.case(number)["resolution"] == "confirmed"
    assert moves(desk, number) == [
        ("new", "pending"), ("pending", "open"), ("open", "postponed"), ("postponed", "open"), ("open", "resolved"),
        ("resolved", "open"), ("open", "resolved"), ("resolved", "closed"),
    ]  # fmt: skip

    # F1-F4: mail for the closed case
    desk.write(ANNA, "", "It is red again.", answers=closed)
    told = desk.read("anna@example.org", "continues")
    new = int(desk.case(number)["follow_ups"][0])
    assert desk.case(number)["status"] == "closed"
    assert f"[Case #{new}]" in told["Subject"]
    assert str(number) not in told["Subject"]
    assert str(closed["Message-ID"]) in str(told["References"])
    follow = desk.case(new)
    assert (follow["status"], follow["follow_up_of"], follow["assignee"]) == (
        "new",
        number,
        desk.case(number)["assignee"],
    )
    assert f"Follow-up case created from case {number}" in [m["text"] for m in follow["messages"]]
    assert f"Follow-up case {new} created" in [m["text"] for m in desk.case(number)["messages"]]

    # F5: more mail for the closed one joins the active follow-up
    desk.kill()
    desk.start()
    desk.write(ANNA, "", "And it hums.", answers=closed)
    desk.read("bob@staff.example", "it hums")
    assert desk.case(number)["follow_ups"] == [new]
    assert "it hums" in desk.case(new)["messages"][-1]["text"]

    # F7: machines are filed on the closed case
    before = len(desk.json("outbox", "list", "--limit", "1000"))
    out_of_office = {"Auto-Submitted": "auto-replied"}
    desk.write(ANNA, "", "I am on holiday.", answers=closed, headers=out_of_office)
    desk.wait_for(lambda: desk.case(number)["messages"][-1]["automatic"], "the holiday notice is filed")
    assert len(desk.json("outbox", "list", "--limit", "1000")) == before
    assert desk.case(number)["follow_ups"] == [new]


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
    ids = Counter(str(mail["Message-ID"]) for mail in (*desk.inbox("example.org"), *desk.inbox("example.net")))
    assert {i for i, n in ids.items() if n > 1} == set()
    for mail in (*desk.inbox("anna@example.org"), *desk.inbox("carl@example.net")):
        raw = mail.as_string() + text_of(mail)
        assert "staff.example" not in raw
        assert "called him" not in raw
        assert "#resolve" not in raw
