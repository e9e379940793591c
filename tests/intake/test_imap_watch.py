"""The poller that runs: IDLE, lost and dead connections, refused logins, mail that cannot be fetched (B3)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.intake import imap
from mailcase.store.engine import Database
from tests.intake.imap_desk import desk, mail, watching
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot, start_dovecot
from tests.servers.proxy import Mode, Proxy


@pytest.fixture
def proxy(server: Dovecot) -> Iterator[Proxy]:
    with Proxy(("127.0.0.1", server.port)) as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[Dovecot]:
    """A Dovecot that the test may stop."""
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    running = start_dovecot()
    yield running
    running.remove()


@pytest.mark.parametrize(
    ("failures", "refused", "least", "most"),
    [
        (1, False, 0.5, 1),
        (2, False, 1, 2),
        (5, False, 8, 16),
        (9, False, 128, 256),
        (10, False, 150, 300),
        (1000, False, 150, 300),
        (1, True, 60, 75),
        (2, True, 120, 150),
        (5, True, 900, 900),
        (1000, True, 900, 900),
    ],
)
def test_pauses(failures: int, refused: bool, least: float, most: float) -> None:
    assert imap.pause_after(failures, refused, 0.0) == least
    assert imap.pause_after(failures, refused, 1.0) == most


def test_idle_wakes_it(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, poll="1h", sent_folder="Sent")
    server.append(it.user, [], folder="Sent")
    with watching(it) as poller:
        poller.until("waiting")
        for n in range(3):  # far sooner than the next look, an hour away
            it.append(mail(n))
            poller.until_spooled(n + 1)
        assert poller.wakes == 3
        assert not poller.statuses[-1].problem


def test_without_idle_it_looks_every_poll(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, poll="1s", idle=False)
    with watching(it) as poller:
        poller.until("waiting")
        it.append(mail(1))
        poller.until_spooled(1)


def test_a_missing_sent_folder_does_not_stop_the_rest(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, sent_folder="Sent")
    it.append(mail(1))
    with watching(it) as poller:
        poller.until_spooled(1)
        assert "folder Sent" in poller.until("waiting").problem


def test_a_missing_folder_is_told_and_waited_for(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, folder="Support")
    with watching(it) as poller:
        assert "folder Support" in poller.until("failing").problem
        it.append(mail(1), folder="Support")
        poller.until_spooled(1)


def test_B6_bye_in_idle(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, poll="1h")
    with watching(it) as poller:
        poller.until("waiting")
        server.kick(it.user)
        poller.until("failing")
        it.append(mail(1))
        poller.until_spooled(1)


@pytest.mark.parametrize("command", ["SELECT", "UID FETCH", "UID SEARCH", "AUTHENTICATE"])
def test_B6_bye_in_a_command(command: str, database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, poll="1h")
    it.append(mail(1))
    proxy.on_command = lambda said: b"* BYE going down\r\n" if command.encode() in said else None
    with watching(it) as poller:
        poller.until("failing")
        assert not [status for status in poller.statuses if status.state == "refused"]
        proxy.on_command = None
        poller.until_spooled(1)
    assert it.spooled() == [mail(1)]


def test_B6_the_server_is_restarted(database: Database, own_server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, own_server, tmp_path, poll="1h")
    with watching(it) as poller:
        poller.until("waiting")
        own_server.stop()
        poller.until("failing")
        own_server.start()
        it.append(mail(1))
        poller.until_spooled(1)


@pytest.mark.parametrize("mode", ["cut", "blackhole", "reset"])
def test_B5_faults_in_the_middle_of_a_mail(
    mode: Mode, database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path
) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, poll="4s", timeout="1s")
    sent: list[bytes] = []
    with watching(it) as poller:
        for n in range(4):
            new = [mail(f"{n}/{i}", size=40_000) for i in range(3)]
            sent += new
            proxy.set(mode, after=1_000 + n * 20_000)
            before = proxy.faults
            it.append(*new)
            with poller.changed:
                assert poller.changed.wait_for(lambda before=before: proxy.faults > before, 60)
            proxy.set("pass")
            poller.until_spooled(len(sent))
    assert sorted(it.spooled()) == sorted(sent)
    assert set(it.uids().values()) <= {"seen", ""}


def test_a_slow_line_is_no_fault(database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, timeout="1s")
    mails = [mail(n, size=20_000) for n in range(3)]
    it.append(*mails)
    proxy.set("slow", rate=40_000)
    with watching(it) as poller:
        poller.until_spooled(3)
        assert not [status for status in poller.statuses if status.state == "failing"]
    assert it.spooled() == mails


def test_B7_idle_that_is_silently_dead(database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, poll="4s", timeout="1s")
    with watching(it) as poller:
        poller.until("waiting")
        proxy.set("blackhole")
        it.append(mail(1))
        poller.until("failing")
        proxy.set("pass")
        poller.until_spooled(1)


def test_B12_a_wrong_password_is_not_tried_again_soon(
    database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path
) -> None:
    (tmp_path / "imap-password").write_text("wrong hunter2\n")
    it = desk(database, server, tmp_path, port=proxy.port)
    with watching(it) as poller:
        status = poller.until("refused")
        while poller.beats < 4:
            poller.stop.wait(0.05)
        assert proxy.connections == 1
    assert "AUTHENTICATIONFAILED" in status.problem
    assert "hunter2" not in str(poller.statuses)
    assert ["check user and password_file" in problem for problem in imap.check_login(it.mailbox).problems] == [True]


def test_B12_a_right_password_in_letters_of_all_kinds(database: Database, server: Dovecot, tmp_path: Path) -> None:
    (tmp_path / "imap-password").write_text("pässwörd\n")
    it = desk(database, server, tmp_path)
    assert "AUTHENTICATIONFAILED" in imap.check_login(it.mailbox).problems[0]


@pytest.mark.parametrize("how", ["says NO", "hangs up"])
def test_B8_a_mail_that_cannot_be_fetched_does_not_hold_up_the_others(
    how: str, database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path
) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, poll="2s")
    mails = [mail(n) for n in range(1, 11)]
    it.append(*mails)

    def spoil(said: bytes) -> bytes | None:
        """The server fails at every FETCH of the body of UID 4."""
        match = re.match(rb"(\S+) UID FETCH (\S+) \(BODY.PEEK", said)
        if not match or b"4" not in match[2].split(b","):
            return None
        return match[1] + b" NO [SERVERBUG] internal error\r\n" if how == "says NO" else b""

    proxy.on_command = spoil
    with watching(it) as poller:
        poller.until_spooled(9)
        assert sorted(it.spooled()) == sorted(mails[:3] + mails[4:])
        it.append(mail("new"))
        poller.until_spooled(10)
        proxy.on_command = None
        poller.until_spooled(11, seconds=100)
    assert sorted(it.spooled()) == sorted([*mails, mail("new")])


def test_a_server_that_tells_no_uidnext(database: Database, server: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, port=proxy.port, start="now")
    proxy.on_reply = lambda said: said.replace(b"[UIDNEXT ", b"[XIDNEXT ")
    it.append(mail("old"))
    assert it.poll() == imap.PollResult()
    it.append(mail("new"))
    assert it.poll().stored == 1
    assert it.poll() == imap.PollResult()
    assert it.spooled() == [mail("new")]


def test_one_reader_a_mailbox(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    with watching(it) as first:
        first.until("waiting")
        with watching(it) as second:
            assert "already" in second.until("standby").problem
    assert not [status for status in second.statuses if status.state == "reading"]


def test_a_locked_database_is_waited_for(database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path)
    it.append(mail(1))
    other = sqlite3.connect(str(database.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with watching(it) as poller:
        assert "locked" in poller.until("failing").problem
        other.execute("ROLLBACK")
        poller.until_spooled(1)
    other.close()
