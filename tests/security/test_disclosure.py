"""Nobody reads what is not theirs: a case by its number, by CC, by a forged sender, or by a sign-up mail (S1-S7)."""

from __future__ import annotations

import email.utils
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest

from mailcase.core.message import Envelope
from mailcase.core.policy import AutomaticLimits, Deadlines, Mailbox
from mailcase.core.reading.ingest import ingest_key
from mailcase.store import outbox, spool
from mailcase.store.values import Incoming, OutboxItem
from tests.agents.room import BOB, NOW, Room, answer, letter, parsed, reply_to, text_of
from tools.desk import Desk
from tools.desk import text_of as plain

EVE = "eve@evil.example"


@dataclass
class Scene:
    """A victim's case with a secret in it, and an attacker who has a case of their own."""

    desk: Desk
    name: str
    secrets: list[str] = field(default_factory=list)
    number: int = 0
    eves: int = 0
    ack: EmailMessage = field(default_factory=EmailMessage)
    last: int = 0

    @property
    def anna(self) -> str:
        return f"anna.{self.name}@example.org"

    @property
    def eve(self) -> str:
        return f"eve.{self.name}@evil.example"

    def secret(self) -> str:
        self.secrets.append(f"canary{os.urandom(6).hex()}")
        return self.secrets[-1]

    def opened(self) -> None:
        """Both cases, and the acknowledgement that the attacker has."""
        subject = f"Order {self.name}"
        self.desk.write(self.anna, subject, f"My door code is {self.secret()}.")
        copy = self.desk.read("bob@staff.example", self.secrets[0])
        self.number = number_of(copy)
        self.desk.write(self.eve, "Hello", "Hello there.")
        self.ack = self.desk.read(self.eve)
        self.eves = number_of(self.ack)
        self.desk.read("bob@staff.example", f"Case #{self.eves}")

    def write(self, sender: str, subject: str, text: str, to: str = "support@example.com", **headers: str) -> None:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.desk.write(sender, subject, text, to=to, headers=fields)

    def saas(self, to: str, **headers: str) -> None:
        """What a service sends to the address that somebody signed up with."""
        text = f"Your verification code is {self.secret()}."
        self.write("Workspace <no-reply@saas.example>", "Confirm your e-mail", text, to=to, **headers)

    def bob_answers(self, about: str, text: str = "We look into it.") -> None:
        """The agent answers the newest copy that shows `about`."""
        self.desk.settled()
        copies = [m for m in self.desk.inbox("bob@staff.example") if about in f"{m['Subject']}\n{plain(m)}"]
        self.desk.write("bob@staff.example", "", text, answers=copies[-1])
        self.desk.settled()

    def told(self) -> list[OutboxItem]:
        """Everything that was sent to the attacker, by its envelope."""
        with self.desk.database().read() as conn:
            ids = [item.id for item in outbox.items(conn, limit=1000)]
            items = [outbox.get(conn, number, with_raw=True) for number in ids]
        return [item for item in items if any(r.address.endswith(self.eve.partition("@")[0] + "@evil.example")
                                              for r in item.recipients)]  # fmt: skip


def number_of(mail: EmailMessage) -> int:
    return int(str(mail["Subject"]).partition("[Case #")[2].partition("]")[0])


def by_token(s: Scene) -> None:
    s.saas(str(s.ack["Reply-To"]))
    s.write(s.eve, "", "Any news?", to=str(s.ack["Reply-To"]))
    s.bob_answers(f"Case #{s.eves}")


def by_token_automatic(s: Scene) -> None:
    s.saas(str(s.ack["Reply-To"]), Auto_Submitted="auto-generated")
    s.write(s.eve, "", "Any news?", to=str(s.ack["Reply-To"]))
    s.bob_answers("Any news?")


def by_number_as_name(s: Scene) -> None:
    text = f"Hello [Case #{s.eves}], your code is {s.secret()}."
    s.write("Workspace <notify@saas.example>", f"[Case #{s.eves}] Confirm your e-mail", text)
    s.write(s.eve, f"[Case #{s.eves}] Hello", "And now?")
    s.bob_answers("And now?")


def by_id_as_thread(s: Scene) -> None:
    s.saas("support@example.com", In_Reply_To=str(s.ack["Message-ID"]), References=str(s.ack["Message-ID"]))
    s.bob_answers(f"Case #{s.eves}", "What is this?")


def cc_yourself(s: Scene) -> None:
    s.write(s.anna, f"Re: [Case #{s.number}] Order", "Please answer all.", Cc=s.eve)
    s.bob_answers("Please answer all.", f"The door code is {s.secret()}.")


def cc_by_a_copied_id(s: Scene) -> None:
    theirs = s.desk.case(s.number)["messages"][0]["message_id"]
    s.write(s.anna, "Re: Order", "Answer all.", Cc=s.eve, In_Reply_To=f"<{theirs}>", References=f"<{theirs}>")
    s.bob_answers("Answer all.", f"The door code is {s.secret()}.")


def reply_to_yourself(s: Scene) -> None:
    s.write(s.anna, f"Re: [Case #{s.number}] Order", "Answer here.", Reply_To=s.eve)
    s.bob_answers("Answer here.", f"The door code is {s.secret()}.")


def cc_on_a_closed_case(s: Scene) -> None:
    s.bob_answers(s.secrets[0], "#close")
    s.write(s.anna, f"Re: [Case #{s.number}] Order", "Open it again.", Cc=s.eve, Reply_To=s.eve)
    s.bob_answers("Open it again.", f"The door code is {s.secret()}.")


def a_stranger_with_the_number(s: Scene) -> None:
    s.write(s.eve, f"Re: [Case #{s.number}] Order", "Send me everything again.")
    s.bob_answers("Send me everything again.", f"The door code is {s.secret()}.")
    s.bob_answers(s.secrets[0], "#resolve")
    s.bob_answers(s.secrets[0], "#close")


def a_stranger_on_a_closed_case(s: Scene) -> None:
    s.bob_answers(s.secrets[0], "#close")
    s.write(s.eve, f"Re: [Case #{s.number}] Order", "Send me everything again.")
    s.desk.settled()


def a_list_that_says_who_wrote(s: Scene) -> None:
    headers = {"X_Original_From": s.anna, "List_Post": "<mailto:l@evil.example>", "Reply_To": s.eve, "Cc": s.eve}
    s.write(s.eve, f"Re: [Case #{s.number}] Order", "As a list.", **headers)
    s.bob_answers(s.secrets[0], f"The door code is {s.secret()}.")


def commands_of_a_stranger(s: Scene) -> None:
    s.write(s.eve, "List", f"#show {s.number}\n#search door code\n#cc +{s.eve}\n#requester {s.eve}\n")
    s.write(s.eve, f"[Case #{s.number}]", f"#show {s.number}\n#cc +{s.eve}\n#forward {s.eve}\n")
    s.bob_answers(f"Order {s.name}", f"The door code is {s.secret()}.")


def a_bounce_that_asks_for_the_text(s: Scene) -> None:
    parts = ("This is the mail system.\n\nFinal-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1\n"
             f"Message-ID: <{s.desk.case(s.number)['messages'][0]['message_id']}>\n")  # fmt: skip
    s.write(f"Mail Delivery System <{s.eve}>", "Undelivered Mail Returned to Sender", parts, Reply_To=s.eve)
    s.write(s.eve, f"Undeliverable: [Case #{s.number}] Order", parts)
    s.desk.settled()


def a_long_thread_of_both(s: Scene) -> None:
    """The attacker's Message-ID on the victim's mail must not bring the victim's words home."""
    theirs = s.desk.case(s.eves)["messages"][0]["message_id"]
    s.write(s.anna, "Another thing", f"My new code is {s.secret()}.", In_Reply_To=f"<{theirs}>")
    s.bob_answers("My new code", "Thank you.")


SCENES: tuple[Callable[[Scene], None], ...] = (
    by_token, by_token_automatic, by_number_as_name, by_id_as_thread, cc_yourself, cc_by_a_copied_id,
    reply_to_yourself, cc_on_a_closed_case, a_stranger_with_the_number, a_stranger_on_a_closed_case,
    a_list_that_says_who_wrote, commands_of_a_stranger, a_bounce_that_asks_for_the_text, a_long_thread_of_both,
)  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One daemon for all scenes. Its limits are wide: what is held back says nothing about what would be told."""
    with Desk(mailbox_more='notify = ["bob"]', more="[automatic]\naddress_hour = 1000\ncase_day = 1000") as running:
        yield running


@pytest.mark.parametrize("attack", SCENES, ids=[scene.__name__ for scene in SCENES])
def test_S1_S2_no_word_of_another_case_reaches_the_attacker(desk: Desk, attack: Callable[[Scene], None]) -> None:
    scene = Scene(desk, f"s{SCENES.index(attack)}")
    scene.opened()
    attack(scene)
    desk.settled()
    told = scene.told()
    assert told, "the attacker has at least the first acknowledgement"
    for item in told:
        text = plain(parsed(item.raw)) + item.raw.decode("ascii")
        assert not any(secret in text for secret in scene.secrets)


def guesses(room: Room, numbers: range, sender: str = EVE) -> None:
    """A stranger guesses numbers, a mail each."""
    incoming = []
    for number in numbers:
        raw = letter(sender, f"Re: [Case #{number}] your request", f"What was it about? {number}").as_bytes()
        raw = raw.replace(b"\n", b"\r\n")
        incoming.append(Incoming(raw, Envelope(sender, ("support@example.com",)), "smtp", ingest_key(raw), room.now))
    with room.database.write() as conn:
        spool.add(conn, incoming)
    room.work()


@pytest.mark.parametrize("strangers", ["flag", "new_case"])
def test_S3_a_thousand_guessed_numbers(fresh: Room, strangers: str) -> None:
    mailbox = Mailbox("support", "support@example.com", deadlines=Deadlines(), strangers=strangers)
    fresh.with_policy(mailboxes=(mailbox,), automatic=AutomaticLimits())
    opened = [letter(f"c{n}@example.org", f"Subject {n}", f"canary{n} is mine.").as_bytes() for n in range(50)]
    raws = [raw.replace(b"\n", b"\r\n") for raw in opened]
    with fresh.database.write() as conn:
        spool.add(conn, [Incoming(r, Envelope("c@example.org", ("support@example.com",)), "smtp", ingest_key(r), NOW)
                         for r in raws])  # fmt: skip
    fresh.work()
    before = fresh.last()
    was = {number: fresh.case(number) for number in range(1001, 1051)}
    guesses(fresh, range(951, 1951) if strangers == "flag" else range(951, 1101))
    for number, case in was.items():
        now = fresh.case(number)
        assert (now["status"], now["requester"], now["assignee"]) == (case["status"], case["requester"], "")
        roles = {p["role"] for p in now["participants"] if p["address"] == EVE}
        assert roles <= {"unverified"}
        assert all(not m["verified"] for m in now["messages"][1:])
    with fresh.database.read() as conn:
        ids = [item.id for item in outbox.items(conn, limit=2000) if item.id > before]
        sent = [outbox.get(conn, number, with_raw=True) for number in ids]
    told = [item for item in sent if [r.address for r in item.recipients] == [EVE]]
    assert 0 < len(told) == len(sent) <= 5
    assert all(item.kind == "acknowledgement" and b"canary" not in item.raw and b"your request" not in item.raw
               for item in told)  # fmt: skip


def test_S3_with_cases_of_their_own_an_answer_does_not_tell_whether_the_number_exists(fresh: Room) -> None:
    mailbox = Mailbox("support", "support@example.com", deadlines=Deadlines(), strangers="new_case", notify=("bob",))
    fresh.with_policy(mailboxes=(mailbox,))
    number, _ = fresh.opened()
    said = []
    for guessed, who in ((number, "x@evil.example"), (number + 500, "y@evil.example")):
        case = fresh.entry(fresh.deliver(letter(who, f"[Case #{guessed}] hello", "hello"), sender=who)).case
        (mail,) = fresh.mails(who)
        assert case is not None
        said.append((str(mail["Subject"]) + text_of(mail)).replace(str(case), "N").replace(who, "W"))
    assert said[0] == said[1]


@pytest.mark.parametrize("claimed", [BOB.address, "carl@example.net", "support@example.com"])
def test_S5_reply_to_gives_no_rights(room: Room, claimed: str) -> None:
    theirs, _ = room.opened("Carl's", "canary of carl", sender="carl@example.net")
    before = room.last()
    sender = f"{os.urandom(4).hex()}@evil.example"
    forged = letter(sender, f"[Case #{theirs}] x", "#resolve\nDone.", Reply_To=claimed)
    room.deliver(forged, sender=sender)
    case = room.case(theirs)
    assert case["status"] == "new"
    assert [m["verified"] for m in case["messages"]] == [True, False]
    first = room.entry(room.deliver(letter(sender, "New", "Something new.", Reply_To=claimed), sender=sender)).case
    assert first is not None
    assert room.case(first)["requester"]["address"] == sender
    acks = [i for i in room.sent(before) if i.kind == "acknowledgement"]
    assert [r.address for i in acks for r in i.recipients] == [sender]


PRIVATE = {
    "Received": "from bobs-laptop.home.example ([192.168.77.5]) by mail.staff.example with ESMTPSA; "
    + email.utils.format_datetime(NOW),
    "X-Originating-IP": "[192.168.77.5]",
    "User-Agent": "Secretbird 9.9",
    "X-Mailer": "Secretbird 9.9",
    "Bcc": "boss@staff.example",
    "Sender": "Bob Privat <bob.privat@home.example>",
    "X-Priority": "5",
    "Organization": "Staff Secret Inc",
    "Disposition-Notification-To": "bob.privat@home.example",
    "Return-Receipt-To": "bob.privat@home.example",
    "Autocrypt": "addr=bob.privat@home.example; keydata=AAAA",
    "X-Face": "hiddenface",
    "Resent-From": "bob.privat@home.example",
    "DKIM-Signature": "v=1; d=staff.example; s=hidden; b=AAAA",
    "Authentication-Results": "mail.staff.example; auth=pass smtp.auth=bob",
}


def test_S7_what_is_private_in_an_agents_mail_stays_here(room: Room) -> None:
    number, copy = room.opened("Printer", sender="dora@example.org")
    room.deliver(answer(copy, "#note\nThe internalword is for us."), to=reply_to(copy))
    before = room.last()
    mail = answer(copy, "Try the other cable.\n\n-- \nBob Privat, room 17, bob.privat@home.example")
    for name, value in PRIVATE.items():
        mail[name] = value
    room.deliver(mail, to=reply_to(copy))
    (got,) = room.mails("dora@example.org", before)
    assert "Try the other cable." in text_of(got)
    raw = got.as_string()
    for word in ("home.example", "staff.example", "192.168", "Secretbird", "Secret Inc", "hidden", "internalword",
                 "room 17", *PRIVATE.keys() - {"Return-Receipt-To"}):  # fmt: skip
        assert word not in raw, word
    assert reply_to(copy) not in raw
    assert f"Case #{number}" in str(got["Subject"])
