"""A real Postfix as the smarthost: what it cannot deliver comes back, and finds its case: rows A13 and D8."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.clients import deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import sqlite_is_enough
from tests.servers import postfix


@pytest.fixture
def mta() -> Iterator[postfix.Postfix]:
    """One a test: what a queue still has for the desk of another test would come to this one."""
    if postfix.missing():
        pytest.skip(postfix.missing())
    with postfix.running() as server:
        yield server


def test_D8_a_bounce_opens_the_case_and_tells_the_agents(mta: postfix.Postfix, open_desk: Open, figure: Figure) -> None:
    """The customer's server says 550 to the answer; Postfix tells the return path, which is ours and names the case."""
    desk = open_desk(send=f"smtp://127.0.0.1:{mta.port}")
    sqlite_is_enough(desk.url)
    desk.start()
    mta.deliver_to(("127.0.0.1", desk.ports["lmtp"]))
    one = letter()
    # A customer whose address is refused by the server that Postfix hands its mail to: our own listener.
    raw = one.raw.replace(one.sender.encode(), b"gone@example.com")
    assert deliver(desk.ports["smtp"], raw, "gone@example.com").startswith("250")
    desk.wait_for(lambda: desk.count("SELECT count(*) FROM cases") == 1, "there is a case")
    number = desk.count("SELECT number FROM cases")
    desk.run("case", "reply", str(number), "--text", "Please try again.", "--as", "bob")
    bounced = "SELECT count(*) FROM outbox_recipient WHERE state = 'bounced'"
    desk.wait_for(lambda: desk.count(bounced) >= 1, "the answer is marked as bounced", 60)
    desk.wait_for(lambda: desk.rows("SELECT status FROM cases") == [("open",)], "the case is open")
    assert desk.count("SELECT count(*) FROM cases") == 1, "a bounce is no case"
    assert desk.count("SELECT count(*) FROM outbox WHERE kind = 'delivery-problem'") >= 1
    assert desk.count("SELECT count(*) FROM outbox WHERE kind = 'acknowledgement'") == 1, "a bounce is not thanked for"
    figure("D8", "returned by Postfix: recipient marked, case open, agents told, no acknowledgement")
    desk.kill()


def test_A13_postfix_keeps_what_the_database_did_not_take(
    mta: postfix.Postfix, open_sqlite_desk: Open, figure: Figure
) -> None:
    """Over LMTP, to two of ours and one that is not: 550 for that one, and a fault of ours is tried again."""
    desk = open_sqlite_desk()
    mta.deliver_to(("127.0.0.1", desk.ports["lmtp"]))
    desk.start("before_commit:raise")
    one = letter()
    mta.submit(one.raw, "support@example.com", "nobody@example.com")
    mta.wait_for(r"to=<nobody@example.com>.*status=bounced")
    mta.wait_for(r"to=<support@example.com>.*status=deferred.*451 4.3.0")
    assert "support@example.com" in mta.queued()
    desk.kill()
    desk.start()
    mta.try_again_until(r"to=<support@example.com>.*status=sent")
    desk.settle()
    assert desk.count("SELECT count(*) FROM spool WHERE state = 'done'") == 1
    figure("A13", "Postfix over LMTP: 550 and 451 for one mail; only what was deferred stayed, and came later")
