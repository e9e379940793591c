"""kill -9 of every process while mail becomes cases and while mail is sent: rows C1 and D6."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.clients import Clients
from tests.faults.conftest import Figure
from tests.faults.counts import count, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.oracle import Verdict, judge

_IN_COMMIT = "before_process_commit:killall:{delay:.5f}"
PROCESSING = ("after_claim:killall", "in_read:killall", "before_process:killall", "in_process:killall",
              "before_process_commit:killall", _IN_COMMIT, "after_process_commit:killall", "")  # fmt: skip
SENDING = ("before_dot:killall", "after_dot:killall", "after_dot:killall:{delay:.5f}", "before_sent_commit:killall",
           "before_sent_commit:killall:{delay:.5f}", "after_sent_commit:killall", "")  # fmt: skip


def kill_often(desk: FaultDesk, places: tuple[str, ...], kills: int) -> tuple[Verdict, list[str], float]:
    """The verdict after so many kills under load, the places where they fell, and how long it took."""
    fell = []
    with Clients(desk.ports, count=2, pause=0.05) as clients:
        began = time.monotonic()
        for turn in range(kills):
            fell.append(places[turn % len(places)])
            desk.begin(fell[-1].format(delay=random.random() * 0.004))
            if fell[-1]:
                desk.wait_for(lambda: desk.died(0.5), f"it dies at {fell[-1]}", 60)
            else:
                desk.wait_for(desk.is_ready, "it is ready")
                time.sleep(random.random() * 0.5)
                desk.kill()
        passed = time.monotonic() - began
        desk.start()
    desk.settle(300)
    return judge(desk, clients.ledger.accepted), fell, passed


@pytest.mark.timeout(3600)
def test_C1_killed_at_every_step_of_processing(desk: FaultDesk, figure: Figure) -> None:
    kills = count("processing", 8, 200)
    verdict, _, passed = kill_often(desk, PROCESSING, kills)
    figure("C1", f"{kills} kills in {passed:.0f} s, {verdict}; no case without message, no cause with two mails")
    assert verdict.problems == ()
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert desk.count("SELECT count(*) FROM spool WHERE state <> 'done'") == 0


@pytest.mark.timeout(3600)
def test_D6_killed_while_sending(desk: FaultDesk, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    kills = count("sending", 7, 200)
    verdict, fell, passed = kill_often(desk, SENDING, kills)
    may_copy = sum("after_dot" in place or "before_sent" in place or not place for place in fell)
    figure("D6", f"{kills} kills in {passed:.0f} s, {may_copy} of them after the dot, {verdict}, byte-identical")
    assert verdict.problems == ()
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert verdict.copies <= may_copy


def test_D6_whoever_wants_to_decide_is_asked_about_the_mail_in_hand_alone(
    open_sqlite_desk: object, figure: Figure
) -> None:
    """uncertain = hold: a crash after the dot leaves one mail uncertain; what waited behind it is simply sent."""
    desk: FaultDesk = open_sqlite_desk(send_more='retry = ["1s"]\nuncertain = "hold"\n')  # type: ignore[operator]
    desk.begin("after_dot:killall")
    with Clients(desk.ports, count=2) as clients:
        clients.ledger.wait_for(2)
        desk.wait_for(lambda: desk.died(0.5), "it dies")
        desk.start()
    desk.settle()
    assert desk.count("SELECT count(*) FROM outbox WHERE state = 'uncertain'") == 1
    assert desk.count("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 1
    figure("D6", "uncertain = hold: 1 mail held, the others sent once")
