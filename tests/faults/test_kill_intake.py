"""kill -9 of every process while mail comes in, under customers' servers that try again: rows A1 to A8."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.clients import Clients, deliver, letter
from tests.faults.conftest import Figure
from tests.faults.counts import count
from tests.faults.desk import FaultDesk
from tests.faults.oracle import judge

# A6: the commit is under way when the kill comes, at some point of its way.
_IN_COMMIT = "before_commit:killall:{delay:.5f}"
PLACES = ("connect:killall", "after_rcpt:killall", "in_data:killall", "before_begin:killall", "before_commit:killall",
          _IN_COMMIT, "after_commit:killall", "after_250:killall", "")  # fmt: skip


@pytest.mark.timeout(3600)
def test_A1_A2_A3_A4_A5_A6_A7_A8_killed_at_every_step(desk: FaultDesk, figure: Figure) -> None:
    kills = count("intake", 9, 500)
    with Clients(desk.ports) as clients:
        began = time.monotonic()
        for turn in range(kills):
            place = PLACES[turn % len(PLACES)].format(delay=random.random() * 0.004)
            desk.begin(place)
            if place:
                desk.wait_for(lambda: desk.died(0.5), f"it dies at {place}", 60)
            else:
                desk.wait_for(desk.is_ready, "it is ready")
                time.sleep(random.random() * 0.3)
                desk.kill()
        passed = time.monotonic() - began
        desk.start()
    desk.settle()
    verdict = judge(desk, clients.ledger.accepted)
    figure("A1 A2 A3 A4 A5 A6 A7 A8", f"{kills} kills in {passed:.0f} s, {clients.ledger.tries} tries, {verdict}")
    assert verdict.problems == ()
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert desk.kills == kills
    assert desk.stop() == 0


def test_A7_the_client_that_did_not_hear_250_is_told_250(desk: FaultDesk, figure: Figure) -> None:
    desk.start("after_commit:killall")
    mail = letter()
    assert deliver(desk.ports["smtp"], mail.raw, mail.sender) == ""
    assert desk.died(20)
    desk.start()
    assert deliver(desk.ports["smtp"], mail.raw, mail.sender).startswith("250 2.0.0")
    desk.settle()
    assert judge(desk, [mail]).problems == ()
    assert desk.json("audit")["outcomes"]["duplicate"] == 1
    figure("A7", "answered 250 on the second try: 1 message, 1 case, 1 acknowledgement")


def test_A8_what_was_answered_is_worked_on_after_the_start(desk: FaultDesk, figure: Figure) -> None:
    desk.start("after_250:killall")
    mail = letter()
    assert deliver(desk.ports["smtp"], mail.raw, mail.sender).startswith("250")
    assert desk.died(20)
    desk.start()
    began = time.monotonic()
    assert desk.sink is not None
    desk.sink.wait_until(lambda sink: any(mail.sender in m.recipients for m in sink.mails))
    figure("A8", f"acknowledged {time.monotonic() - began:.1f} s after the start")
    desk.settle()
    assert judge(desk, [mail]).problems == ()
