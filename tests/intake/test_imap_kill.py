"""kill -9 of a real poller process at every step: nothing is lost, nothing is twice (rows B1, B2, B3)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.store.engine import Database
from tests.intake.imap_desk import Desk, desk, mail
from tests.servers import dovecot
from tests.servers.dovecot import Dovecot, start_dovecot

KILLS = 2


@pytest.fixture(scope="module")
def server_without_move() -> Iterator[Dovecot]:
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = start_dovecot(capability="IMAP4rev1 SASL-IR LITERAL+ IDLE UIDPLUS UNSELECT")
    yield server
    server.remove()


def _start(it: Desk, failpoint: str = "") -> subprocess.Popen[str]:
    settings = {
        "database": str(it.database.engine.url),
        "mailbox": it.mailbox.model_dump(mode="json", include={"name", "address"})
        | {"imap": it.imap.model_dump(mode="json") | {"poll": "60s", "timeout": "30s"}},
    }
    environment = {**os.environ, "MAILCASE_ALLOW_FAILPOINTS": "1", "MAILCASE_FAILPOINT": failpoint}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.intake.poller_process", json.dumps(settings)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _die(it: Desk, failpoint: str) -> None:
    process = _start(it, f"{failpoint}:kill")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors


def _finish(it: Desk) -> None:
    """Run it undisturbed until it has read everything, and stop it."""
    process = _start(it)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("waiting"):
                break
        process.terminate()
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors


@pytest.mark.parametrize(
    "failpoint", ["imap_after_fetch", "imap_in_commit", "imap_after_commit", "imap_after_copy", "imap_after_file"]
)
def test_B1_B2_B3_killed(failpoint: str, database: Database, server_without_move: Dovecot, tmp_path: Path) -> None:
    server = server_without_move
    it = desk(database, server, tmp_path, after="move:Done")
    server.append(it.user, [], folder="Done")
    sent: list[bytes] = []
    for n in range(KILLS):
        new = [mail(f"{n}/{i}") for i in range(3)]
        sent += new
        it.append(*new)
        _die(it, failpoint)
        left, moved = len(server.flags(it.user)), len(server.flags(it.user, "Done"))
        assert left + moved >= len(sent), "a mail has gone before it was safe"
    _finish(it)
    assert sorted(it.spooled()) == sorted(sent)
    assert server.flags(it.user) == {}
    with server.client(it.user) as client:
        client.select_folder("Done")
        done = [facts[b"BODY[]"] for facts in client.fetch(client.search("ALL"), ["BODY.PEEK[]"]).values()]
    assert set(done) == set(sent)
    if failpoint != "imap_after_copy":
        assert len(done) == len(sent)
    assert set(it.uids().values()) == {"move:Done"}


@pytest.mark.parametrize("after", ["seen", "delete", "move:Done"])
def test_B2_killed_before_filing(after: str, database: Database, server: Dovecot, tmp_path: Path) -> None:
    it = desk(database, server, tmp_path, after=after)
    server.append(it.user, [], folder="Done")
    it.append(*[mail(n) for n in range(5)])
    _die(it, "imap_after_commit")
    assert len(it.spooled()) == 5
    assert not any(b"\\Seen" in flags for flags in server.flags(it.user).values())
    _finish(it)
    assert len(it.spooled()) == 5
    flags = server.flags(it.user)
    assert all(b"\\Seen" in each for each in flags.values()) if after == "seen" else flags == {}
    assert len(server.flags(it.user, "Done")) == (5 if after == "move:Done" else 0)
