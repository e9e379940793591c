"""`make run` in a fresh clone: the two commands of the README, as a newcomer types them."""

from __future__ import annotations

import mailbox
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT = 2525


def is_taken(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would give somebody, with a virtual environment that was made before: the network is not tested."""
    if not (ROOT / ".git").exists() or not shutil.which("git") or not shutil.which("make"):
        pytest.skip("needs a git checkout, git and make")
    if not (ROOT / ".venv" / ".installed").exists():
        pytest.skip("needs the virtual environment of make install")
    if is_taken(PORT):
        pytest.skip(f"port {PORT} is in use")
    folder = tmp_path_factory.mktemp("clone") / "mailcase"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        script = folder / ".venv" / "bin" / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {ROOT}/.venv/bin/python "$@"\n')
        script.chmod(0o755)
    command = folder / ".venv" / "bin" / "mailcase"
    command.write_text(f'#!/bin/sh\nexec {folder}/.venv/bin/python -m mailcase.cli.main "$@"\n')
    command.chmod(0o755)
    for mark in (".made", ".installed"):
        (folder / ".venv" / mark).touch()
    return folder


@pytest.fixture(scope="module")
def running(clone: Path) -> Iterator[Path]:
    """`make run` in one terminal."""
    log = (clone / "run.log").open("wb")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAILCASE_", "MAKE", "PYTEST_"))}
    process = subprocess.Popen(
        ["make", "run"], cwd=clone, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        env=environment,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not is_taken(PORT):
            assert process.poll() is None, (clone / "run.log").read_text()
            assert time.monotonic() < end, (clone / "run.log").read_text()
            time.sleep(0.1)
        yield clone
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(40)
        log.close()


@pytest.mark.slow
def test_make_run_and_a_mail_from_a_second_terminal(running: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Anna <anna@example.org>", "support@example.com", "The first mail"
    mail.set_content("Does it work?")
    with smtplib.SMTP("127.0.0.1", PORT, timeout=30) as client:
        client.send_message(mail)
    outgoing = mailbox.Maildir(running / "var" / "outgoing", create=False)
    end = time.monotonic() + 30
    while not (found := [m for m in outgoing if m["To"] == "Anna <anna@example.org>"]):
        assert time.monotonic() < end, (running / "run.log").read_text()
        time.sleep(0.1)
    assert "[Case #" in found[0]["Subject"]
    listed = subprocess.run(
        [".venv/bin/mailcase", "-c", "var/mailcase.toml", "case", "list"], cwd=running, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "The first mail" in listed.stdout
    clean = subprocess.run(["git", "status", "--short"], cwd=running, capture_output=True, text=True, check=True)
    assert [line for line in clean.stdout.splitlines() if not line.endswith("run.log")] == []


@pytest.mark.slow
def test_make_alone_says_what_there_is(clone: Path) -> None:
    said = subprocess.run(["make"], cwd=clone, capture_output=True, text=True, check=True).stdout
    for target in ("run", "demo", "test", "lint", "install", "bench"):
        assert f"make {target}" in said


@pytest.mark.slow
def test_make_demo_tells_the_story(clone: Path) -> None:
    said = subprocess.run(
        ["make", "demo"], cwd=clone, capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
    for word in ("new", "pending", "open", "resolved", "closed", "follow-up"):
        assert word in said.stdout.lower()
