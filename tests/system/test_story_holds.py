"""Two agents on one mail, and answers that would have said too much: held, returned, sent by `#send` (A6, A8)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.desk import Desk, text_of

ANNA, BEN = "Anna Berg <anna@example.org>", "Ben Ito <ben@example.net>"
BOB, SUE = "Bob <bob@staff.example>", "Sue <sue@staff.example>"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk() as running:
        yield running


def number_of(desk: Desk, subject: str) -> int:
    return int(desk.json("search", subject)[0]["number"])


def events(desk: Desk, number: int) -> list[str]:
    return [h["event"] for h in desk.case(number)["history"]]


def to_anna(desk: Desk) -> str:
    return "\n".join(text_of(mail) for mail in desk.inbox("anna@example.org"))


def test_the_answer_that_crossed_comes_back_with_the_colleagues_and_goes_out_by_send(desk: Desk) -> None:
    desk.write(ANNA, "paper jam", "The paper jams.")
    bobs, sues = desk.read("bob@staff.example", "paper jam"), desk.read("sue@staff.example", "paper jam")
    number = number_of(desk, "paper jam")
    desk.write(BOB, "", "Open the back door of it.", answers=bobs)
    desk.read("anna@example.org", "back door")
    desk.write(SUE, "", "Throw it away.", answers=sues)
    returned = desk.read("sue@staff.example", "bob has answered since")
    assert "Open the back door" in text_of(returned)
    assert "Throw it away" in text_of(returned)
    assert "Throw it away" not in to_anna(desk)
    desk.write(SUE, "", "#send", answers=returned)
    desk.read("anna@example.org", "Throw it away")
    desk.settled()
    assert "answer-held" in events(desk, number)
    answers = [m["text"].strip() for m in desk.case(number)["messages"] if m["direction"] == "outgoing"]
    assert answers == ["Open the back door of it.", "Throw it away."]


def test_who_has_read_the_colleagues_answer_is_not_held(desk: Desk) -> None:
    desk.write(ANNA, "toner", "No toner.")
    bobs, sues = desk.read("bob@staff.example", "toner"), desk.read("sue@staff.example", "toner")
    desk.write(BOB, "", "Which colour?", answers=bobs)
    asked = desk.read("anna@example.org", "Which colour")
    desk.write(ANNA, "", "It is the cyan one.", answers=asked)
    newer = desk.read("sue@staff.example", "cyan")
    desk.write(SUE, "", "A cyan one is on its way.", answers=newer)
    desk.read("anna@example.org", "on its way")
    desk.write(SUE, "", "And a black one.", answers=sues)
    assert "Which colour" in text_of(desk.read("sue@staff.example", "has answered since"))


def test_a_reserved_case_is_answered_by_its_agent_alone(desk: Desk) -> None:
    desk.write(ANNA, "smoke", "It smokes.")
    bobs, sues = desk.read("bob@staff.example", "smoke"), desk.read("sue@staff.example", "smoke")
    desk.write(BOB, "", "#take", answers=bobs)
    desk.read("bob@staff.example", "assigned to bob")
    desk.write(SUE, "", "Pull the plug.", answers=sues)
    returned = desk.read("sue@staff.example", "bob works on this case until")
    desk.write(BOB, "", "#release", answers=bobs)
    desk.read("bob@staff.example", "assigned to nobody")
    desk.write(SUE, "", "Pull the plug, and wait.", answers=returned)
    desk.read("anna@example.org", "and wait")
    assert "reserved" in events(desk, number_of(desk, "smoke"))


def test_what_would_leak_comes_back_and_a_better_answer_goes_out(desk: Desk) -> None:
    desk.write(BEN, "secret of ben", "Hello.")
    other = number_of(desk, "secret of ben") if desk.read("bob@staff.example", "secret of ben") else 0
    desk.write(ANNA, "drum", "The drum is worn.")
    copy = desk.read("bob@staff.example", "drum")
    desk.write(BOB, "", "#note She always pays late and complains about it afterwards.", answers=copy)
    desk.read("bob@staff.example", "Note added")
    slips = {
        f"It is as with case {other}.": "names another case",
        "Call me at bob@staff.example then.": "private address",
        "Hello Anna,\n#resolve\nBob": "looks like a command",
        "You know she always pays late and complains about it.": "internal note",
        "Please see attached.": "attachment",
    }
    for text, reason in slips.items():
        desk.write(BOB, "", text, answers=copy)
        returned = desk.read("bob@staff.example", reason)
    desk.write(BOB, "", "It comes tomorrow.", answers=returned)
    desk.read("anna@example.org", "comes tomorrow")
    said = to_anna(desk)
    assert not any(text.splitlines()[-1] in said for text in slips)
    assert len(desk.json("quarantine", "list")) == len(slips) + 2
