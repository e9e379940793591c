"""docs/agents.md: every command of the page is there, no other, and each example does what it should on a real desk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailcase.core.command import COMMANDS
from mailcase.outgoing import templates
from tests.agents import room as rooms
from tests.agents.room import BOB, SUE, Room, answer, reply_to, text_of
from tests.docs.markdown import read, rows, sections

PAGE = read("docs/agents.md")
EXAMPLES = [
    example
    for section in sections(PAGE).values()
    for cells in rows(section)
    for example in re.findall(r"`(#[^`]+)`", cells[0])
]  # fmt: skip
# Of the morning brief.
SECTIONS = ("waiting", "due", "reopened", "bounced", "held", "closed")
# What is answered on a closed case, or about a mail that was held.
ELSEWHERE = ("#followup", "#send")


@pytest.fixture
def room(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A desk with two cases, the operator's template and both agents on it."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "password.txt").write_text("Use the form.\n{{ text }}\n")
    monkeypatch.setattr(rooms, "TEMPLATES", templates.load(tmp_path / "own"))
    found = Room(sqlite_template, tmp_path)
    found.with_policy(answers=("password",))
    return found


def test_the_page_has_every_command_and_no_other() -> None:
    told = {re.match(r"#([a-z]+)", example)[1] for example in EXAMPLES}  # type: ignore[index]
    assert told == set(COMMANDS)
    assert set(re.findall(r"`#([a-z]+)", PAGE)) - {"word"} == set(COMMANDS)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e not in ELSEWHERE])
def test_every_example_is_obeyed(room: Room, example: str) -> None:
    room.opened("Another")
    number, _ = room.opened("Printer")
    room.deliver(rooms.letter(rooms.ANNA, f"Re: [Case #{number}] Printer", "One more thing."))
    copy = room.mails(BOB.address)[-1]
    if example == "#later cancel":
        room.deliver(answer(copy, "#later 3d\nHello"), to=reply_to(copy))
    text = f"{example}\nsomething" if example.startswith(("#note", "#later 3d", "#template")) else example
    before = room.last()
    room.deliver(answer(copy, text), to=reply_to(copy))
    told = room.mails(BOB.address, before)
    assert told, example
    assert "Not done" not in str(told[-1]["Subject"]), text_of(told[-1])


def test_a_closed_case_and_its_follow_up(room: Room) -> None:
    number, copy = room.opened("Printer")
    room.deliver(answer(copy, "#close"), to=reply_to(copy))
    room.deliver(answer(copy, "#followup\nWe look again."), to=reply_to(copy))
    assert room.case(number)["follow_ups"] != []


def test_a_held_answer_and_send(room: Room) -> None:
    number, copy = room.opened("Printer")
    room.with_policy(agents=(BOB, SUE))
    before = room.last()
    room.deliver(answer(copy, "Hello\n#resolve"), to=reply_to(copy))
    returned = room.mails(BOB.address, before)[-1]
    assert not [i for i in room.sent(before) if i.to == "anna@example.org"]
    room.deliver(answer(returned, "#send"), to=reply_to(returned))
    assert [i.kind for i in room.sent(before) if i.to == "anna@example.org"] == ["answer"]
    assert room.case(number)["status"] == "pending"


def test_the_words_of_the_page_are_those_of_the_mails(room: Room) -> None:
    english = room.policy.phrases["en"]
    assert english["confirm_agent_subject"] in PAGE
    assert "Lines at the top that begin with" in PAGE
    brief = [text for key, text in english.items() if key.startswith("digest_") and key[7:] in SECTIONS]
    assert len(brief) == len(SECTIONS)
    assert [text for text in brief if text not in " ".join(PAGE.split())] == []
    assert "Lines at the top that begin with" in english["how_to_answer"]
