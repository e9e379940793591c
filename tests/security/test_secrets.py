"""Secrets and foreign words in logs, lists of processes and databases (S29, S36, S38, S39)."""

from __future__ import annotations

import ast
import base64
import json
import os
import signal
import smtplib
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.servers.sink import Fault, Sink
from tools.desk import Desk

ROOT = Path(__file__).parents[2]
KEY, OLD_KEY = "canarykey0f0f0f0f0f0f0f0f0f0f", "canaryoldkey1e1e1e1e1e1e1e1e1e"
SMTP, IMAP, BOB = "canarysmtp77aa77aa", "canaryimap88bb88bb", "canarybob99cc99cc"
SECRETS = (KEY, OLD_KEY, SMTP, IMAP, BOB)
HOSTILE = 'x\r\n{"level":"error"}\x1b[2J\u202e\u2028 canarysubject'


class Echo:
    """An IMAP server that refuses every login and says it back, as a careless one may."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
            for line in lines:
                self.lines.append(line)
                tag, command = line.split(b" ", 1)
                if command.upper().startswith(b"CAPABILITY"):
                    connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                else:
                    connection.sendall(tag + b" NO [AUTHENTICATIONFAILED] not with " + command)


@dataclass
class Troubled:
    """A desk on which every call to the outside fails."""

    desk: Desk
    sink: Sink
    imap: Echo
    ca: ssl.SSLContext


def secret_files(folder: Path, issuer: trustme.CA) -> None:
    for name, text in (("smtp-password", SMTP), ("imap-password", IMAP), ("bob-password", BOB)):
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
    (folder / "secret").write_text(f"{KEY}\n{OLD_KEY}\n")
    issued = issuer.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)


@pytest.fixture(scope="module")
def troubled() -> Iterator[Troubled]:
    issuer, imap = trustme.CA(), Echo()
    with Sink(users={"desk": SMTP}) as sink:
        desk = Desk(
            send=f"smtp://127.0.0.1:{sink.port}",
            send_more='user = "desk"\npassword_file = "smtp-password"\nretry = ["1s"]',
            mailbox_more=f'[mailbox.imap]\nhost = "127.0.0.1"\nport = {imap.port}\nuser = "desk"\ntls = "none"\n'
            'password_file = "imap-password"\npoll = "1s"\ntimeout = "2s"',
            more='password_file = "bob-password"\n[log]\nformat = "json"\nlevel = "debug"',
        )
        text = desk.config.read_text()
        text = text.replace(
            "[smtp]\n", '[smtp]\ntls = "starttls"\ntls_certificate = "cert.pem"\ntls_key = "key.pem"\nauth = true\n'
        )
        desk.config.write_text(text)
        secret_files(desk.folder, issuer)
        said = base64.b64encode(f"\0desk\0{SMTP}".encode()).decode()
        sink.faults["auth"] = Fault(f"535 5.7.8 not with {said} nor {SMTP}")
        context = ssl.create_default_context()
        issuer.configure_trust(context)
        with desk:
            yield Troubled(desk, sink, imap, context)
    imap.listener.close()


def in_trouble(t: Troubled) -> str:
    """Make every call fail once, and return all that can be read from outside."""
    t.desk.write("Ann <ann@example.org>", "canarysubject", "canarybody words")
    t.desk.wait_for(lambda: any(c.startswith("AUTH") for c in t.sink.commands), "the smarthost refuses the login")
    t.desk.wait_for(lambda: any(IMAP.encode() in line for line in t.imap.lines), "the mailbox refuses the login")
    for password in ("wrong", BOB + "x"):
        with smtplib.SMTP("localhost", t.desk.ports["smtp"], timeout=20) as client:
            client.starttls(context=t.ca)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("bob", password)
    said = []
    for path in ("healthz", "metrics", "nothing"):
        try:
            said.append(
                urllib.request.urlopen(f"http://127.0.0.1:{t.desk.ports['http']}/{path}", timeout=10).read().decode()
            )
        except urllib.error.HTTPError as error:
            said.append(error.read().decode())
    said.append(t.desk.run("check", code=1))
    good = t.desk.config.read_text()
    t.desk.config.write_text(good.replace("[send]", "[send]\nnonsense = 1"))
    assert t.desk.process is not None
    t.desk.process.send_signal(signal.SIGHUP)
    t.desk.wait_for(lambda: "nonsense" in t.desk.log(), "the broken config is refused")
    t.desk.config.write_text(good)
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(path.name)) == t.desk.process.pid:
                said.append((path / "cmdline").read_text() + (path / "environ").read_text())
        except OSError:
            continue
    time.sleep(0.2)
    return "\n".join(said)


def test_S29_no_secret_is_told_when_everything_fails(troubled: Troubled) -> None:
    said = in_trouble(troubled)
    assert "mailcase" in said
    hidden = [f"\0{user}\0{word}" for word in SECRETS for user in ("desk", "bob")]
    forms = [
        form for word in (*SECRETS, *hidden) for form in (word, base64.b64encode(word.encode()).decode().rstrip("="))
    ]
    files = {p: p.read_bytes() for p in troubled.desk.folder.rglob("*") if p.is_file()}
    for word in forms:
        assert word not in said, word
        for path, data in files.items():
            if path.name not in ("smtp-password", "imap-password", "bob-password", "secret"):
                assert word.encode() not in data, f"{word} in {path.name}"


def test_S38_S39_every_line_is_json_and_holds_no_words_of_a_mail(troubled: Troubled) -> None:
    word = "=?utf-8?b?" + base64.b64encode(HOSTILE.encode()).decode() + "?="
    head = "".join(f"{name}: {word}{end}\r\n" for name, end in (
        ("From", " <canaryaddress@example.org>"), ("Subject", ""), ("Message-ID", ""), ("In-Reply-To", ""), ("X-Mailer", ""), ("Date", ""),
        ("Content-Disposition", ""), ("List-Id", ""),
    ))  # fmt: skip
    desk = troubled.desk
    before = desk.log().count('"event": "mail"')
    desk.send(
        f'{head}Content-Type: text/plain; charset="{word}"\r\n\r\n\x1b[2J canarybody\r\n'.encode(),
        "",
        "support@example.com",
    )
    desk.send(f"{head}\r\ncanarybody\r\n".encode(), "canaryaddress@example.org", "support@example.com")
    with socket.create_connection(("127.0.0.1", desk.ports["smtp"])) as raw:
        raw.sendall(b'EHLO \x1b[2J"}\x00\xff\r\nMAIL FROM:<\x1b"{@x>\r\nRCPT TO:<\xff\x1b{"@example.com>\r\nQUIT\r\n')
        while raw.recv(4096):
            pass
    desk.wait_for(lambda: desk.log().count('"event": "mail"') >= before + 2, "both are worked on")
    lines = desk.log().splitlines()
    assert len(lines) > 4
    for line in lines:
        assert isinstance(json.loads(line), dict)
        assert line.isprintable()
        assert not any(
            canary in line for canary in ("canarysubject", "canarybody", "canaryaddress", "ann@example.org")
        ), line


SECRET_NAMES = ("mac", "token", "password", "secret", "digest", "signature", "hmac", "passwd", "expected")
# Compared here is a kind, a name or an emptiness, not the secret.
HARMLESS = ("kind", "number", "password_file", "secret_file", "token_for")


def unsafe(source: str) -> list[int]:
    """The lines on which something that is called like a secret is compared with == or !=."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq | ast.In) for op in node.ops):
            for side in (node.left, *node.comparators):
                name = side.attr if isinstance(side, ast.Attribute) else side.id if isinstance(side, ast.Name) else ""
                if name in SECRET_NAMES and not any(
                    isinstance(s, ast.Constant) for s in (node.left, *node.comparators)
                ):
                    found.append(node.lineno)
    return found


def test_S36_secrets_are_never_compared_letter_by_letter() -> None:
    assert unsafe("token.mac == expected\npassword != given\na.kind == b\nif token == '': pass") == [1, 1, 2]
    places = {str(p.relative_to(ROOT)): unsafe(p.read_text("utf-8")) for p in (ROOT / "mailcase").rglob("*.py")}
    assert {name: lines for name, lines in places.items() if lines} == {}
    using = [p.name for p in (ROOT / "mailcase").rglob("*.py") if "compare_digest" in p.read_text("utf-8")]
    assert sorted(using) == ["smtp_auth.py", "token.py"]
