"""A real Postfix on both sides: it hands customers' mail over by LMTP, and takes what the desk sends (B1, O1, R5)."""

from __future__ import annotations

import email.utils
from collections.abc import Iterator

import pytest

from mailcase.store import outbox
from tests.servers import postfix
from tests.servers.sink import Fault, Sink
from tests.system.story import ANNA, BOB, SinkDesk, becomes, case_of, events, opened, restarted
from tools.desk import text_of


class PostfixDesk(SinkDesk):
    """People write to a Postfix, which brings it here; what the desk sends goes through it to the sink."""

    def __init__(self, mta: postfix.Postfix, sink: Sink) -> None:
        super().__init__(sink, mta.port, mailbox_more='notify = ["bob"]')
        self.mta = mta
        mta.stand_between("example.com", self.ports["lmtp"], sink.port)

    def send(self, raw: bytes, sender: str, to: str) -> None:
        self.mta.submit(raw, to, sender=email.utils.parseaddr(sender)[1])


@pytest.fixture(scope="module")
def desk() -> Iterator[PostfixDesk]:
    if postfix.missing():
        pytest.skip(postfix.missing())
    with Sink() as sink, postfix.running() as mta, PostfixDesk(mta, sink) as running:
        yield running


def test_from_the_first_mail_to_the_answer(desk: PostfixDesk) -> None:
    number, acknowledged, copy = opened(desk, "the red lamp")
    assert desk.case(number)["messages"][0]["text"].startswith("Hello, about the red lamp.")
    restarted(desk)
    desk.write(BOB, "", "Please press the button.", answers=copy)
    answer = desk.read("anna@example.org", "press the button")
    becomes(desk, number, "pending")
    desk.write(ANNA, "", "Now it is green.", answers=answer)
    desk.read("bob@staff.example", "it is green")
    becomes(desk, number, "open")
    # Not counted: a kill between the server's answer and our note of it leaves a copy (docs/reliability.md, promise 4).
    mine = str(acknowledged["Message-ID"]).encode()
    sent = {m.recipients for m in desk.sink.mails if mine in m.raw and not m.sender}
    assert sent == {("anna@example.org",)}, "an automatic mail has a null return path"


def test_R5_a_bounce_comes_home(desk: PostfixDesk) -> None:
    desk.sink.faults["rcpt"] = Fault("550 5.1.1 nobody of that name", matching="gone@")
    desk.write("Gone <gone@example.net>", "an address that is gone", "Please answer me.")
    copy = desk.read("bob@staff.example", "Please answer me")
    number = case_of(copy)
    desk.write(BOB, "", "Here is the answer.", answers=copy)
    told = desk.read("bob@staff.example", "nobody of that name")
    assert case_of(told) == number
    assert "gone@example.net" in text_of(told)
    desk.settled()
    case = desk.case(number)
    assert case["status"] == "open"
    assert [m["automatic"] for m in case["messages"] if m["author"].startswith("Mail Delivery System")] == [True]
    with desk.database().read() as conn:
        kinds = {item.kind: item for item in outbox.items(conn, None, number, 100)}
    assert (kinds["answer"].state, kinds["acknowledgement"].state) == ("failed", "sent")
    assert "nobody of that name" in kinds["answer"].last_reply
    assert events(desk, number)["status-changed"] == 2

    # The same report once more, as servers do: nobody is told twice.
    told_already = len([m for m in desk.inbox("bob@staff.example") if "nobody of that name" in text_of(m)])
    with desk.database().read() as conn:
        from sqlalchemy import select

        from mailcase.store.tables import raw, spool

        report, envelope = conn.execute(
            select(raw.c.data, spool.c.envelope)
            .join_from(spool, raw, spool.c.raw_id == raw.c.id)
            .where(spool.c.rule == "bounce")
        ).one()
    desk.mta.submit(bytes(report), *envelope[1], sender="")
    desk.mta.wait_until_queued()
    desk.settled()
    assert len([m for m in desk.inbox("bob@staff.example") if "nobody of that name" in text_of(m)]) == told_already


def test_an_unknown_recipient_and_a_desk_that_is_away(desk: PostfixDesk) -> None:
    desk.write(ANNA, "to nobody", "Hello?", to="nobody@example.com")
    desk.mta.wait_for(r"nobody@example\.com.*status=bounced.*550 5\.1\.1")
    number, _, _ = opened(desk, "before the pause")
    assert desk.stop() == 0
    desk.write(ANNA, "during the pause", "Is anybody there?")
    desk.mta.wait_for(r"support@example\.com.*status=deferred")
    desk.start()
    desk.mta.try_again_until(r"to=<support@example\.com>.*status=sent")
    assert case_of(desk.read("bob@staff.example", "Is anybody there?")) == number + 1
    desk.settled()
    audit = desk.json("audit")
    assert (audit["unaccounted"], audit["problems"]) == (0, [])
