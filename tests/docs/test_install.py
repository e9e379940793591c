"""docs/install.md on real servers: its lines for Postfix deliver, its files are there, its paths are those of the units."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.store import spool
from mailcase.store.engine import Database, DatabaseUnavailable
from tests.docs.markdown import ROOT, blocks, read
from tests.servers import postfix, postgres
from tools.desk import Desk

PAGE = read("docs/install.md")
SERVICE = (ROOT / "systemd/mailcase.service").read_text()
(MAIN_CF,) = (block.text for block in blocks(PAGE) if block.language == "main.cf")
SHELL = [block.text for block in blocks(PAGE) if block.language == "sh"]
LONG = b"<p>" + b"word " * 1_000 + b"</p>\r\n"
MAIL = b"From: anna@example.org\r\nSubject: %s\r\nMessage-ID: <%s@example.org>\r\n\r\n" + LONG


def test_the_files_that_are_installed_are_there() -> None:
    named = re.findall(r"/opt/mailcase/((?:systemd|config)/[\w.-]+)", "".join(SHELL))
    assert len(set(named)) == 5
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_paths_are_those_of_the_units() -> None:
    assert "ln -s /opt/mailcase/.venv/bin/mailcase" in "".join(SHELL)
    assert "ExecStart=/opt/mailcase/.venv/bin/mailcase run --config /etc/mailcase/mailcase.toml" in SERVICE
    assert "LoadCredential=mailcase:/etc/mailcase/credentials/" in SERVICE
    assert "StateDirectory=mailcase" in SERVICE
    assert "ListenStream=/run/mailcase-lmtp.sock" in (ROOT / "systemd/mailcase-lmtp.socket").read_text()
    assert 'sqlite:////var/lib/mailcase/mailcase.db"' in (ROOT / "config/mailcase.toml").read_text()


def test_the_folder_of_credentials_is_made_and_closed(tmp_path: Path) -> None:
    tool = shutil.which("systemd-tmpfiles")
    if not tool:
        pytest.skip("systemd-tmpfiles is not installed: apt-get install systemd")
    (tmp_path / "etc").mkdir()
    for name in ("passwd", "group"):
        (tmp_path / "etc" / name).write_text("root:x:0:0::/:/bin/sh\n" if name == "passwd" else "root:x:0:\n")
    command = [tool, "--create", f"--root={tmp_path}", str(ROOT / "systemd/mailcase.tmpfiles")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    folder = tmp_path / "etc/mailcase/credentials"
    assert folder.is_dir(), done.stderr
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.fixture(scope="module")
def mta() -> Iterator[postfix.Postfix]:
    if postfix.missing():
        pytest.skip(postfix.missing())
    with postfix.running() as server:
        yield server


def desk_of(listen: str = "") -> Desk:
    """A desk whose address is that of the page, not yet started."""
    desk = Desk()
    text = desk.config.read_text().replace("support@example.com", "support@help.example.com")
    if listen:
        text = text.replace(f'[lmtp]\nlisten = "127.0.0.1:{desk.ports["lmtp"]}"', f'[lmtp]\nlisten = "{listen}"')
        assert listen in text
    desk.config.write_text(text)
    return desk


def configured(mta: postfix.Postfix, lines: str) -> None:
    """The lines of the page in place of the same ones by which the test's Postfix runs at all.

    Said twice, a parameter makes every command of Postfix log a warning, more than its log takes at once.
    """
    path = mta.folder / "etc/main.cf"
    names = {line.partition("=")[0].strip() for line in lines.splitlines()}
    kept = [line for line in path.read_text().splitlines() if line.partition("=")[0].strip() not in names]
    path.write_text("\n".join([*kept, lines]))
    mta._run("postfix", "reload")


def test_postfix_delivers_with_these_lines(mta: postfix.Postfix) -> None:
    with desk_of() as desk:
        configured(mta, MAIN_CF.replace("2424", str(desk.ports["lmtp"])))
        mta.submit(MAIL % (b"One", b"1"), "support@help.example.com", sender="anna@example.org")
        mta.submit(MAIL % (b"Two", b"2"), "support+any-thing@help.example.com", sender="ben@example.org")
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            mta.submit(MAIL % (b"Three", b"3"), "nobody@help.example.com", sender="anna@example.org")
        assert refused.value.recipients["nobody@help.example.com"][0] == 550
        mta.wait_until_queued()
        desk.settled()
        assert sorted(case["subject"] for case in desk.json("case", "list")) == ["One", "Two"]
        with desk.database().read() as conn:
            assert LONG in spool.get(conn, 1).raw


def test_postfix_delivers_to_a_socket(mta: postfix.Postfix) -> None:
    configured(mta, MAIN_CF)
    said = re.search(r'postconf "(transport_maps = .*)"', "".join(SHELL))
    assert said
    folder = mta.folder / "run"
    folder.mkdir()
    path = folder / "mailcase-lmtp.sock"
    with desk_of(f"unix:{path}") as desk:
        shutil.chown(path, group="postfix")  # as SocketGroup= of the unit does
        mta._run("postconf", "-F", "lmtp/unix/chroot=n")
        configured(mta, f"{said[1]}\n".replace("/run/mailcase-lmtp.sock", str(path)))
        mta.submit(MAIL % (b"Socket", b"4"), "support@help.example.com", sender="anna@example.org")
        mta.wait_until_queued()
        desk.settled()
        assert [case["subject"] for case in desk.json("case", "list")] == ["Socket"]


def test_postgresql_takes_the_password_from_the_file(tmp_path: Path, postgres_server: postgres.Postgres) -> None:
    """The form of the page: `postgresql://mailcase@127.0.0.1/mailcase?passfile=…`, with passwords that are asked for."""
    said = re.search(r'`database = "(postgresql://[^`"]+)"`', PAGE)
    line = re.search(r"`(127\.0\.0\.1:5432:[^`]+)`", PAGE)
    assert said
    assert line
    server = postgres_server
    rules = server.folder / "data/pg_hba.conf"
    before = rules.read_text()
    server.execute("CREATE ROLE with_password LOGIN PASSWORD 'of this test'")
    server.execute("CREATE DATABASE with_password OWNER with_password TEMPLATE template_mailcase")
    try:
        rules.write_text(f"host all with_password 127.0.0.1/32 scram-sha-256\n{before}")
        server.execute("SELECT pg_reload_conf()")
        passfile = tmp_path / "pgpass"
        url = said[1].replace("/etc/mailcase/pgpass", str(passfile)).replace("127.0.0.1", f"127.0.0.1:{server.port}")
        url = re.sub(r"\bmailcase(?=[@?])", "with_password", url)
        with pytest.raises(DatabaseUnavailable):
            Database.open(url)
        text = line[1].replace("5432", str(server.port)).replace("mailcase:mailcase", "with_password:with_password")
        passfile.write_text(text.replace("PASSWORD", "of this test") + "\n")
        passfile.chmod(0o600)
        Database.open(url).close()
    finally:
        rules.write_text(before)
        server.execute("SELECT pg_reload_conf()")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_commands_of_root_leave_the_owner_as_it_is(tmp_path: Path, sqlite_template: Path) -> None:
    database = tmp_path / "mailcase.db"
    shutil.copy(sqlite_template, database)
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(database, nobody, -1)
    held = Database.open(f"sqlite:///{database}")
    with held.write() as conn:
        spool.free_leases(conn)
        assert {path.stat().st_uid for path in tmp_path.iterdir()} == {nobody}
    held.close()
    assert {path.name: path.stat().st_uid for path in tmp_path.iterdir()} == {"mailcase.db": nobody}
