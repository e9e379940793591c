"""Faults while mail is taken in: kill -9, a locked, full or broken disk, PostgreSQL away (A1-A8, A11, A12)."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.intake.smtp_desk import MAIL, Desk, Process, Wire, bound, deliver, kept, mail, process, running, stuffed
from tests.servers import postgres

STRACE = shutil.which("strace")
QUIET = [str(STRACE), "-f", "-qq", "-o", "/dev/null"]


def strace_works() -> bool:
    """It may be missing, or not allowed in a container."""
    return STRACE is not None and subprocess.run([STRACE, "-o", "/dev/null", "true"], check=False).returncode == 0


needs_strace = pytest.mark.skipif(not strace_works(), reason="strace is not installed or may not trace here")


def retrying(desk: Desk, raws: list[bytes], seconds: float = 60) -> None:
    """A client that does what a mail server does: it tries again until it has seen 250."""
    end = time.monotonic() + seconds
    for raw in raws:
        while True:
            assert time.monotonic() < end, "never taken"
            try:
                if deliver(desk.smtp, raw)[0].startswith("250"):
                    break
            except (OSError, AssertionError):
                time.sleep(0.02)


@pytest.mark.parametrize("place", ["before_begin", "before_commit", "after_commit", "after_250"])
def test_A4_A5_A7_A8_kill_at_a_failpoint_loses_nothing_and_doubles_nothing(
    tmp_path: Path, database: object, place: str
) -> None:
    """A4 to A8. Each process dies at its first mail; the last one lives."""
    path = tmp_path / "mailcase.db"
    sockets, smtp, lmtp = bound()
    desk = Desk(smtp, lmtp, path)
    stored = []
    for turn in range(2):
        dying = Process(f"sqlite:///{path}", sockets, MAILCASE_FAILPOINT=f"{place}:kill")
        try:
            (reply,) = deliver(smtp, mail(turn))
        except (OSError, AssertionError):
            reply = ""
        assert dying.wait() == -9
        assert reply.startswith("250") is (place == "after_250")
        stored.append(len(kept(path)))
    assert stored == ([0, 0] if place.startswith("before") else [1, 2])
    living = Process(f"sqlite:///{path}", sockets)
    retrying(desk, [mail(turn) for turn in range(2)])
    assert living.stop() == 0
    sockets.close()
    assert sorted(row.raw for row in kept(path)) == sorted(mail(turn) for turn in range(2))


@pytest.mark.parametrize("step", ["connect", "rcpt", "data", "dot"])
def test_A1_A2_A3_kill_in_the_dialogue_leaves_nothing_half(tmp_path: Path, database: object, step: str) -> None:
    """A1 to A3, and a kill at any time after the dot."""
    path = tmp_path / "mailcase.db"
    sockets, smtp, lmtp = bound()
    for _ in range(2):
        listener = Process(f"sqlite:///{path}", sockets)
        with Wire(smtp) as wire:
            if step == "rcpt":
                wire.say_all("EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<support@example.com>")
            if step in ("data", "dot"):
                wire.begin()
                wire.send(stuffed(MAIL)[:-5] if step == "data" else stuffed(MAIL))
            listener.kill()
    assert len(kept(path)) <= (step == "dot")
    living = Process(f"sqlite:///{path}", sockets)
    retrying(Desk(smtp, lmtp, path), [MAIL])
    assert living.stop() == 0
    sockets.close()
    assert [row.raw for row in kept(path)] == [MAIL]


@pytest.mark.parametrize("place", ["before_begin", "before_commit", "after_commit"])
def test_a_fault_of_ours_is_451_and_says_nothing(tmp_path: Path, database: object, place: str) -> None:
    """F6. After the commit the client tries again and the mail is there once."""
    with process(tmp_path / "mailcase.db", MAILCASE_FAILPOINT=f"{place}:raise") as (_, desk), Wire(desk.smtp) as wire:
        wire.begin()
        wire.send(stuffed(MAIL))
        assert wire.reply() == "451 4.3.0 Something went wrong here, try again later"
        assert wire.say("NOOP") == "250 2.0.0 OK"
        assert len(desk.kept()) == (place == "after_commit")


def test_failpoints_need_two_variables(tmp_path: Path, database: object) -> None:
    with process(
        tmp_path / "mailcase.db", under=["env", "MAILCASE_ALLOW_FAILPOINTS=0"], MAILCASE_FAILPOINT="before_begin:kill"
    ) as (_, desk):
        assert deliver(desk.smtp, MAIL)[0].startswith("250")


def test_A11_a_locked_database_is_451_and_blocks_nobody(tmp_path: Path, database: object) -> None:
    """A11: an answer within ten seconds, and the event loop turns all the while."""
    path = tmp_path / "mailcase.db"
    with running(path) as desk, closing(sqlite3.connect(path, isolation_level=None)) as other, Wire(desk.smtp) as wire:
        other.execute("BEGIN IMMEDIATE")
        wire.begin()
        wire.send(stuffed(MAIL))
        began, slowest = time.monotonic(), 0.0
        while time.monotonic() - began < 2:
            turn = time.monotonic()
            with Wire(desk.smtp) as beside:
                assert beside.say("EHLO c").startswith("250")
            slowest = max(slowest, time.monotonic() - turn)
        assert wire.reply() == "451 4.3.0 Something went wrong here, try again later"
        assert time.monotonic() - began < 10
        assert slowest < 2
        other.execute("ROLLBACK")
        assert deliver(desk.smtp, MAIL)[0].startswith("250")
        assert [row.raw for row in desk.kept()] == [MAIL]


@needs_strace
def test_A11_a_full_disk_is_452_until_there_is_room(tmp_path: Path, database: object) -> None:
    """A11: ENOSPC for a while, from the kernel's mouth."""
    fault = [*QUIET, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=40..60"]
    with process(tmp_path / "mailcase.db", under=fault) as (_, desk):
        replies = {number: deliver(desk.smtp, mail(number))[0] for number in range(40)}
        codes = {reply[:9] for reply in replies.values()}
        assert codes == {"250 2.0.0", "452 4.3.1"}
        assert replies[39].startswith("250"), "taken again without a hand"
        taken = sorted(mail(number) for number, reply in replies.items() if reply.startswith("250"))
        assert sorted(row.raw for row in desk.kept()) == taken


@needs_strace
def test_A12_an_error_of_the_disk_is_451_and_ends_the_process(tmp_path: Path, database: object) -> None:
    """A12: after a failed fdatasync nobody knows what is on the disk but a new process."""
    fault = [*QUIET, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=2+"]
    with process(tmp_path / "mailcase.db", under=fault) as (listener, desk):
        replies = []
        for number in range(4):
            try:
                replies.append(deliver(desk.smtp, mail(number))[0][:9])
            except (OSError, AssertionError):
                break
            if replies[-1].startswith("451"):
                break
        assert replies[-1] == "451 4.3.0"
        assert listener.wait() != 0
    with process(tmp_path / "mailcase.db") as (_, desk):
        retrying(desk, [mail(number) for number in range(4)])
        assert len(desk.kept()) == 4


@needs_strace
def test_A12_every_250_comes_after_the_bytes_are_on_disk(tmp_path: Path, database: object) -> None:
    """Bar 5: between 354 and 250 there is a successful fdatasync."""
    log = tmp_path / "trace"
    watch = [str(STRACE), "-f", "-qq", "-s", "20", "-o", str(log), "-e", "trace=fdatasync,write,writev,sendto"]
    with process(tmp_path / "mailcase.db", under=watch) as (listener, desk):
        for number in range(15):
            assert deliver(desk.smtp, mail(number))[0].startswith("250")
        assert listener.stop() == 0
    synced, good = False, 0
    for line in log.read_text("utf-8", "replace").splitlines():
        if '"354 ' in line:
            synced = False
        elif re.search(r"fdatasync\(.*= 0|fdatasync resumed.*= 0", line):
            synced = True
        elif '"250 2.0.0 OK, kept' in line:
            assert synced, line
            good += 1
    assert good == 15


def test_A11_postgresql_goes_away_and_comes_back(tmp_path: Path) -> None:
    """A11: 451 while it is away, 250 within five seconds of its return."""
    if postgres.find_binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    from mailcase.store import migrate
    from mailcase.store.engine import Database

    with postgres.running() as server:
        server.execute("CREATE DATABASE desk")
        database = Database.open(server.url("desk"))
        migrate.upgrade(database)
        database.close()
        with running(tmp_path / "none", url=server.url("desk")) as desk:
            assert deliver(desk.smtp, mail(1))[0].startswith("250")
            server.stop()
            began = time.monotonic()
            assert deliver(desk.smtp, mail(2))[0].startswith("451 4.3.0")
            assert time.monotonic() - began < 10
            server.start()
            began = time.monotonic()
            retrying(desk, [mail(2), mail(1)], 20)
            assert time.monotonic() - began < 5
