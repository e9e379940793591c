"""kill -9 of every process while mail is polled, a bad line, the same mail by two ways: rows B1-B3, B5, B7, B13."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.clients import Letter, deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.oracle import judge
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot, start_dovecot
from tests.servers.proxy import Mode, Proxy

_users = itertools.count(1)
IMAP = """
[mailbox.imap]
host = "localhost"
port = {port}
tls = "none"
user = "{user}"
password_file = "imap-password"
after = "move:Done"
poll = "2s"
timeout = "{timeout}"
"""
PLACES = ("imap_after_fetch:killall", "imap_in_commit:killall", "imap_in_commit:killall:{delay:.5f}",
          "imap_after_commit:killall", "imap_after_file:killall", "")  # fmt: skip


@pytest.fixture(scope="module")
def server_without_move() -> Iterator[Dovecot]:
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = start_dovecot(capability="IMAP4rev1 SASL-IR LITERAL+ IDLE UIDPLUS UNSELECT")
    yield server
    server.remove()


def polling(open_desk: Open, server: Dovecot, port: int, timeout: str = "10s") -> tuple[FaultDesk, str]:
    """A desk that polls a new user's mailbox, after its first contact."""
    user = f"drill{next(_users)}"
    server.append(user, [], folder="Done")
    desk = open_desk(mailbox_more=IMAP.format(port=port, user=user, timeout=timeout))
    (desk.folder / "imap-password").write_text("secret\n")
    desk.start()
    desk.wait_for(lambda: desk.count("SELECT count(*) FROM imap_folder") == 1, "the mailbox was looked at")
    return desk, user


def moved(server: Dovecot, user: str) -> Counter[bytes]:
    """What lies in the folder Done."""
    with server.client(user) as client:
        client.select_folder("Done", readonly=True)
        found = client.search("ALL")
        return (
            Counter(facts[b"BODY[]"] for facts in client.fetch(found, ["BODY.PEEK[]"]).values()) if found else Counter()
        )


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["MOVE", "COPY"])
def test_B1_B2_B3_killed_at_every_step(
    kind: str, database_url: str, open_desk: Open, imap_server: Dovecot, server_without_move: Dovecot, figure: Figure
) -> None:
    server = imap_server if kind == "MOVE" else server_without_move
    places = PLACES if kind == "MOVE" else (*PLACES, "imap_after_copy:killall")
    sqlite_is_enough(database_url if kind == "MOVE" else "")
    desk, user = polling(open_desk, server, server.port)
    desk.kill()
    kills, sent = count("imap", 7, 150), list[Letter]()
    began = time.monotonic()
    for turn in range(kills):
        new = [letter() for _ in range(2)]
        sent += new
        server.append(user, [one.raw for one in new])
        place = places[turn % len(places)].format(delay=random.random() * 0.004)
        desk.begin(place)
        if place:
            desk.wait_for(lambda: desk.died(0.5), f"it dies at {place}", 60)
        else:
            desk.wait_for(desk.is_ready, "it is ready")
            time.sleep(random.random() * 0.5)
            desk.kill()
    passed = time.monotonic() - began
    desk.start()
    desk.wait_for(lambda: not server.flags(user), "the mailbox has been emptied", 60)
    desk.settle(300)
    verdict, done = judge(desk, sent), moved(server, user)
    copies = sum(done.values()) - len(done)
    figure("B1 B2 B3", f"{kind}: {kills} kills in {passed:.0f} s, {verdict}; {copies} copies in the target folder")
    assert verdict.problems == ()
    assert (verdict.lost, verdict.twice) == (0, 0)
    assert set(done) == {one.raw for one in sent}
    assert copies == 0 if kind == "MOVE" else copies <= 2 * kills


@pytest.mark.timeout(3600)
def test_B5_B7_a_line_that_cuts_stalls_crawls_and_resets(
    open_sqlite_desk: Open, imap_server: Dovecot, figure: Figure
) -> None:
    faults = count("line", 4, 200)
    modes: list[Mode] = ["cut", "blackhole", "slow", "reset"]
    with Proxy(("127.0.0.1", imap_server.port)) as proxy:
        desk, user = polling(open_sqlite_desk, imap_server, proxy.port, timeout="2s")
        sent, slowest = [], 0.0
        for turn in range(faults):
            proxy.set(modes[turn % 4], after=random.randrange(6_000), rate=2_000)
            new = letter("x" * 60 + "\r\n" * random.randrange(100))
            sent.append(new)
            imap_server.append(user, [new.raw])
            before = proxy.faults
            end = time.monotonic() + 3
            while proxy.faults == before and time.monotonic() < end:
                time.sleep(0.05)
            proxy.set("pass")
            began = time.monotonic()
            query = "SELECT count(*) FROM spool"
            desk.wait_for(lambda: desk.count(query) >= len(sent), "it is read", 90)  # noqa: B023
            slowest = max(slowest, time.monotonic() - began)
        desk.settle()
        verdict = judge(desk, sent)
    figure(
        "B5 B7", f"{faults} faults of the line, {verdict}; next mail at most {slowest:.1f} s after the line was well"
    )
    assert verdict.problems == ()
    assert slowest < 60


def test_B13_the_same_mails_by_smtp_and_imap_at_once(
    database_url: str, open_desk: Open, imap_server: Dovecot, figure: Figure
) -> None:
    sqlite_is_enough(database_url)
    mails = [letter() for _ in range(count("twice", 25, 500))]
    desk, user = polling(open_desk, imap_server, imap_server.port)

    def by_smtp() -> None:
        for one in random.sample(mails, len(mails)):
            assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")

    sending = threading.Thread(target=by_smtp)
    sending.start()
    imap_server.append(user, [one.raw for one in random.sample(mails, len(mails))])
    sending.join()
    desk.wait_for(lambda: not imap_server.flags(user), "the mailbox has been emptied", 120)
    desk.settle(300)
    verdict = judge(desk, mails)
    figure("B13", f"by SMTP and by IMAP in parallel, {verdict}")
    assert verdict.problems == ()
    assert desk.count("SELECT count(*) FROM spool") == len(mails)
