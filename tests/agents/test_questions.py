"""Questions by mail, through the whole desk: what is listed, links that do what they say, and the grammar (A4, S40)."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailcase.core.command import COMMANDS
from tests.agents.room import ANNA, BOB, SUE, Room, answer, html_of, letter, reply_to, text_of

HREF = re.compile(r'href="(mailto:[^"]+)"')


def proven(room: Room, agent: str = "bob") -> str:
    """An address that proves an agent without a case: what stands in the reply address of an answer to a question."""
    from mailcase.core import token as tokens

    token = tokens.make(room.policy.secrets[0], tokens.AGENT, 0, room.now, b"abcde", agent)
    return tokens.plus("support@example.com", token)


def ask(room: Room, text: str, to: str = "", sender: str = "Bob <bob@staff.example>") -> list[EmailMessage]:
    """An agent asks; all mails that come back."""
    address = sender.rpartition("<")[2].rstrip(">")
    to, before = to or proven(room, address.partition("@")[0]), room.last()
    room.deliver(letter(sender, "question", text, to), to=to)
    return room.mails(address, before)


def links(mail: EmailMessage) -> list[tuple[str, str, str]]:
    """(address, subject, text) of every mail that a tap on a link would begin."""
    found = []
    for href in HREF.findall(html_of(mail)):
        parts = urlsplit(unescape(href))
        values = parse_qs(parts.query)
        found.append((unquote(parts.path), values["subject"][0], values.get("body", [""])[0]))
    return found


def numbers(mail: EmailMessage) -> list[int]:
    return [int(n) for n in re.findall(r"^- (\d+) · ", text_of(mail), re.MULTILINE)]


def test_lists(room: Room) -> None:
    new, _ = room.opened("Müller invoice", text="The total is wrong.")
    taken, copy = room.opened("Wallpaper")
    room.deliver(answer(copy, "#take"), to=reply_to(copy))
    waiting, copy = room.opened("Sofa")
    room.deliver(answer(copy, "We look into it."), to=reply_to(copy))
    done, copy = room.opened("Carpet")
    room.deliver(answer(copy, "#close\n#quiet"), to=reply_to(copy))
    elsewhere, _ = room.opened("Price list", to="sales@example.com", agent=SUE.address)
    for question, expected in {
        "#mine": [taken],
        "#list": [new, taken],
        "#list new": [new, taken],
        "#list pending": [waiting],
        "#list closed": [done],
        "#list all": [new, taken, waiting, done],
        "#recent": [done, waiting, taken, new],
        "#search muller": [new],
        "#search total wrong": [new],
        "#search carpet": [done],
        f"#search {waiting}": [waiting],
        "#search nonsense": [],
        "#search price": [],
        "# list: pending": [waiting],
        "\n\n#LIST Pending\n\n-- \nBob\n": [waiting],
    }.items():
        (mail,) = ask(room, question)
        assert numbers(mail) == expected, question
        assert elsewhere not in numbers(mail)
        if not expected:
            assert "Nichts gefunden" not in text_of(mail)
            assert "Nothing was found." in text_of(mail)
    assert numbers(ask(room, "#list all", sender="Sue <sue@staff.example>")[0])[-1] in (elsewhere, done)


def test_every_row_has_links_and_they_do_what_they_say(room: Room) -> None:
    number, _ = room.opened("Rubber plant")
    (mail,) = ask(room, f"#search {number}")
    taps = {text: (to, subject) for to, subject, text in links(mail)}
    assert set(taps) == {"#take", "#resolve", f"#show {number}"}
    assert taps["#take"][1] == f"[Case #{number}]"
    assert taps["#take"][0] in text_of(mail)
    for text in ("#take", f"#show {number}", "#resolve"):
        to, subject = taps[text]
        before = room.last()
        room.deliver(letter("Bob <bob@staff.example>", subject, text + "\n\nSent from my iPhone\n", to), to=to)
        assert room.mails(BOB.address, before), text
    case = room.case(number)
    assert (case["assignee"], case["status"]) == ("bob", "resolved")
    before = room.last()
    to, subject = taps["#take"]
    room.deliver(letter("Bob <bob@staff.example>", subject, "#forward eve@evil.example", to), to=to)
    assert not room.mails("eve@evil.example", before)
    assert "Did you send this mail?" in str(room.mails(BOB.address, before)[0]["Subject"])


def test_a_closed_case_has_nothing_to_resolve(room: Room) -> None:
    number, copy = room.opened("Fern")
    room.deliver(answer(copy, "#spam"), to=reply_to(copy))
    assert [text for _, _, text in links(ask(room, f"#search {number}")[0])] == [f"#show {number}"]


def test_show_is_a_copy_that_can_be_answered(room: Room) -> None:
    number, copy = room.opened("Cactus", text="It pricks.")
    room.deliver(answer(copy, "#note never water it"), to=reply_to(copy))
    (mail,) = ask(room, f"#show #{number}")
    text = text_of(mail)
    assert f"[Case #{number}]" in str(mail["Subject"])
    for part in ("It pricks.", "never water it", "Anna Berg <anna@example.org>", "Status: new", "History"):
        assert part in text
        assert part in html_of(mail).replace("&lt;", "<").replace("&gt;", ">") or part in ("Status: new",)
    before = room.last()
    room.deliver(answer(mail, "Wear gloves."), to=reply_to(mail))
    assert "Wear gloves." in text_of(room.mails("anna@example.org", before)[0])
    assert "never water" not in room.mails("anna@example.org", before)[0].as_string()


def test_a_merged_case_is_shown_where_it_went(room: Room) -> None:
    first, _ = room.opened("Ivy")
    second, copy = room.opened("Ivy again")
    room.deliver(answer(copy, f"#merge {first}"), to=reply_to(copy))
    assert f"[Case #{first}]" in str(ask(room, f"#show {second}")[0]["Subject"])


@pytest.mark.parametrize("number", ["999999", "sales"])
def test_L3_what_is_not_there_and_what_is_hidden_look_the_same(room: Room, number: str) -> None:
    if number == "sales":
        number = str(room.opened("Hidden", to="sales@example.com", agent=SUE.address)[0])
    (mail,) = ask(room, f"#show {number}")
    assert f"Case {number} does not exist, or you may not see it" in text_of(mail)
    assert "Hidden" not in mail.as_string()


def test_several_questions_and_the_language_of_the_agent(room: Room) -> None:
    mails = ask(room, "#mine\n#list closed\n#help", sender="Sue <sue@staff.example>")
    assert [str(m["Subject"]) for m in mails] == ["#mine", "#list closed", "#help"]
    assert "Setzt den Status" in text_of(mails[2])
    assert all(f"#{name}" in text_of(mails[2]) for name in COMMANDS)
    assert all(str(m["Auto-Submitted"]) == "auto-replied" for m in mails)


def test_a_text_below_a_question_goes_to_nobody(room: Room) -> None:
    number, copy = room.opened("Palm")
    before = room.last()
    room.deliver(answer(copy, "#mine\nDear Anna, water it."), to=reply_to(copy))
    (mail,) = room.mails(BOB.address, before)
    assert "Your text was not sent" in text_of(mail)
    assert "Dear Anna, water it." in text_of(mail)
    assert not room.mails("anna@example.org", before)
    assert room.case(number)["status"] == "new"


def test_a_command_and_a_question_in_one_mail(room: Room) -> None:
    number, copy = room.opened("Moss")
    before = room.last()
    room.deliver(answer(copy, "#take\n#mine\nWe are on it."), to=reply_to(copy))
    kinds = [item.kind for item in room.sent(before)]
    assert kinds == ["answer", "command-result", "command-result"]
    assert room.case(number)["assignee"] == "bob"


def test_a_long_list_says_that_there_is_more(room: Room) -> None:
    for at in range(27):
        room.opened(f"Daisy {at}")
    (mail,) = ask(room, "#search daisy")
    assert len(numbers(mail)) == 25
    assert "these are the first 25" in text_of(mail)


@pytest.mark.parametrize("text", ["#search", "#list nonsense", "#show", "#show abc", "#mine now", "#recent 3"])
def test_a_wrong_question_is_refused(room: Room, text: str) -> None:
    (mail,) = ask(room, text)
    assert "Not done" in str(mail["Subject"])
    assert "#search" in text_of(mail)


def test_a_customer_has_no_questions(room: Room) -> None:
    before = room.last()
    room.deliver(letter(ANNA, "hello", "#list all"))
    assert [item.kind for item in room.sent(before)] == ["acknowledgement", "notification"]


def test_an_unproven_agent_gets_no_list(room: Room) -> None:
    before = room.last()
    room.deliver(letter("Bob <bob@staff.example>", "question", "#list all"))
    assert [item.kind for item in room.sent(before)] == ["confirm-agent"]


# ---- the grammar ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status"),
    [("#status resolved", "resolved"), ("#status: resolved", "resolved"), ("#STATUS = Resolved", "resolved"),
     ("\n\n \n#resolve", "resolved"), ("# resolve", "resolved"), ("#Resolved.", "resolved"), ("＃resolve", "resolved"),
     ("#status\u00a0resolved", "resolved"), ("\u200b#resolve", "resolved"), ("#resolve #quiet", "resolved"),
     ("#status：resolved", "resolved"), ("Hello\n#resolve", "new"), ("Dear Anna,\n\n#resolve", "new"),
     ("> #resolve", "new"), ("-- \n#resolve", "new"), ("1. #resolve", "pending"), ("#resolve now", "new"),
     ("#status resolved please", "new")],
)  # fmt: skip
def test_forgiving_in_form_strict_in_meaning(room: Room, text: str, status: str) -> None:
    number, copy = room.opened("Grammar")
    before = room.last()
    room.deliver(answer(copy, text), to=reply_to(copy))
    assert room.case(number)["status"] == status
    told = [item.kind for item in room.sent(before) if item.to == "anna@example.org"]
    assert told == {"resolved": [] if "quiet" in text else ["resolved"], "pending": ["answer"], "new": []}[status]


PAGES = {
    "a command in HTML": ("<div>#resolve</div><div><br></div>", "resolved"),
    "a command in a paragraph": ("<p>#status:&nbsp;resolved</p><p>&nbsp;</p>", "resolved"),
    "hidden by style": ('<div style="display:none">#resolve</div><p>Hello Anna</p>', "pending"),
    "hidden by opacity": ('<span style="opacity: 0.0; color: red">#resolve</span><p>Hello Anna</p>', "pending"),
    "hidden by height": ('<div style="max-height:0px;overflow:hidden">#resolve</div><p>Hello Anna</p>', "pending"),
    "in a comment": ("<!-- #resolve --><p>Hello Anna</p>", "pending"),
    "in the title": ("<html><head><title>#resolve</title></head><body><p>Hello Anna</p></body></html>", "pending"),
    "in a style sheet": ("<style>#resolve {color:red}</style><p>Hello Anna</p>", "pending"),
    "in the quotation": ('<p>Hello Anna</p><blockquote type="cite">#resolve</blockquote>', "pending"),
}


@pytest.mark.parametrize("name", PAGES)
def test_S40_only_what_is_seen_and_new_is_a_command(room: Room, name: str) -> None:
    page, status = PAGES[name]
    number, copy = room.opened("Pages")
    mail = letter("Bob <bob@staff.example>", "Re: Pages", "", reply_to(copy))
    mail.set_content(page, subtype="html")
    room.deliver(mail, to=reply_to(copy))
    assert room.case(number)["status"] == status


def test_no_receipt_where_it_is_switched_off(room: Room) -> None:
    from dataclasses import replace

    number, copy = room.opened("Receipts")
    room.with_policy(agents=(replace(BOB, receipts=False), SUE))
    before = room.last()
    room.deliver(answer(copy, "#take"), to=reply_to(copy))
    room.deliver(answer(copy, "#unknown"), to=reply_to(copy))
    room.with_policy(agents=(BOB, SUE))
    assert [item.subject.partition(": ")[0] for item in room.sent(before)] == [f"[Case #{number}] Not done"]
    assert room.case(number)["assignee"] == "bob"
