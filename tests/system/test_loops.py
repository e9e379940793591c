"""Nobody is talked to death: two desks, a desk that strips headers, a machine that answers everything (O4, S13, S15)."""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
from collections.abc import Callable, Iterator

import pytest

from tests.servers.sink import Received, Sink
from tools.desk import Desk

MARKS = re.compile(
    rb"^(?:Auto-Submitted|X-Auto-Response-Suppress|X-Mailcase-Loop|Precedence|In-Reply-To|References):.*\r?\n(?:[ \t].*\r?\n)*",
    re.MULTILINE | re.IGNORECASE,
)


def as_it_is(mail: Received) -> tuple[str, bytes]:
    return mail.sender, mail.raw


def stripped(mail: Received) -> tuple[str, bytes]:
    """What a careless gateway leaves of a mail: no marks, and a return path where there was none."""
    sender = str(email.message_from_bytes(mail.raw, policy=email.policy.default)["From"])
    return sender, MARKS.sub(b"", mail.raw)


@contextlib.contextmanager
def desk_with(sink: Sink, address: str = "support@example.com") -> Iterator[Desk]:
    desk = Desk(send=f"smtp://127.0.0.1:{sink.port}", mailbox_more="notify = []")
    desk.config.write_text(desk.config.read_text("utf-8").replace("support@example.com", address), "utf-8")
    (desk.folder / "secret").write_text(f"the secret of the desk of {address}\n", "utf-8")
    with desk:
        yield desk


def carry(sink: Sink, seen: int, desk: Desk, carried: Callable[[Received], tuple[str, bytes]]) -> int:
    """Take what came to the sink to the desk it is for. Returns how many mails the sink has had."""
    for mail in list(sink.mails)[seen:]:
        sender, raw = carried(mail)
        desk.send(raw, sender, mail.recipients[0])
        seen += 1
    return seen


def exchange(
    one: Desk, from_one: Sink, two: Desk, from_two: Sink, carried: Callable[[Received], tuple[str, bytes]]
) -> int:
    """Carry mail both ways until nobody writes any more. Returns how many mails were written; fails when it goes on."""
    seen = [0, 0]
    for _ in range(40):
        one.settled()
        two.settled()
        before = list(seen)
        seen[0] = carry(from_one, seen[0], two, carried)
        seen[1] = carry(from_two, seen[1], one, carried)
        if seen == before:
            return sum(seen)
    raise AssertionError("they are still talking")


@pytest.mark.parametrize(("carried", "most"), [(as_it_is, 2), (stripped, 6)])
def test_S15_two_desks_fall_silent(carried: Callable[[Received], tuple[str, bytes]], most: int) -> None:
    with (
        Sink() as out_one,
        Sink() as out_two,
        desk_with(out_one) as one,
        desk_with(out_two, "help@other.example") as two,
    ):
        one.write("Other Desk <help@other.example>", "Your order", "Please answer us.")
        one.wait_for(lambda: out_one.mails, "the first acknowledgement")
        assert exchange(one, out_one, two, out_two, carried) <= most


def test_S13_one_address_gets_five_acknowledgements_an_hour() -> None:
    with Sink() as sink, desk_with(sink) as desk:
        for number in range(60):
            desk.write("Victim <victim@example.org>", f"Request {number}", f"Something else, number {number}.")
        desk.settled()
        assert len(desk.json("case", "list", "--limit", "100")) == 60
        assert len(sink.mails) == 5
        suppressed = [h for h in desk.case(1060)["history"] if h["event"] == "mail-suppressed"]
        assert "address_hour" in suppressed[0]["text"]
        raw = b"".join(mail.raw for mail in sink.mails)
        assert b"Request" not in raw
        assert b"Something" not in raw


def test_S16_our_own_address_as_sender_is_answered_by_nobody() -> None:
    with Sink() as sink, desk_with(sink) as desk:
        desk.write("Support <support@example.com>", "From ourselves", "Hello me.")
        desk.settled()
        assert sink.mails == []
        assert desk.json("audit")["unaccounted"] == 0


def test_a_vacation_responder_gets_one_mail_a_status_and_changes_nothing() -> None:
    away = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    with Desk(mailbox_more="notify = []") as desk:
        desk.write("Anna <anna@example.org>", "Lamp", "The lamp is dark.")
        ack = desk.read("anna@example.org")
        desk.write("Anna <anna@example.org>", "", "I am away.", answers=ack, headers=away)
        desk.wait_for(lambda: len(desk.case(1001)["messages"]) == 2, "the notice is filed")
        for status in ("resolved", "closed"):
            desk.run("case", "status", "1001", status)
            told = desk.read("anna@example.org")
            messages = len(desk.case(1001)["messages"])
            desk.write("Anna <anna@example.org>", "", "I am away.", answers=told, headers=away)
            desk.wait_for(lambda count=messages: len(desk.case(1001)["messages"]) > count, "the notice is filed")
            assert desk.case(1001)["status"] == status
        desk.settled()
        assert len(desk.inbox("anna@example.org")) == 3
