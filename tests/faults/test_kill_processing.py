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


@pytest.mark.parametrize("place", ["after_dot", "before_sent_commit"])
@pytest.mark.parametrize("seen", [False, True], ids=["not read", "read by a mail program"])
def test_D6_in_a_maildir_even_a_kill_behind_the_move_leaves_no_copy(
    open_sqlite_desk: object, figure: Figure, place: str, seen: bool
) -> None:
    """A file has a name that we choose, so that a second try is the same file: what SMTP cannot have."""
    desk: FaultDesk = open_sqlite_desk(send="maildir:outgoing", send_more="")  # type: ignore[operator]
    new, cur = desk.folder / "outgoing" / "new", desk.folder / "outgoing" / "cur"
    for turn in range(3):
        desk.begin(f"{place}:killall")
        if not turn:
            desk.wait_for(desk.is_ready, "it is ready")
            desk.write("anna@example.org", "the lamp", "It is dark.")
        desk.wait_for(lambda: desk.died(0.5), f"it dies at {place}")
        for file in list(new.iterdir()) if seen else []:
            file.rename(cur / f"{file.name}:2,S")
    desk.start()
    desk.settle()
    left = [file.read_bytes() for folder in (new, cur) for file in folder.iterdir()]
    sent = desk.rows("SELECT raw.data FROM outbox JOIN raw ON raw.id = raw_id WHERE state = 'sent'")
    assert len(left) == desk.count("SELECT count(*) FROM outbox") == len(sent)
    assert sorted(left) == sorted(bytes(raw).replace(b"\r\n", b"\n") for (raw,) in sent)  # type: ignore[call-overload]
    figure("D6", f"a Maildir, killed at {place} each time: {len(left)} mails, 0 copies")
