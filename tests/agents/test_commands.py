"""Commands that reach beyond one case, through the whole desk: merge, split, forward, template (A2, T4, L2)."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from tests.agents.room import ANNA, BOB, SALES, SUE, SUPPORT, Room, answer, events, letter, reply_to, text_of

CARL = "Carl <carl@example.net>"
DANA = "Dana <dana@helper.example>"


def told(room: Room, before: int) -> list[tuple[str, str]]:
    """(kind, recipient) of every mail since."""
    return [(item.kind, item.to) for item in room.sent(before)]


def obey(room: Room, copy: EmailMessage, text: str) -> str:
    """Bob answers a copy; returns the text of what he is told."""
    before = room.last()
    room.deliver(answer(copy, text), to=reply_to(copy))
    mails = room.mails(BOB.address, before)
    return text_of(mails[-1]) if mails else ""


def last(room: Room, number: int) -> str:
    return str(room.case(number)["messages"][-1]["text"]).strip()


# ---- merge ----------------------------------------------------------------------------------------------------------


def test_merge_joins_people_and_nobody_outside_is_told(room: Room) -> None:
    first, _ = room.opened("Printer broken")
    second, copy = room.opened("Printer dead", sender=CARL)
    before = room.last()
    assert f"Case {second} was merged into case {first}" in obey(room, copy, f"#merge {first}")
    assert told(room, before) == [("command-result", BOB.address)]
    gone, kept = room.case(second), room.case(first)
    assert (gone["status"], gone["resolution"], gone["merged_into"]) == ("closed", "duplicate", first)
    assert kept["status"] == "new"
    assert [(p["address"], p["role"]) for p in kept["participants"]] == [("carl@example.net", "cc")]
    assert last(room, second) == f"Merged into case {first}"
    assert last(room, first) == f"Case {second} was merged into this one"
    assert {"number": second, "relation": "merged"} in kept["links"]
    assert "merged" in events(gone)


def test_T4_mail_tokens_and_threads_of_the_merged_number_land_in_the_target(room: Room) -> None:
    first, _ = room.opened("Scanner broken")
    second, copy = room.opened("Scanner dead", sender=CARL)
    token = reply_to(room.mails("carl@example.net")[-1])
    obey(room, copy, f"#merge {first}")
    for to, subject, headers in (
        (token, "Scanner", {}),
        ("support@example.com", f"Re: [Case #{second}] Scanner", {}),
        ("support@example.com", "Re: Scanner", {"In_Reply_To": str(room.mails("carl@example.net")[-1]["Message-ID"])}),
    ):
        room.deliver(letter(CARL, subject, f"By {to} and {subject}", to, **headers), to=to)
        assert last(room, first) == f"By {to} and {subject}"
    assert room.case(first)["messages"][-1]["verified"]
    before = room.last()
    obey(room, copy, "We look into it.")
    assert [item.to for item in room.sent(before) if item.kind == "answer"] == ["anna@example.org"]
    assert [m.subject for m in room.sent(before) if m.kind == "answer"] == [f"Re: [Case #{first}] Scanner broken"]
    assert any("carl@example.net" in [r.address for r in m.recipients] for m in room.sent(before))


def test_merge_opens_a_case_that_waited(room: Room) -> None:
    first, copy = room.opened("Lamp")
    obey(room, copy, "Please try another bulb.")
    second, other = room.opened("Lamp again")
    assert room.case(first)["status"] == "pending"
    obey(room, other, f"#merge #{first}")
    assert (room.case(first)["status"], room.case(second)["status"]) == ("open", "closed")


@pytest.mark.parametrize(
    ("text", "said"),
    [("#merge {here}", "merged with itself"), ("#merge 999999", "There is no case 999999"), ("#merge", "Not a case number"),
     ("#merge {closed}", "is closed"), ("#merge {sales}", "There is no case"), ("#merge {other}\nHello", "mail of its own"),
     ("#split\nHello", "mail of its own"), ("#split", "only one message"), ("#split 3", "Nothing may stand"),
     ("#merge {other}\n#resolve", "cannot go from"), ("#template nonsense", "Unknown template: nonsense"),
     ("#forward support@example.com", "address of the desk"), ("#forward sue@staff.example", "address of the desk"),
     ("#forward nobody", "Not an address"), ("#link {sales}", "There is no case")],
)  # fmt: skip
def test_what_cannot_be_done_stops_the_whole_mail(room: Room, text: str, said: str) -> None:
    closed, shut = room.opened("Done")
    obey(room, shut, "#close solved\n#quiet")
    sales, _ = room.opened("Offer", to="sales@example.com", agent=SUE.address)
    other, _ = room.opened("Other")
    here, copy = room.opened("Here")
    before = room.last()
    line = text.format(here=here, closed=closed, sales=sales, other=other)
    assert said in obey(room, copy, line)
    assert told(room, before) == [("command-result", BOB.address)]
    assert room.case(here)["status"] == "new"
    assert events(room.case(here))[-1] == "command-refused"


# ---- split ----------------------------------------------------------------------------------------------------------


def test_split_moves_the_answered_message_to_a_case_of_its_own(room: Room) -> None:
    number, _ = room.opened("Toaster")
    subject = f"Re: [Case #{number}] Toaster"
    before = room.last()
    room.deliver(letter(CARL, subject, "My kettle leaks, too."))
    stranger = room.mails(BOB.address, before)[-1]
    room.deliver(letter(ANNA, subject, "The toaster smokes."))
    before = room.last()
    said = obey(room, stranger, "#split")
    new = int(said.partition("Case ")[2].split()[0])
    assert told(room, before) == [("command-result", BOB.address)]
    case, old = room.case(new), room.case(number)
    assert (case["requester"]["address"], case["status"]) == ("carl@example.net", "open")
    assert [m["text"].strip() for m in case["messages"]] == ["My kettle leaks, too.", f"Split from case {number}"]
    assert [m["text"].strip() for m in old["messages"]] == [
        "It does not print.",
        "The toaster smokes.",
        f"Split: case {new} created",
    ]
    assert old["participants"] == []
    assert {"number": new, "relation": "split"} in old["links"]
    assert [c["number"] for c in search(room, "kettle")] == [new]

    # T4: Carl still answers under the old number
    room.deliver(letter(CARL, subject, "It leaks more."))
    assert last(room, new) == "It leaks more."
    room.deliver(letter(ANNA, subject, "And burns."))
    assert last(room, number) == "And burns."


def search(room: Room, words: str) -> list[dict[str, object]]:
    from mailcase.store.listing import CaseFilter, list_cases

    with room.database.read() as conn:
        return list_cases(conn, CaseFilter(search=words))


def test_split_of_the_newest_when_the_answered_mail_shows_none(room: Room) -> None:
    number, _ = room.opened("One thing")
    room.deliver(letter(ANNA, f"Re: [Case #{number}] One thing", "Another thing."))
    before = room.last()
    room.deliver(letter(ANNA, f"Re: [Case #{number}] Third", "A third thing."))
    copy = room.mails(BOB.address, before)[-1]
    del copy["Message-ID"]
    copy["Message-ID"] = "<unknown@example.com>"
    new = int(obey(room, copy, "#split").partition("Case ")[2].split()[0])
    assert room.case(new)["messages"][0]["text"].strip() == "A third thing."
    assert len([m for m in room.case(number)["messages"] if m["direction"] == "incoming"]) == 2


# ---- forward --------------------------------------------------------------------------------------------------------


def test_forward_and_the_answer_comes_back(room: Room) -> None:
    first = letter(ANNA, "Contract", "Is clause four valid?")
    first.add_attachment(b"clause four", maintype="application", subtype="pdf", filename="contract.pdf")
    before = room.last()
    number = room.entry(room.deliver(first)).case
    assert number is not None
    copy = room.mails(BOB.address, before)[-1]
    obey(room, copy, "#note Anna is a difficult one")
    before = room.last()
    assert "forwarded to dana@helper.example" in obey(room, copy, f"#forward {DANA}\nCan you look at clause four?")
    assert [kind for kind, _ in told(room, before)] == ["transfer", "command-result"]
    request = room.mails("dana@helper.example", before)[0]
    body = text_of(request)
    assert "Can you look at clause four?" in body
    assert "Is clause four valid?" in body
    assert [a.get_filename() for a in request.iter_attachments()] == ["contract.pdf"]
    assert "difficult" not in request.as_string()
    assert "staff.example" not in request.as_string()
    assert str(request["From"]).endswith("<support@example.com>")
    case = room.case(number)
    assert [m["direction"] for m in case["messages"]] == ["incoming", "note", "transfer"]
    assert [(p["address"], p["role"]) for p in case["participants"]] == [("dana@helper.example", "transfer")]
    assert case["status"] == "new"

    # Dana answers: it is on the case, agents see it, Anna does not
    before = room.last()
    back = letter(DANA, f"Re: {request['Subject']}", "It is void.", reply_to(request), Cc="eve@evil.example")
    room.deliver(back, to=reply_to(request))
    assert told(room, before) == [("notification", BOB.address)]
    seen = room.mails(BOB.address, before)[0]
    assert "was asked for help" in text_of(seen)
    assert last(room, number) == "It is void."
    assert [p["role"] for p in room.case(number)["participants"]] == ["transfer"]
    before = room.last()
    obey(room, seen, "Clause four is void.")
    assert [r.address for item in room.sent(before) for r in item.recipients] == ["anna@example.org"]


def test_thanks_of_a_helper_confirm_nothing(room: Room) -> None:
    number, copy = room.opened("Cellar")
    obey(room, copy, f"#forward {DANA}")
    request = room.mails("dana@helper.example")[-1]
    obey(room, copy, "#resolve\n#quiet")
    room.deliver(letter(DANA, f"Re: {request['Subject']}", "Thank you!", reply_to(request)), to=reply_to(request))
    assert room.case(number)["status"] == "open"


# ---- template, rights -----------------------------------------------------------------------------------------------


def test_a_template_of_the_operator_is_the_answer(room: Room, tmp_path: object) -> None:
    from pathlib import Path

    from mailcase.outgoing import templates
    from tests.agents import room as module

    folder = Path(str(tmp_path))
    (folder / "password.txt").write_text(
        "Dear {{ requester_name }},\n\nuse the form.\n{% if text %}\n{{ text }}\n{% endif %}\n"
    )
    old, module.TEMPLATES = module.TEMPLATES, templates.load(folder)
    room.with_policy(answers=("password",))
    try:
        number, copy = room.opened("Password")
        before = room.last()
        obey(room, copy, "#template Password\n#resolve\nIt is on page two.")
        sent = text_of(room.mails("anna@example.org", before)[0])
        assert sent.startswith("Dear Anna Berg,\n\nuse the form.\nIt is on page two.\n")
        assert room.case(number)["status"] == "resolved"
    finally:
        module.TEMPLATES = old
        room.with_policy(answers=())


def test_L3_an_agent_does_not_reach_the_cases_of_other_mailboxes(room: Room) -> None:
    sales, _ = room.opened("Price", to="sales@example.com", agent=SUE.address)
    _, copy = room.opened("Mine")
    token = reply_to(copy)
    from mailcase.core import token as tokens

    to = tokens.plus("support@example.com", tokens.make(room.policy.secrets[0], "a", sales, room.now, b"abcde", "bob"))
    assert token != to
    before = room.last()
    room.deliver(letter("Bob <bob@staff.example>", "Price", "#close solved", to), to=to)
    assert "you may not see it" in text_of(room.mails(BOB.address, before)[-1])
    assert room.case(sales)["status"] == "new"


@pytest.mark.parametrize("took_part", [False, True])
def test_L3_only_cases_worked_on(room: Room, took_part: bool) -> None:
    carl = replace(BOB, name="carla", address="carla@staff.example", sees="worked")
    room.with_policy(agents=(BOB, SUE, carl), mailboxes=(SUPPORT, SALES))
    number, copy = room.opened("Rights")
    if took_part:
        obey(room, copy, "#assign carla")
    from mailcase.core import token as tokens

    made = tokens.make(room.policy.secrets[0], "a", number, room.now, b"abcde", "carla")
    to = tokens.plus("support@example.com", made)
    before = room.last()
    room.deliver(
        letter("Carla <carla@staff.example>", "Rights", f"#priority high\n#show {number}\n#list all", to), to=to
    )
    got = [text_of(m) for m in room.mails("carla@staff.example", before)]
    assert (room.case(number)["priority"] == "high") is took_part
    if took_part:
        assert [(str(number) in text) for text in got] == [True, True, True]
    else:
        assert len(got) == 1
        assert "you may not see it" in got[0]
    room.with_policy(agents=(BOB, SUE))
