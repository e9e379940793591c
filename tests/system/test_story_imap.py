"""The story over a real IMAP server: the status table, F1-F7, the Sent folder and deadlines, with kills in between.

Customers' and agents' mail is appended to the folders of a Dovecot; what the desk sends goes into a Maildir.
"""

from __future__ import annotations

import email.policy
import email.utils
import os
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from mailcase.cli.audit import _live
from mailcase.config import load
from mailcase.store.audit import audit
from tests.servers import dovecot
from tests.system.story import (
    ANNA,
    BOB,
    CARL,
    HOLIDAY,
    becomes,
    case_of,
    events,
    follow_ups,
    found,
    leaked,
    mails_written,
    moves,
    notes,
    opened,
    ordered,
    restarted,
    sent_twice,
    whole_life,
)
from tools.desk import Desk, text_of

MAILBOX = """\
notify = ["bob"]
[mailbox.imap]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "support"
password_file = "imap-password"
sent_folder = "Sent"
start = "all"
poll = "1s"

[[mailbox]]
name = "hurry"
address = "hurry@example.com"
notify = ["bob"]
[mailbox.deadlines]
remind_customer = ["1s", "2s"]
close_pending_after = "3s"
close_resolved_after = "1s"
remind_agent = "1s"
escalate = "2s"
"""
LIMITS = "[automatic]\naddress_hour = 100\naddress_day = 100\ncase_day = 100\n"
HURRY = "hurry@example.com"


class ImapDesk(Desk):
    """A desk whose support mailbox is on an IMAP server: what people write is put there."""

    def __init__(self, server: dovecot.Dovecot) -> None:
        super().__init__(mailbox_more=MAILBOX.format(port=server.port), more=LIMITS)
        (self.folder / "imap-password").write_text(dovecot.PASSWORD + "\n")
        self.server = server

    def send(self, raw: bytes, sender: str, to: str) -> None:
        if to == HURRY or to.startswith("hurry+"):
            super().send(raw, sender, to)
        else:
            path = f"Return-Path: <{email.utils.parseaddr(sender)[1]}>\r\nDelivered-To: {to}\r\n"
            self.server.append("support", [path.encode() + raw])

    def answer_by_hand(self, text: str, to: EmailMessage | str, subject: str, **fields: str) -> EmailMessage:
        """An agent answers from the shared mailbox itself, with a plain client: the mail is in the Sent folder."""
        mail = EmailMessage()
        mail["From"], mail["To"] = (
            "Example Support <support@example.com>",
            str(to["From"]) if isinstance(to, EmailMessage) else to,
        )
        mail["Subject"], mail["Date"] = subject, email.utils.formatdate()
        mail["Message-ID"] = f"<{os.urandom(8).hex()}@webmail.example.com>"
        if isinstance(to, EmailMessage):
            mail["In-Reply-To"] = mail["References"] = str(to["Message-ID"])
        for name, value in fields.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.server.append("support", [mail.as_bytes(policy=email.policy.SMTP)], folder="Sent")
        return mail


@pytest.fixture(scope="module")
def desk() -> Iterator[ImapDesk]:
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = dovecot.start_dovecot()
    server.append("support", [], folder="Sent")
    try:
        with ImapDesk(server) as running:
            yield running
    finally:
        server.remove()


def outcome(desk: Desk, message_id: str) -> str:
    """The rule that decided on a mail, "" as long as none has."""
    from sqlalchemy import select

    from mailcase.store.tables import spool

    with desk.database().read() as conn:
        return conn.scalar(select(spool.c.rule).where(spool.c.message_id == message_id.strip("<>"))) or ""


def test_the_whole_table_and_follow_up_cases(desk: ImapDesk) -> None:
    number, closed = whole_life(desk, "the lamp of the router")
    new = follow_ups(desk, number, closed)
    desk.answer_by_hand("We send you another one.", ANNA, f"Re: [Case #{number}] the lamp of the router")
    becomes(desk, new, "pending")


def test_F6_answers_on_a_closed_case(desk: ImapDesk) -> None:
    number, _, copy = opened(desk, "answered late", CARL)
    desk.write(BOB, "", "#close withdrawn\n#quiet", answers=copy)
    becomes(desk, number, "closed")
    desk.write(BOB, "", "I have found it after all.", answers=copy)
    answer = desk.read("carl@example.net", "after all")
    new = int(desk.case(number)["follow_ups"][0])
    assert f"[Case #{new}]" in answer["Subject"]
    assert desk.case(new)["status"] == "pending"
    ordered(desk, new, close="", quiet="")
    desk.run("case", "follow-up", str(new), "--text", "One more word.", "--as", "bob")
    third = int(desk.case(new)["follow_ups"][0])
    assert f"[Case #{third}]" in desk.read("carl@example.net", "One more word")["Subject"]
    # By #followup without a word: the case is there, and nobody is written to.
    ordered(desk, third, close="", quiet="")
    desk.write(BOB, "", "#followup", answers=copy)
    desk.wait_for(lambda: len(desk.case(number)["follow_ups"]) == 2, "there is a fourth case")
    # From the Sent folder, on a case that is closed: the customer has the mail already.
    fourth = int(desk.case(number)["follow_ups"][1])
    ordered(desk, fourth, close="", quiet="")
    desk.answer_by_hand("By hand, and late.", CARL, f"[Case #{fourth}] answered late")
    desk.wait_for(lambda: desk.case(fourth)["follow_ups"], "there is a fifth case")
    fifth = int(desk.case(fourth)["follow_ups"][0])
    assert desk.case(fifth)["status"] == "pending"
    assert sorted(m["direction"] for m in desk.case(fifth)["messages"]) == ["note", "outgoing"]
    assert not any("By hand, and late" in text_of(mail) for mail in desk.inbox("carl@example.net"))


def test_B4_the_sent_folder(desk: ImapDesk) -> None:
    first = desk.write(CARL, "keys of the office", "I have lost the keys.")
    copy = desk.read("bob@staff.example", "lost the keys")
    number = case_of(copy)
    queued = mails_written(desk)
    mine = desk.answer_by_hand("There are new ones at the desk.", first, "Re: keys of the office")
    becomes(desk, number, "pending")
    filed = desk.case(number)["messages"][-1]
    assert (filed["direction"], filed["message_id"]) == ("outgoing", str(mine["Message-ID"]).strip("<>"))
    assert mails_written(desk) == queued, "the customer has it already"
    answered = desk.write(
        CARL, "Re: keys of the office", "They do not fit.", headers={"In-Reply-To": str(mine["Message-ID"])}
    )
    copy = desk.read("bob@staff.example", "do not fit")
    becomes(desk, number, "open")
    assert outcome(desk, str(answered["Message-ID"])) == "customer-writes"

    # What we sent ourselves and the provider filed there is not a second answer, and changes nothing.
    desk.write(BOB, "", "#status open\nThen take the other ones.", answers=copy)
    relayed = desk.read("carl@example.net", "the other ones")
    before = desk.case(number)
    desk.server.append("support", [relayed.as_bytes(policy=email.policy.SMTP)], folder="Sent")
    desk.wait_for(lambda: outcome(desk, str(relayed["Message-ID"])), "our own mail was seen in the Sent folder")
    assert outcome(desk, str(relayed["Message-ID"])) == "sent-by-us"
    assert desk.case(number)["messages"] == before["messages"]
    assert desk.case(number)["status"] == "open"

    # An absence notice of the shared mailbox moves nothing.
    away = desk.answer_by_hand(
        "We are closed today.", answered, "Re: keys of the office", **{"Auto-Submitted": "auto-replied"}
    )
    desk.wait_for(lambda: outcome(desk, str(away["Message-ID"])), "the absence notice was seen")
    assert desk.case(number)["status"] == "open"
    assert [m["automatic"] for m in desk.case(number)["messages"]].count(True) == 1

    # A mail that an agent begins in the shared mailbox is a case that waits for its recipient.
    begun = desk.answer_by_hand("Your contract ends soon.", "Dora <dora@example.net>", "Your contract")
    desk.wait_for(lambda: outcome(desk, str(begun["Message-ID"])), "the new mail was seen")
    (case,) = found(desk, "Your contract")
    assert (case["status"], case["requester"]["address"]) == ("pending", "dora@example.net")


def test_B4_an_answer_given_while_the_daemon_was_away_does_not_overtake_its_question(desk: ImapDesk) -> None:
    assert desk.stop() == 0
    asked = desk.write(CARL, "opening hours", "When are you open?")
    desk.answer_by_hand("From nine to five.", asked, "Re: opening hours")
    desk.start()
    desk.wait_for(lambda: outcome(desk, str(asked["Message-ID"])), "the question was seen")
    desk.settled()
    (case,) = found(desk, "opening hours")
    becomes(desk, case["number"], "pending")
    assert [m["direction"] for m in desk.case(case["number"])["messages"]] == ["incoming", "outgoing"]


def test_once_by_smtp_and_imap(desk: ImapDesk) -> None:
    for first in ("smtp", "imap"):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = CARL, "support@example.com", f"first by {first}"
        mail["Message-ID"], mail["Date"] = f"<{os.urandom(8).hex()}@client.example>", email.utils.formatdate()
        mail.set_content("Twice on its way.\n")
        raw = mail.as_bytes(policy=email.policy.SMTP)
        ways = [lambda raw=raw: Desk.send(desk, raw, CARL, "support@example.com"),
                lambda raw=raw: desk.send(raw, CARL, "support@example.com")]  # fmt: skip
        for way in ways if first == "smtp" else reversed(ways):
            way()
            desk.settled()
            desk.wait_for(lambda mail=mail: outcome(desk, str(mail["Message-ID"])), "it has an outcome")
        restarted(desk)
        desk.settled()
        (case,) = found(desk, f"first by {first}")
        assert len(desk.case(case["number"])["messages"]) == 1
        assert len([m for m in desk.inbox("carl@example.net") if f"first by {first}" in m["Subject"]]) == 1


def test_rows_that_move_nothing_and_nobody_is_told_of(desk: ImapDesk) -> None:
    number, acknowledged, copy = opened(desk, "a quiet one", CARL)
    desk.write(CARL, "", "I am away.", answers=acknowledged, headers=HOLIDAY)
    desk.wait_for(lambda: desk.case(number)["messages"][-1]["automatic"], "the notice is filed")
    desk.write(BOB, "", "#note\nHe is away until Monday.", answers=copy)
    desk.write(BOB, "", "#take", answers=copy)
    desk.wait_for(lambda: desk.case(number)["assignee"] == "bob", "bob has taken it")
    assert (desk.case(number)["status"], notes(desk, number)) == ("new", ["He is away until Monday."])
    mails = len(desk.inbox("carl@example.net"))
    desk.write(BOB, "", "#spam", answers=copy)
    becomes(desk, number, "closed")
    desk.settled()
    assert desk.case(number)["resolution"] == "spam"
    assert len(desk.inbox("carl@example.net")) == mails


def test_an_agent_opens_a_case_and_confirms_that_it_was_them(desk: ImapDesk) -> None:
    desk.write(BOB, "Broken window", "#requester erik@example.net\nHe called: the window is broken.")
    asked = desk.read("bob@staff.example", "Broken window")
    desk.write(BOB, "", "Yes.", answers=asked)
    case = desk.wait_for(lambda: found(desk, "Broken window"), "the case is there")[0]
    assert (case["status"], case["requester"]["address"]) == ("open", "erik@example.net")


# ---- deadlines -------------------------------------------------------------------------------------------------------


def test_pending_and_silent_reminders_then_closed(desk: ImapDesk) -> None:
    number, _, copy = opened(desk, "never answers", "Fred <fred@example.net>", HURRY)
    desk.write(BOB, "", "Which printer is it?", answers=copy)
    becomes(desk, number, "closed")
    desk.settled()
    assert desk.case(number)["resolution"] == "no_response"
    assert moves(desk, number) == [("new", "pending"), ("pending", "closed")]
    assert events(desk, number)["reminder-sent"] == 2
    assert len(desk.inbox("fred@example.net")) == 5, "acknowledged, asked, reminded twice, told that it is closed"


def test_resolved_and_silent_is_closed(desk: ImapDesk) -> None:
    number, _, copy = opened(desk, "says nothing more", "Gina <gina@example.net>", HURRY)
    desk.write(BOB, "", "#resolve", answers=copy)
    becomes(desk, number, "closed")
    desk.settled()
    assert desk.case(number)["resolution"] == "solved"
    assert moves(desk, number) == [("new", "resolved"), ("resolved", "closed")]
    assert len(desk.inbox("gina@example.net")) == 3


def test_agents_are_reminded_and_a_supervisor_is_told(desk: ImapDesk) -> None:
    number, _, _ = opened(desk, "nobody looks", "Hans <hans@example.net>", HURRY)
    told = desk.read("sue@staff.example", "nobody looks")
    desk.wait_for(lambda: events(desk, number)["escalated"], "it is in the history")
    assert (events(desk, number)["agent-reminded"], events(desk, number)["escalated"]) == (1, 1)
    assert f"[Case #{number}]" in told["Subject"]
    assert [h["event"] for h in desk.case(number)["history"]].index("agent-reminded") < [
        h["event"] for h in desk.case(number)["history"]
    ].index("escalated")
    assert desk.case(number)["status"] == "new"


def test_postponed_cases_wake(desk: ImapDesk) -> None:
    never, _, copy = opened(desk, "wakes as new", "Ines <ines@example.net>")
    desk.write(BOB, "", "#postpone 1s", answers=copy)
    answered, _, other = opened(desk, "wakes as open", "Jan <jan@example.net>")
    desk.write(BOB, "", "#postpone 1s\nTomorrow.", answers=other)
    becomes(desk, answered, "open")
    becomes(desk, never, "new")
    assert moves(desk, never) == [("new", "postponed"), ("postponed", "new")]
    assert moves(desk, answered) == [("new", "postponed"), ("postponed", "open")]


def test_deadlines_that_came_while_the_daemon_was_away(desk: ImapDesk) -> None:
    number, _, copy = opened(desk, "while we slept", "Kira <kira@example.net>", HURRY)
    desk.write(BOB, "", "Is it on?", answers=copy)
    becomes(desk, number, "pending")
    desk.settled()
    desk.kill()
    with desk.database().read() as conn:
        from mailcase.store.cases import upcoming

        due = max(d.due_at for d in upcoming(conn, _in_an_hour()) if d.case == number)
    desk.wait_for(lambda: _now() > due, "all of them have come")
    desk.start()
    becomes(desk, number, "closed")
    desk.settled()
    assert moves(desk, number) == [("new", "pending"), ("pending", "closed")]
    assert events(desk, number)["reminder-sent"] == 2
    assert len(desk.inbox("kira@example.net")) == 5


def test_nothing_lost_nothing_twice_nothing_leaked(desk: ImapDesk) -> None:
    desk.settled()
    with desk.database().read() as conn:
        counted = audit(conn)
    assert (counted["unaccounted"], counted["problems"]) == (0, [])
    assert _live(load(desk.config), desk.database()) == []
    assert sent_twice(desk) == set()
    assert leaked(desk, "staff.example", "until Monday", "#resolve", "#note") == []
    flags = desk.server.flags("support")
    assert all(b"\\Seen" in some for some in flags.values())
    assert set(desk.server.flags("support", "Sent").values()) == {()}, "the Sent folder is left as it is"


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def _in_an_hour():
    from datetime import timedelta

    return _now() + timedelta(hours=1)
