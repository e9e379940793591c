"""A day of two agents with nothing but mail: every command and every question occurs, on a real daemon (A1-A8, L2).

At the end nothing internal has reached anybody outside: looked for in every byte that left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailcase.core.command import COMMANDS
from tests.system.story import BOB, becomes, case_of, internal_words
from tools.desk import Desk, text_of

SECRET = "Zanzibar"
SETTINGS = {
    "database": 'sqlite:///desk.db"\ntemplates = "own',
    "mailbox_more": 'notify = ["bob"]',
    "more": "[automatic]\naddress_hour = 100\naddress_day = 100\ncase_day = 100\n",
}


class Day:
    """The desk, and which commands have been written on it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.used: set[str] = set()

    def opened(self, name: str, text: str = "It is broken.") -> tuple[int, EmailMessage]:
        """A customer of this name opens a case; Bob's copy."""
        self.desk.write(f"{name} <{name}@customer.example>", f"About the {name}", text)
        copy = self.desk.read("bob@staff.example", f"About the {name}")
        return case_of(copy), copy

    def obey(self, copy: EmailMessage, text: str, said: str, sender: str = BOB) -> EmailMessage:
        """An agent answers a mail; what comes back says `said`."""
        self.used |= set(re.findall(r"^#([a-z]+)", text, re.MULTILINE))
        self.desk.write(sender, "", text, answers=copy)
        return self.desk.read(sender.partition("<")[2].rstrip(">"), said)


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    desk = Desk(**SETTINGS)
    (desk.folder / "own").mkdir()
    (desk.folder / "own" / "password.txt").write_text("Dear {{ requester_name }},\n\nuse the form.\n\n{{ text }}\n")
    with desk:
        yield Day(desk)


def test_one_case_through_the_day(day: Day) -> None:
    number, copy = day.opened("anna")
    day.obey(copy, "#take\n#priority high\n#tag vip", "is assigned to bob")
    day.obey(copy, f"#note {SECRET}: she has not paid", "Note added")
    day.obey(copy, "#cc +kim@customer.example", "kim@customer.example")
    day.desk.write(BOB, "", "Please switch it off and on.", answers=copy)
    answer = day.desk.read("anna@customer.example", "off and on")
    assert "kim@customer.example" in str(answer["Cc"])
    day.desk.write("Anna <anna@customer.example>", "", "That did not help.", answers=answer)
    copy = day.desk.read("bob@staff.example", "did not help")
    day.obey(copy, "#resolve\nThen please replace the fuse.", "Your answer on case")
    asked = day.desk.read("anna@customer.example", "replace the fuse")
    day.desk.write("Anna <anna@customer.example>", "", "Thank you very much!", answers=asked)
    becomes(day.desk, number, "closed")
    day.obey(copy, "#followup\nYour new fuse is on its way.", "Follow-up case")
    assert case_of(day.desk.read("anna@customer.example", "on its way")) == day.desk.case(number)["follow_ups"][0]


def test_between_two_agents(day: Day) -> None:
    number, copy = day.opened("ben")
    day.obey(copy, "#assign sue", "is assigned to sue")
    day.obey(copy, "#release\n#postpone 3d\n#quiet", "is assigned to nobody")
    becomes(day.desk, number, "postponed")
    day.obey(copy, "#status open", "is now")
    day.desk.write("Ben <ben@customer.example>", f"Re: [Case #{number}] About the ben", "Any news?")
    again = day.desk.read("bob@staff.example", "Any news?")
    day.obey(again, f"We think that {SECRET}: she has not paid is the reason.\n#resolve", "Not done")
    assert day.desk.case(number)["status"] == "open"
    assert not [m for m in day.desk.inbox("ben@customer.example") if SECRET in text_of(m)]
    held = day.obey(again, "The part 4711 is on its way.\n#resolve the rest yourself", "Not done")
    day.used |= {"send"}
    day.desk.write(BOB, "", "#send", answers=held)
    assert "resolve the rest" in text_of(day.desk.read("ben@customer.example", "part 4711"))


def test_cases_that_belong_together(day: Day) -> None:
    first, _ = day.opened("carla")
    second, copy = day.opened("dave")
    day.obey(copy, f"#merge {first}", "was merged")
    day.desk.write("Dave <dave@customer.example>", f"Re: [Case #{second}] About the dave", "It still smokes.")
    assert case_of(day.desk.read("bob@staff.example", "still smokes")) == first
    number, _ = day.opened("emil")
    subject = f"Re: [Case #{number}] About the emil"
    day.desk.write("Fay <fay@customer.example>", subject, "My kettle leaks, too.")
    copy = day.desk.read("bob@staff.example", "kettle leaks")
    said = day.obey(copy, f"#split\n#link {first}", "was split")
    new = next(link["number"] for link in day.desk.case(number)["links"] if link["relation"] == "split")
    assert str(new) in text_of(said)
    day.desk.write("Fay <fay@customer.example>", subject, "It leaks more.")
    assert case_of(day.desk.read("bob@staff.example", "leaks more")) == new
    _, copy = day.opened("gina")
    day.obey(copy, "#requester hugo@customer.example", "hugo@customer.example")
    day.obey(copy, "#close solved\n#quiet", "is now")
    number, copy = day.opened("spammer", "Buy now.")
    day.obey(copy, "#spam", "is now")
    assert day.desk.case(number)["resolution"] == "spam"


def test_help_from_outside_templates_and_later(day: Day) -> None:
    number, copy = day.opened("ines", "Is clause four valid?")
    day.obey(copy, f"#note {SECRET}: her lawyer is slow", "Note added")
    day.obey(copy, "#forward dana@helper.example\nCan you look at it?", "was forwarded")
    request = day.desk.read("dana@helper.example", "clause four")
    day.desk.write("Dana <dana@helper.example>", "", "It is void.", answers=request)
    back = day.desk.read("bob@staff.example", "It is void")
    day.desk.write(BOB, "", "Clause four is void.", answers=back)
    day.desk.read("ines@customer.example", "is void")
    assert [m["direction"] for m in day.desk.case(number)["messages"]].count("transfer") == 1
    _, copy = day.opened("jan")
    day.obey(copy, "#template password\nIt is on page two.", "Your answer on case")
    assert "use the form" in text_of(day.desk.read("jan@customer.example", "page two"))
    _, copy = day.opened("kurt")
    day.obey(copy, "#later 1s\nThese words came later.", "will be sent")
    day.desk.read("kurt@customer.example", "came later")


def test_questions_and_a_tap(day: Day) -> None:
    number, copy = day.opened("lena", "The accordion is out of tune.")
    day.obey(copy, "#take", "is assigned to bob")
    for question, said in (("#mine", "About the lena"), ("#list open", "About the"), ("#recent", "About the lena"),
                           ("#help", "#postpone"), (f"#show {number}", "out of tune")):  # fmt: skip
        day.obey(copy, question, said)
    found = day.obey(copy, "#search accordion tune", "About the lena")
    html = found.get_body(("html",))
    assert html is not None
    links = re.findall(r'href="(mailto:[^"]+)"', str(html.get_content()))
    resolve = next(unescape(link) for link in links if "body=%23resolve" in link)
    parts = urlsplit(resolve)
    values = parse_qs(parts.query)
    day.desk.write(BOB, values["subject"][0], values["body"][0] + "\n\n-- \nBob\n", to=unquote(parts.path))
    day.desk.read("lena@customer.example", "solve")
    becomes(day.desk, number, "resolved")
    assert "Unknown command" in text_of(day.obey(copy, "#clsoe\nDear Lena", "clsoe"))


def test_a_forged_agent_is_asked_and_not_obeyed(day: Day) -> None:
    number, _ = day.opened("mona")
    day.desk.write(BOB, f"Re: [Case #{number}] About the mona", f"#close\n{SECRET} transfer the money")
    question = day.desk.read("bob@staff.example", "Did you send this mail?")
    assert case_of(question) == number
    day.desk.settled()
    assert day.desk.case(number)["status"] == "new"


def test_every_command_occurred(day: Day) -> None:
    assert day.used >= set(COMMANDS)


def test_nothing_internal_left(day: Day) -> None:
    """Every byte of every mail to somebody outside, as it was sent and as it reads."""
    day.desk.settled()
    seen, found = internal_words(day.desk, ("staff.example",), (SECRET, "staff.example", "clsoe"))
    # `#resolve the rest yourself` was held, and Bob sent it all the same.
    assert [one for one in found if one != ("#resolve", "Re: [Case #1003] About the ben")] == []
    assert seen >= 20
    audit = day.desk.json("audit")
    assert (audit["unaccounted"], audit["problems"]) == (0, [])
