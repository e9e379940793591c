"""A Postfix of our own in a temporary folder, that hands every mail to an LMTP server; stopped by its own command."""

from __future__ import annotations

import json
import os
import re
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = {owner}
setgid_group = {group}
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
myhostname = mta.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = lmtp:inet:127.0.0.1:{lmtp}
relay_transport = $default_transport
transport_maps = inline:{{customer.example=discard:}}
lmtp_data_done_timeout = 30s
minimal_backoff_time = 1h
maximal_backoff_time = 1h
queue_run_delay = 1h
bounce_queue_lifetime = 0
notify_classes =
transport_retry_time = 1s
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 3600 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why no Postfix can be started here, or ""."""
    if _tool("postfix") is None:
        return "Postfix is not installed: apt-get install postfix"
    if os.geteuid() != 0:
        return "Postfix starts as root only"
    return ""


def _tool(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


@dataclass
class Postfix:
    """A running Postfix. Mail for customer.example, such as its own bounces, it throws away."""

    folder: Path
    port: int
    mark: int = 0

    def deliver_to(self, address: tuple[str, int]) -> None:
        """Hand mail to this LMTP server from now on."""
        _configure(self.folder, self.port, address[1])
        self._run("postfix", "reload")

    def stand_between(self, domain: str, lmtp: int, smtp: int) -> None:
        """From now on mail for `domain` goes to the LMTP server of that port, all other mail to the SMTP server."""
        for name, text in (
            ("main.cf", f"default_transport = smtp:[127.0.0.1]:{smtp}\n"
             f"transport_maps = inline:{{{{{domain}=lmtp:inet:127.0.0.1:{lmtp}}}}}\n"),
            ("master.cf", "smtp unix - - n - - smtp\n"),
        ):  # fmt: skip
            path = self.folder / "etc" / name
            kept = [line for line in path.read_text().splitlines() if not line.startswith(text.split()[0] + " ")]
            kept = [line for line in kept if not line.startswith("transport_maps")]
            path.write_text("\n".join(kept) + "\n" + text)
        self._run("postfix", "reload")

    def submit(self, raw: bytes, *recipients: str, sender: str = "ann@customer.example") -> None:
        """Give it one mail. `wait_for` looks at what the log says after this."""
        self.mark = len(self._log())
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            client.sendmail(sender, list(recipients), raw)

    def try_again_until(self, pattern: str, seconds: float = 20) -> None:
        """Try everything in the queue again until the log has this since the last `submit`.

        Once may be too early: a mail is called deferred before it is where this looks.
        """

        def found() -> bool:
            self._run("postqueue", "-f")
            with suppress(TimeoutError):
                self.wait_for(pattern, 1)
                return True
            return False

        _wait(found, seconds, lambda: self._log()[self.mark :])

    def queued(self) -> list[str]:
        """The recipients that are waiting, sorted."""
        listing = self._run("postqueue", "-j").splitlines()
        return sorted(recipient["address"] for line in listing for recipient in json.loads(line)["recipients"])

    def wait_for(self, pattern: str, seconds: float = 20) -> None:
        """Until the log has this since the last `submit`."""
        _wait(lambda: re.search(pattern, self._log()[self.mark :]), seconds, lambda: self._log()[self.mark :])

    def wait_until_queued(self, *recipients: str, seconds: float = 20) -> None:
        """Until nothing but mail to these is in the queue; its own bounces are there for a moment."""
        _wait(lambda: self.queued() == sorted(recipients), seconds, lambda: self._log()[self.mark :])

    def _log(self) -> str:
        path = self.folder / "log" / "mail.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _run(self, name: str, *arguments: str) -> str:
        command = [str(_tool(name)), "-c", str(self.folder / "etc"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}{self._log()}")
        return done.stdout


def _wait(done: Callable[[], object], seconds: float, explain: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(explain())
        time.sleep(0.05)


def _configure(folder: Path, port: int, lmtp: int) -> None:
    found = {"folder": folder, "commands": Path(str(_tool("postfix"))).parent, "port": port, "lmtp": lmtp}
    found["daemons"] = subprocess.run(
        [str(_tool("postconf")), "-dh", "daemon_directory"], capture_output=True, text=True, check=True
    ).stdout.strip()
    found |= {"owner": "postfix", "group": "postdrop"}
    (folder / "etc" / "main.cf").write_text(MAIN.format(**found))
    (folder / "etc" / "master.cf").write_text(MASTER.format(**found))


@contextmanager
def running() -> Iterator[Postfix]:
    """A Postfix that hands its mail to nobody yet. Needs root; removed with its folder."""
    folder = Path(tempfile.mkdtemp(prefix="mailcase-postfix-"))
    folder.chmod(0o755)  # its daemons run as another user
    for name in ("etc", "queue", "data", "log"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    _configure(folder, port, 9)
    server = Postfix(folder, port)
    try:
        server._run("postfix", "start")
        _wait(lambda: _answers(port), 20, server._log)
        yield server
    finally:
        server._run("postfix", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
