"""A backup that is taken under load, and restored: it passes the audit, and holds all that was promised before it."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from mailcase.store.backup import _pg_dump
from tests.faults.clients import Clients
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.nursery import Nursery
from tests.servers import postgres


@pytest.mark.timeout(600)
def test_a_backup_under_load_restores_to_what_passes_the_audit(
    desk: FaultDesk, nursery: Nursery, request: pytest.FixtureRequest, tmp_path: Path, figure: Figure
) -> None:
    sqlite_is_enough(desk.url)
    backups = count("backups", 1, 20)
    desk.start()
    promised, files = [], []
    with Clients(desk.ports, count=3) as clients:
        for turn in range(backups):
            clients.ledger.wait_for(len(clients.ledger.accepted) + 5)
            promised.append(list(clients.ledger.accepted))
            files.append(tmp_path / f"backup-{turn}")
            desk.run("backup", str(files[-1]))
    for letters, file in zip(promised, files, strict=True):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with FaultDesk(nursery, restored(desk, file, request)) as other:
            assert other.json("audit", "--deep")["problems"] == []
            there = {bytes(raw) for (raw,) in other.rows("SELECT data FROM raw")}  # type: ignore[call-overload]
            assert all(one.raw in there for one in letters), "what was promised before the backup is in it"
            other.start()
            other.wait_for(lambda: other.count("SELECT count(*) FROM spool WHERE state = 'waiting'") == 0, "it goes on")
            assert other.stop() == 0
    figure("backup", f"{backups} of {backups} taken under load pass audit --deep after the restore")


def restored(desk: FaultDesk, file: Path, request: pytest.FixtureRequest) -> str:
    """What docs/reliability.md says, as commands."""
    if desk.store.path:
        place = file.with_suffix(".restored")
        shutil.copy(file, place)
        return f"sqlite:///{place}"
    server: postgres.Postgres = request.getfixturevalue("postgres_server")
    name = file.name.replace("-", "_") + f"_{abs(hash(desk.url)) % 10**8}"
    server.execute(f"CREATE DATABASE {name}")
    program = Path(_pg_dump()).with_name("pg_restore")
    subprocess.run([program, "--no-owner", "--exit-on-error", f"--dbname={server.url(name)}", file], check=True)
    return server.url(name)


def test_a_backup_overwrites_nothing_and_leaves_nothing_half(open_sqlite_desk: Open, tmp_path: Path) -> None:
    desk = open_sqlite_desk()
    (tmp_path / "there").write_text("an older backup")
    assert "is there already" in desk.run("backup", str(tmp_path / "there"), code=1)
    assert (tmp_path / "there").read_text() == "an older backup"
    assert "cannot write" in desk.run("backup", str(tmp_path / "nowhere" / "file"), code=1)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_damaged_database_is_not_called_a_backup(open_sqlite_desk: Open, tmp_path: Path) -> None:
    """A page of the file is overwritten: the copy is made, looked at, and thrown away."""
    desk = open_sqlite_desk()
    path = desk.store.path
    assert path is not None
    desk.store.close()
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    said = desk.run("backup", str(tmp_path / "copy"), code=1)
    assert "mailcase: " in said
    assert not (tmp_path / "copy").exists()
