"""Two agents and a day of forty cases with nothing but mail: every command, question and hold (A1-A8, L2, S).

The script is in forty.toml, the people are in client.py. At the end the histories say it all, and nothing internal has
reached anybody outside: looked for in every byte that left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mailcase.core.command import COMMANDS, QUESTIONS
from mailcase.outgoing import templates
from tests.system.client import AGENTS, Office, Row, script
from tests.system.story import TOKEN_OF_AGENT, history_of, internal_words
from tools.desk import Desk

SECRET = "Zanzibar"
SETTINGS = {
    "database": 'sqlite:///desk.db"\ntemplates = "own',
    "more": "[automatic]\naddress_hour = 1000\naddress_day = 1000\ncase_day = 1000\n",
}
# What an agent's answer is held for, by the phrase that says so: a new one must be in the script, too.
NOT_A_HOLD = ("leak_held",)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    desk = Desk(**SETTINGS)
    (desk.folder / "own").mkdir()
    (desk.folder / "own" / "password.txt").write_text("Dear {{ requester_name }},\n\nuse the form.\n\n{{ text }}\n")
    with desk:
        yield Office(desk)


@pytest.fixture(scope="module")
def day(office: Office) -> list[Row]:
    """All forty, worked through."""
    rows = script()
    for row in rows:
        office.opens(row)
        for step in row.steps:
            office.does(row, step)
    office.desk.settled()
    return rows


def test_a_day_has_forty_cases_and_each_is_opened_once(office: Office, day: list[Row]) -> None:
    assert len(day) == 40
    assert len({row.number for row in day}) == 40


def test_the_histories_say_it_all(office: Office, day: list[Row]) -> None:
    told = {row.name: history_of(office.desk, row.number) for row in day}
    assert told == {row.name: row.history for row in day}


def test_every_command_and_every_question_occurred(office: Office, day: list[Row]) -> None:
    used = {name for text in office.written for name in _commands(text)}
    assert used - set(COMMANDS) == {"clsoe"}
    assert set(COMMANDS) - used == set()
    assert set(QUESTIONS) <= used


def _commands(text: str) -> list[str]:
    """The commands at the top of what an agent wrote."""
    top = re.match(r"(?:#.*(?:\n|$))*", text)
    return re.findall(r"^#([a-z]+)", top[0] if top else "", re.MULTILINE)


def test_every_hold_occurred(office: Office, day: list[Row]) -> None:
    english = templates.load().phrases["en"]
    holds = {key for key in english if key.startswith("leak_")} - set(NOT_A_HOLD)
    holds |= {"overtaken", "reserved", "confirm_agent_text"}
    said = " ".join(" ".join(office.told).split())
    assert {key for key in holds if not _pattern(english[key]).search(said)} == set()
    # What nobody confirmed or sent all the same is still there, and no answer of it went out.
    waiting = [row["reason"] for row in office.desk.json("quarantine", "list")]
    assert len([one for one in waiting if one.startswith("unproven")]) == 2
    assert len([one for one in waiting if one.startswith("guard")]) == 5


def _pattern(phrase: str) -> re.Pattern[str]:
    """A phrase with whatever values."""
    return re.compile(".{1,200}?".join(re.escape(part) for part in re.split(r"\{\w+\}", phrase)))


def test_nothing_internal_reached_anybody_outside(office: Office, day: list[Row]) -> None:
    """Every byte of every mail to somebody else than the agents, as it was sent and as it reads."""
    insiders = [address.partition("<")[2].rstrip(">") for address in AGENTS.values()]
    seen, found = internal_words(office.desk, insiders, (SECRET, *insiders, "clsoe"))
    assert found == []
    assert seen >= 70
    # What is looked for does occur: in the mails to agents.
    copies = b"".join(mail.as_bytes() for address in insiders for mail in office.desk.inbox(address))
    assert TOKEN_OF_AGENT.search(copies)
    assert SECRET.encode() in copies
    audit = office.desk.json("audit")
    assert (audit["unaccounted"], audit["problems"]) == (0, [])
