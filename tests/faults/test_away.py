"""The database locked, gone, full or on a failing disk, while mail comes in: rows A11, A12 and C10."""

from __future__ import annotations

import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.faults.clients import Clients, Ledger, deliver, letter
from tests.faults.conftest import Figure
from tests.faults.counts import count, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.nursery import Nursery
from tests.faults.oracle import judge
from tests.servers import postgres
from tests.servers.proxy import Proxy
from tests.servers.sink import Sink

STRACE = shutil.which("strace")
LEAKS = ("sqlite", "psycopg", "traceback", "error:", "disk", "select ", "postgres")


def accepted_again(ledger: Ledger, since: float) -> float:
    """Seconds from `since` to the next mail that is taken."""
    with ledger.changed:
        before = len(ledger.accepted)
        assert ledger.changed.wait_for(lambda: len(ledger.accepted) > before, 60), ledger.replies[-3:]
    return time.monotonic() - since


def only_4xx(ledger: Ledger) -> bool:
    """Whether every refusal said to come again, and none said why."""
    told = [reply.lower() for reply in ledger.replies]
    return all(r.startswith("4") for r in told) and not any(word in r for r in told for word in LEAKS)


def health(desk: FaultDesk) -> int:
    """The status of /healthz."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{desk.ports['http']}/healthz", timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.timeout(300)
def test_A11_the_database_is_locked(desk: FaultDesk, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    seconds = count("locked", 6, 30)
    desk.start()
    with Clients(desk.ports, count=3) as clients:
        clients.ledger.wait_for(3)
        with _locked(desk):
            end = time.monotonic() + seconds
            slowest = 0.0
            while time.monotonic() < end:
                began = time.monotonic()
                one = letter()
                reply = deliver(desk.ports["smtp"], one.raw, one.sender)
                slowest = max(slowest, time.monotonic() - began)
                assert not reply.startswith("250") or time.monotonic() - began < 1
        again = accepted_again(clients.ledger, time.monotonic())
    desk.settle()
    verdict = judge(desk, clients.ledger.accepted)
    figure(
        "A11", f"locked for {seconds} s: an answer within {slowest:.1f} s, taken again after {again:.1f} s, {verdict}"
    )
    assert verdict.problems == ()
    assert clients.ledger.replies
    assert only_4xx(clients.ledger), clients.ledger.replies
    assert slowest < 10
    assert again < 5


@contextmanager
def _locked(desk: FaultDesk) -> Iterator[None]:
    """Another process, so to speak, holds what every writer wants."""
    if desk.store.path:
        with closing(sqlite3.connect(desk.store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    with desk.store.engine.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE spool IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@pytest.fixture
def own_postgres() -> Iterator[postgres.Postgres]:
    """A server that may be stopped."""
    if postgres.find_binaries() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres.running() as server:
        server.execute("CREATE DATABASE desk")
        yield server


@pytest.mark.timeout(3600)
def test_A11_C10_postgresql_crashes_and_comes_back(
    nursery: Nursery, own_postgres: postgres.Postgres, sink: Sink, figure: Figure
) -> None:
    """Immediate restarts under load: rolled back, tried again, nothing counted as the mails' fault."""
    restarts, slowest = count("restarts", 3, 50), 0.0
    with FaultDesk(nursery, own_postgres.url("desk"), sink) as desk:
        desk.start()
        with Clients(desk.ports, count=3) as clients:
            clients.ledger.wait_for(3)
            for turn in range(restarts):
                time.sleep(random.random())
                own_postgres.stop(signal.SIGQUIT)
                if turn == 0:
                    desk.wait_for(lambda: health(desk) == 503, "/healthz says that something is wrong")
                own_postgres.start()
                slowest = max(slowest, accepted_again(clients.ledger, time.monotonic()))
        desk.settle(120)
        desk.store.engine.dispose()
        verdict = judge(desk, clients.ledger.accepted)
        desk.wait_for(lambda: health(desk) == 200, "/healthz says that all is well")
        assert desk.count("SELECT count(*) FROM spool WHERE state <> 'done'") == 0
        assert desk.stop() == 0
    figure("A11 C10", f"{restarts} crashes of PostgreSQL, taken again within {slowest:.1f} s, {verdict}")
    assert verdict.problems == ()
    assert only_4xx(clients.ledger), clients.ledger.replies
    assert slowest < 5


class LastWord:
    """For `Proxy.ends_with`: the first commit behind each of these statements is the last that its session says."""

    def __init__(self, *statements: bytes) -> None:
        self.wanted = set(statements)
        self.at_work: set[int] = set()  # threads of the proxy: each has one session

    def __call__(self, said: bytes) -> bool:
        me = threading.get_ident()
        for statement in [one for one in self.wanted if one in said]:
            self.wanted.remove(statement)
            self.at_work.add(me)
        is_last = me in self.at_work and b"COMMIT" in said
        self.at_work -= {me} if is_last else set()
        return is_last


def test_C10_what_was_claimed_in_a_commit_of_which_nobody_heard_does_not_wait_for_its_lease(
    nursery: Nursery, own_postgres: postgres.Postgres, sink: Sink, figure: Figure
) -> None:
    """The server has the claim, of a mail and then of an acknowledgement, and the line breaks before it can say so."""
    with Proxy(("127.0.0.1", own_postgres.port)) as proxy:
        url = f"postgresql://mailcase@127.0.0.1:{proxy.port}/desk"
        with FaultDesk(nursery, url, sink) as desk:
            desk.start()
            proxy.ends_with = LastWord(b"UPDATE spool SET attempts", b"UPDATE outbox SET state")
            one = letter()
            assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")
            desk.settle()
            assert proxy.faults == 2
            verdict = judge(desk, [one])
            assert desk.rows("SELECT state, attempts FROM spool") == [("done", 1)]
    figure("C10", f"two claims whose commit was not heard of: worked on at once, {verdict}")
    assert (verdict.problems, verdict.lost, verdict.twice, verdict.copies) == ((), 0, 0, 0)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own for the database."""
    place = folder / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}M,mode=700", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root only")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


@pytest.mark.timeout(600)
def test_A11_the_disk_is_full(
    nursery: Nursery, sqlite_template: Path, sink: Sink, tmp_path: Path, figure: Figure
) -> None:
    seconds = count("full disk", 3, 60)
    with small_disk(tmp_path, 64) as place:
        shutil.copy(sqlite_template, place / "desk.db")
        with FaultDesk(nursery, f"sqlite:///{place / 'desk.db'}", sink) as desk:
            desk.start()
            # Part of it is there before the first mail: the desk itself could fill the rest, and unlinking must free.
            (place / "ballast").write_bytes(bytes(24_000_000))
            with Clients(desk.ports, count=3) as clients:
                clients.ledger.wait_for(5)
                with suppress(OSError), (place / "ballast").open("ab", buffering=0) as ballast:
                    while True:
                        ballast.write(bytes(65_536))
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    time.sleep(0.1)
                (place / "ballast").unlink()
                again = accepted_again(clients.ledger, time.monotonic())
            desk.settle(120)
            verdict = judge(desk, clients.ledger.accepted)
            assert desk.stop() == 0
    codes = sorted({reply[:9] for reply in clients.ledger.replies})
    figure("A11", f"disk full for {seconds} s: {' and '.join(codes)}, taken again after {again:.1f} s, {verdict}")
    assert verdict.problems == ()
    assert codes
    assert set(codes) <= {"452 4.3.1", "451 4.3.0"}
    assert only_4xx(clients.ledger)
    assert again < 5


@pytest.mark.timeout(300)
def test_A12_the_disk_fails(open_sqlite_desk: object, figure: Figure) -> None:
    """fdatasync gives EIO now and then, in every process of the daemon. What was answered with 250 is there."""
    if STRACE is None or subprocess.run([STRACE, "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip("strace may not trace here")
    desk: FaultDesk = open_sqlite_desk()  # type: ignore[operator]
    fault = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"]
    desk.start(under=[*fault, "inject=fdatasync:error=EIO:when=12+9"])
    with Clients(desk.ports, count=2) as clients:
        clients.ledger.wait_for(count("failing disk", 20, 300), 240)
    restarts = desk.said().count("disk failed")
    desk.kill()
    desk.start()
    desk.settle()
    verdict = judge(desk, clients.ledger.accepted)
    figure("A12", f"EIO at each ninth fdatasync: the listener began anew {restarts} times, {verdict}")
    assert verdict.problems == ()
    assert restarts > 0
    assert only_4xx(clients.ledger), clients.ledger.replies


@pytest.mark.timeout(300)
def test_A11_every_250_comes_after_the_bytes_are_on_disk(
    open_sqlite_desk: object, tmp_path: Path, figure: Figure
) -> None:
    """Stands for a power cut, which needs a device mapper: between 354 and 250 there is a successful fdatasync."""
    if STRACE is None or subprocess.run([STRACE, "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip("strace may not trace here")
    many = count("fsync", 40, 1000)
    desk: FaultDesk = open_sqlite_desk()  # type: ignore[operator]
    trace = tmp_path / "trace"
    desk.start()
    listener = desk.part_with_socket(lambda local, _: local == desk.ports["smtp"])
    calls = "trace=fdatasync,write,writev,sendto"
    options = ["-f", "-qq", "-s", "24", "-o", str(trace), "-e", calls, "-p", str(listener)]
    watching = subprocess.Popen([STRACE, *options])
    desk.wait_for(trace.exists, "strace watches")
    desk.wait_for(lambda: _traced(listener), "strace watches")
    for _ in range(many):
        one = letter()
        assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")
    assert desk.stop() == 0
    watching.wait(20)
    good = _answers_on_disk(trace.read_text("utf-8", "replace"))
    figure("A11", f"{good} of {many} answers 250 came after a successful fdatasync behind the mail's last byte")
    assert good == many


def _traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()


def _answers_on_disk(trace: str) -> int:
    synced, good = False, 0
    for line in trace.splitlines():
        if '"354 ' in line:
            synced = False
        elif re.search(r"fdatasync\(.*= 0|fdatasync resumed.*= 0", line):
            synced = True
        elif '"250 2.0.0 OK, kept' in line:
            assert synced, line
            good += 1
    return good
