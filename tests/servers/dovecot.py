"""A real Dovecot in a temporary folder: any user name logs in with the password "secret"."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import trustme
from imapclient import IMAPClient

PASSWORD = "secret"
_READY_SECONDS = 20.0

# Dovecot 2.3 (Debian 12, Ubuntu 24.04): no root needed once the users are our own and nothing is chrooted.
_CONFIG_23 = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
mailbox_list_index = no
{capability}
{plugins}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""

# Dovecot 2.4 (Debian 13) renamed most of these.
_CONFIG_24 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = yes
ssl_server_cert_file = {folder}/server.pem
ssl_server_key_file = {folder}/server.key
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_driver = maildir
mail_path = ~/Maildir
mail_uid = {user}
mail_gid = {group}
mail_home = {folder}/home/%{{user}}
mail_max_userip_connections = 100
mailbox_list_index = no
{capability}
{plugins}
namespace inbox {{
  inbox = yes
  separator = .
}}
passdb static {{
  password = secret
}}
userdb static {{
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""

_PLUGINS_23 = {
    "quota": """
mail_plugins = quota
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
}}
plugin {{
  quota = count:User quota
  quota_rule = *:storage={quota}
  quota_vsizes = yes
  quota_grace = 0
}}
""",
    "acl": "mail_plugins = acl\nplugin {{\n  acl = vfile\n}}\n",
}
_PLUGINS_24 = {
    "quota": """
mail_plugins {{
  quota = yes
}}
protocol imap {{
  mail_plugins {{
    imap_quota = yes
  }}
}}
quota "User quota" {{
  driver = count
  storage_size = {quota}
}}
""",
    "acl": "mail_plugins {{\n  acl = yes\n}}\nacl_driver = vfile\n",
}


def missing() -> str:
    """Why there can be no Dovecot here, or "" when there can."""
    return "" if _program() else "dovecot is not installed (apt-get install dovecot-imapd)"


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Dovecot:
    """A running server: `port` speaks STARTTLS, `tls_port` TLS from the start; `authority` is the PEM of its issuer."""

    folder: Path
    port: int
    tls_port: int
    authority: Path
    user: str
    process: subprocess.Popen[bytes] | None = None
    host: str = "localhost"
    clients: list[IMAPClient] = field(default_factory=list)

    def start(self) -> None:
        """Start it on its ports and wait until it greets."""
        self.process = subprocess.Popen(
            [_program(), "-F", "-c", str(self.folder / "dovecot.conf")],
            user=self.user if os.getuid() == 0 else None,
            group=_group_of(self.user) if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr.log").open("ab"),
            start_new_session=True,
        )
        deadline = time.monotonic() + _READY_SECONDS
        while not _greets(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("Dovecot did not start:\n" + self.log())
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and the children it started. Its clients see a BYE."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)

    def remove(self) -> None:
        """Stop it and delete its folder."""
        for client in self.clients:
            try:
                client.shutdown()
            except OSError:
                continue
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it wrote: its own log and its standard error."""
        texts = [self.folder / "stderr.log", self.folder / "dovecot.log"]
        return "".join(path.read_text(errors="replace") for path in texts if path.exists())

    def client(self, user: str) -> IMAPClient:
        """A logged-in plain connection; closed with the server at the latest."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        client.login(user, PASSWORD)
        client.normalise_times = False
        self.clients.append(client)
        return client

    def append(
        self,
        user: str,
        mails: Iterable[bytes],
        folder: str = "INBOX",
        flags: tuple[bytes, ...] = (),
        at: datetime | None = None,
    ) -> None:
        """Put mails into a folder, which is made when it is not there."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for raw in mails:
                client.append(folder, raw, flags=flags, msg_time=at)

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """The flags of every mail of a folder, by UID; {} for a folder that is not there."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return {}
            client.select_folder(folder, readonly=True)
            found = client.search("ALL")
            return dict(client.get_flags(found)) if found else {}

    def kick(self, user: str) -> None:
        """Make the server say BYE to the user's connections."""
        command = ["doveadm", "-c", str(self.folder / "dovecot.conf"), "kick", user]
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            user=self.user if os.getuid() == 0 else None,
            group=_group_of(self.user) if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
        )

    def home(self, user: str) -> Path:
        """The user's Maildir."""
        return self.folder / "home" / user / "Maildir"


def start_dovecot(*, capability: str = "", quota: str = "", acl: bool = False) -> Dovecot:
    """A started server. `capability` replaces what it advertises; `quota` ("1M") limits each user; `acl` reads
    dovecot-acl files. Works for root (it runs as nobody then) and for an ordinary user. Call `remove()` at the end.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailcase-dovecot-"))
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    for attempt in range(3):
        server = Dovecot(folder, free_port(), free_port(), folder / "authority.pem", user)
        (folder / "dovecot.conf").write_text(_config(server, capability, quota, acl))
        _give_away(folder, user)
        try:
            server.start()
        except RuntimeError:  # somebody took the port in between
            if attempt == 2:
                raise
        else:
            return server
    raise AssertionError("unreachable")


def _config(server: Dovecot, capability: str, quota: str, acl: bool) -> str:
    version = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=True).stdout
    new = tuple(map(int, re.findall(r"\d+", version)[:2])) >= (2, 4)
    plugins = _PLUGINS_24 if new else _PLUGINS_23
    wanted = (plugins["quota"].format(quota=quota) if quota else "") + (plugins["acl"].format() if acl else "")
    return (_CONFIG_24 if new else _CONFIG_23).format(
        folder=server.folder,
        user=server.user,
        group=grp.getgrgid(_group_of(server.user)).gr_name,
        port=server.port,
        tls_port=server.tls_port,
        capability=f"imap_capability = {capability}" if capability else "",
        plugins=wanted,
    )


def _program() -> str:
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or ""


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _give_away(folder: Path, user: str) -> None:
    """Root makes the folder, the server's user owns it."""
    if os.getuid() == 0:
        owner = pwd.getpwnam(user)
        folder.chmod(0o755)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            return probe.recv(64).startswith(b"* OK")
    except OSError:
        return False
