"""The units, as systemd itself judges them, and what we say to it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from mailcase import notify
from mailcase.errors import MailcaseError

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = UNITS / "mailcase.service"
PYTHONPATH = os.pathsep.join([str(UNITS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])


def tool(name: str) -> str:
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed: apt-get install systemd")
    return path


def exposure(unit: Path) -> float:
    """The score of `systemd-analyze security`, from 0.0 (sealed) to 10.0."""
    command = [tool("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    score = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", said)
    assert score, said
    return float(score[1])


def test_the_service_is_hardened() -> None:
    assert exposure(SERVICE) <= 1.5


def test_an_unhardened_service_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "bare.service").write_text("[Service]\nExecStart=/bin/true\n")
    assert exposure(tmp_path / "bare.service") > 9


def verify(folder: Path) -> subprocess.CompletedProcess[str]:
    units = sorted(str(unit) for unit in folder.iterdir())
    return subprocess.run(
        [tool("systemd-analyze"), "--man=no", "verify", *units], capture_output=True, text=True, check=False
    )


def installed(folder: Path) -> Path:
    """The units in a folder, with a program that exists here: verify looks whether it can be started."""
    for unit in (SERVICE, *UNITS.glob("*.socket")):
        text = unit.read_text().replace("/opt/mailcase/.venv/bin/mailcase", "/bin/true")
        (folder / unit.name).write_text(text)
    return folder


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    said = verify(installed(tmp_path))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_a_misspelt_line_would_be_seen(tmp_path: Path) -> None:
    service = installed(tmp_path) / SERVICE.name
    service.write_text(service.read_text().replace("WatchdogSec=", "WatchdogSecs="))
    assert "WatchdogSecs" in verify(tmp_path).stderr


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "NotifyAccess=main",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "RestartPreventExitStatus=78",
        "WatchdogSec=60s",
        "DynamicUser=yes",
        "LoadCredential=mailcase:/etc/mailcase/credentials/",
    ],
)
def test_the_service_says(line: str) -> None:
    assert line in SERVICE.read_text().splitlines()


@pytest.mark.parametrize("name", ["smtp", "lmtp"])
def test_a_socket_has_the_name_that_the_daemon_asks_for(name: str) -> None:
    lines = (UNITS / f"mailcase-{name}.socket").read_text().splitlines()
    assert f"FileDescriptorName={name}" in lines
    assert "Service=mailcase.service" in lines


def test_limits_of_workers_need_no_call_that_the_service_forbids() -> None:
    """`~@resources` forbids setrlimit(2); Python's resource.setrlimit is prlimit64(2), which @default allows."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (100, 100))"
    said = subprocess.run(
        [tool("strace"), "-e", "trace=setrlimit,prlimit64", sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert "prlimit64(0, RLIMIT_CPU" in said
    assert "setrlimit(" not in said


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """A service manager's end of $NOTIFY_SOCKET."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(5)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return listener


def test_what_systemd_hears(manager: socket.socket) -> None:
    with manager:
        for say, heard in (
            (lambda: notify.ready("2 mailboxes\nEVIL=1"), b"READY=1\nSTATUS=2 mailboxes EVIL=1"),
            (notify.reloading, b"RELOADING=1"),
            (notify.alive, b"WATCHDOG=1"),
            (lambda: notify.stopping("finishing 3 mails"), b"STOPPING=1\nSTATUS=finishing 3 mails"),
        ):
            assert say()
            assert manager.recv(1000) == heard


def test_an_abstract_socket_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"mailcase-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert notify.ready()
        assert listener.recv(100) == b"READY=1"


def test_without_a_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.ready()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert not notify.ready()


def test_the_watchdog_is_fed_twice_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    assert notify.watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    assert notify.watchdog_interval() == timedelta(seconds=30)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert notify.watchdog_interval() is None


ANSWERER = """
import os
from mailcase import notify
taken = notify.take_sockets()
listener = notify.sockets_for("smtp", taken)[0]
assert not listener.get_inheritable() and "LISTEN_FDS" not in os.environ
connection, _ = listener.accept()
connection.sendall(f"{sorted(taken)} {len(taken['smtp'])}".encode())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_sockets_that_systemd_passes_are_taken() -> None:
    port = free_port()
    command = [tool("systemd-socket-activate"), "--listen", f"127.0.0.1:{port}", "--fdname=smtp"]
    command += ["--setenv=PYTHONPATH", sys.executable, "-c", ANSWERER]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert _said_on(port) == "['smtp'] 1"
            assert process.wait(10) == 0
        finally:
            process.kill()


def _said_on(port: int) -> str:
    """What the first process that listens there says; it is tried until somebody does, for ten seconds at most."""
    until = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                return connection.recv(1000).decode()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def heard_until(manager: socket.socket, wanted: bytes) -> list[bytes]:
    """What the manager hears, up to the first message that begins with `wanted`; the watchdog's food left out."""
    heard = [b""]
    while not heard[-1].startswith(wanted):
        heard.append(manager.recv(1000))
    return [message.partition(b"\n")[0] for message in heard[1:] if not message.startswith(b"WATCHDOG=1")]


def test_the_daemon_as_the_units_start_it(manager: socket.socket, tmp_path: Path) -> None:
    """Type=notify and socket activation: the first connection starts it, and is answered."""
    (tmp_path / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "mailcase.toml").write_text(
        'secret_file = "secret"\n[smtp]\nlisten = "systemd"\n'
        '[[mailbox]]\nname = "support"\naddress = "support@example.com"\n'
    )
    port = free_port()
    command = [tool("systemd-socket-activate"), "--listen", f"127.0.0.1:{port}", "--fdname=smtp"]
    command += ["--setenv=PYTHONPATH", "--setenv=NOTIFY_SOCKET", "--setenv=WATCHDOG_USEC=60000000"]
    command += [sys.executable, "-m", "mailcase.cli.main", "run", "-c", str(tmp_path / "mailcase.toml")]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    manager.settimeout(30)
    with manager, subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert _said_on(port).startswith("220 ")
            assert heard_until(manager, b"READY=1") == [b"READY=1"]
            process.send_signal(signal.SIGHUP)
            assert heard_until(manager, b"READY=1") == [b"RELOADING=1", b"READY=1"]
            process.send_signal(signal.SIGTERM)
            assert heard_until(manager, b"STOPPING=1") == [b"STOPPING=1"]
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_sockets_for_somebody_else_are_left_alone() -> None:
    environment = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}
    assert notify.take_sockets(environment) == {}
    with pytest.raises(MailcaseError, match=r"systemctl enable --now mailcase-lmtp\.socket"):
        notify.sockets_for("lmtp", {})
