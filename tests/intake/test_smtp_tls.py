"""TLS and logins on the listener (B1, S26, S28): real certificates, real handshakes."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from mailcase.config.errors import ConfigError
from mailcase.intake.smtp_auth import read_passwords, server_context
from tests.intake.smtp_desk import MAIL, Desk, Wire, config_of, mail, running

BOB = {"name": "bob", "address": "bob@corp.example", "aliases": ["robert@corp.example"]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("desk.example", "127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    (folder / "bob").write_text("s3cret-pässword\nnot this\n")
    return {name: folder / name for name in ("ca.pem", "key.pem", "cert.pem", "bob")}


def table(files: dict[str, Path], tls: str) -> dict[str, Any]:
    agent = {**BOB, "password_file": str(files["bob"])}
    return {
        "tls": tls, "tls_certificate": str(files["cert.pem"]), "tls_key": str(files["key.pem"]), "auth": True,
        "agents": [agent],
    }  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, database: object, files: dict[str, Path]) -> Iterator[Desk]:
    with running(tmp_path / "mailcase.db", **table(files, "starttls")) as desk:
        yield desk


@pytest.fixture
def trusting(files: dict[str, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(files["ca.pem"]))


def secured(desk: Desk, context: ssl.SSLContext) -> smtplib.SMTP:
    client = smtplib.SMTP(*desk.smtp, timeout=10)
    client.starttls(context=context)
    return client


def test_starttls_and_a_login_say_who_it_is(desk: Desk, trusting: ssl.SSLContext) -> None:
    with secured(desk, trusting) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert client.has_extn("auth")
        assert client.docmd("AUTH", _plain("bob", "s3cret-pässword"))[0] == 235
        client.sendmail("bob@corp.example", ["support+c16i-token@example.com"], MAIL)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("bob@corp.example", ["victim@elsewhere.example"], mail(2))
    (row,) = desk.kept()
    assert (row.authenticated, row.raw) == ("bob", MAIL)
    assert row.origin.endswith("/tls")


@pytest.mark.parametrize("login", ["bob", "BOB", "bob@corp.example", "robert@corp.example"])
@pytest.mark.parametrize("way", ["plain", "plain-asked", "login", "login-first"])
def test_ways_to_log_in(desk: Desk, trusting: ssl.SSLContext, login: str, way: str) -> None:
    name, password = base64.b64encode(login.encode()).decode(), base64.b64encode("s3cret-pässword".encode()).decode()
    with secured(desk, trusting) as client:
        client.ehlo()
        if way == "plain":
            codes = [client.docmd("AUTH", _plain(login, "s3cret-pässword"))]
        elif way == "plain-asked":
            codes = [client.docmd("AUTH PLAIN"), client.docmd(_plain(login, "s3cret-pässword").split()[1])]
        elif way == "login":
            codes = [client.docmd("AUTH LOGIN"), client.docmd(name), client.docmd(password)]
        else:
            codes = [client.docmd("AUTH", f"login {name}"), client.docmd(password)]
        assert [code for code, _ in codes] == [334] * (len(codes) - 1) + [235]
        assert client.docmd("AUTH", _plain(login, "s3cret-pässword"))[0] == 503


@pytest.mark.parametrize(
    ("login", "password"), [("bob", "wrong"), ("eve", "s3cret-pässword"), ("bob", ""), ("", ""), ("bob", "not this")]
)
def test_wrong_logins_are_refused(desk: Desk, trusting: ssl.SSLContext, login: str, password: str) -> None:
    with secured(desk, trusting) as client:
        client.ehlo()
        code, text = client.docmd("AUTH", _plain(login, password))
        assert (code, text[:5]) == (535, b"5.7.8")
        client.sendmail("bob@corp.example", ["support@example.com"], MAIL)
    assert [row.authenticated for row in desk.kept()] == [""]


def test_guessing_ends_the_session(desk: Desk, trusting: ssl.SSLContext) -> None:
    with secured(desk, trusting) as client:
        client.ehlo()
        for _ in range(3):
            assert client.docmd("AUTH", _plain("bob", "guess"))[0] == 535
        code, text = client.getreply()
        assert (code, text[:5]) == (421, b"4.7.0")


@pytest.mark.parametrize(
    "line", ["AUTH PLAIN !!", "AUTH PLAIN AAAA", "AUTH PLAIN =", "AUTH", "AUTH CRAM-MD5", "AUTH PLAIN a b"]
)
def test_broken_logins_are_client_errors(desk: Desk, trusting: ssl.SSLContext, line: str) -> None:
    with secured(desk, trusting) as client:
        client.ehlo()
        assert client.docmd(line)[0] in (501, 504)
        assert client.noop()[0] == 250


def test_no_login_in_clear(desk: Desk) -> None:
    with Wire(desk.smtp) as wire:
        assert "AUTH" not in wire.say("EHLO c")
        assert wire.say("AUTH PLAIN AGJvYgBzM2NyZXQ=").startswith("538 5.7.11")


def test_what_is_sent_behind_starttls_is_not_obeyed(desk: Desk) -> None:
    """S26, CVE-2011-0411: the commands would seem to have come over TLS."""
    with Wire(desk.smtp) as wire:
        wire.say("EHLO c")
        wire.send(b"STARTTLS\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<support@example.com>\r\n")
        assert wire.reply().startswith("503 5.5.1")
        assert wire.closed()


def test_starttls_forgets_what_was_said_before(desk: Desk, trusting: ssl.SSLContext) -> None:
    with smtplib.SMTP(*desk.smtp) as client:
        client.ehlo()
        client.docmd("MAIL FROM:<a@b.example>")
        client.starttls(context=trusting)
        assert client.docmd("RCPT TO:<support@example.com>")[0] == 503
        assert client.docmd("MAIL FROM:<a@b.example>")[0] == 503, "EHLO is asked for again"


def test_a_handshake_that_fails_leaves_nothing(desk: Desk) -> None:
    assert desk.door is not None
    with Wire(desk.smtp) as wire:
        assert wire.say("EHLO c").startswith("250")
        assert wire.say("STARTTLS") == "220 2.0.0 Begin TLS"
        wire.send(b"this is no ClientHello at all\r\n" * 3)
        while wire.socket.recv(1000):
            pass
    with Wire(desk.smtp) as wire:
        assert wire.say("EHLO c").startswith("250")
        assert len(desk.door.sessions) == 1


def test_implicit_tls(tmp_path: Path, database: object, files: dict[str, Path], trusting: ssl.SSLContext) -> None:
    with running(tmp_path / "mailcase.db", max_connections_per_ip=2, **table(files, "implicit")) as desk:
        with smtplib.SMTP_SSL(*desk.smtp, context=trusting) as client:
            client.ehlo()
            assert client.has_extn("auth")
            assert not client.has_extn("starttls")
            client.docmd("AUTH", _plain("bob", "s3cret-pässword"))
            big = mail("big", (b"z" * 70 + b"\r\n") * 20_000)
            client.sendmail("bob@corp.example", ["support@example.com"], big)
        (row,) = desk.kept()
        assert (row.raw, row.authenticated) == (big, "bob")
        waiting = [socket.create_connection(desk.smtp) for _ in range(2)]
        with socket.create_connection(desk.smtp, 5) as third:
            assert third.recv(100) == b"", "counted before the handshake, and nothing in clear"
        for connection in waiting:
            connection.close()
        end = time.monotonic() + 10
        while desk.door is not None and desk.door.sessions:
            assert time.monotonic() < end, "who hangs up in the handshake is not counted any more"
            time.sleep(0.05)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(desk: Desk, trusting: ssl.SSLContext) -> None:
    trusting.minimum_version = ssl.TLSVersion.TLSv1
    trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    with smtplib.SMTP(*desk.smtp) as client, pytest.raises((ssl.SSLError, OSError)):
        client.starttls(context=trusting)


def test_a_certificate_that_cannot_be_read_names_the_key(files: dict[str, Path], tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    config = config_of({"tls": "starttls", "tls_certificate": missing, "tls_key": str(files["key.pem"])})
    assert config.smtp is not None
    with pytest.raises(ConfigError, match=r"none\.pem"):
        server_context(config.smtp)
    without = config_of({"auth": True}, [{**BOB, "password_file": str(tmp_path / "none")}])
    with pytest.raises(ConfigError, match="none"):
        read_passwords(without)


def _plain(login: str, password: str) -> str:
    return "PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode()).decode()
