"""No password leaves before the connection is encrypted and the server proven (attacks F11, bar 39, RFC 8314)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from mailcase.intake.imap_session import Disconnected, connect
from mailcase.store.engine import Database
from tests.intake.imap_desk import desk, mail
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Proxy


class Listener:
    """Accepts TLS connections with a certificate, greets, and keeps what it is told."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.told = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True) as secure:
                    secure.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")
                    self.told += secure.recv(10_000)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """The authority that this machine trusts during the test."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


def _wrong_host(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert("other.example").configure_cert(context)


def _expired(authority: trustme.CA, context: ssl.SSLContext) -> None:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("localhost", not_before=datetime(2019, 1, 1, tzinfo=UTC), not_after=past).configure_cert(
        context
    )


def _unknown_issuer(_: trustme.CA, context: ssl.SSLContext) -> None:
    trustme.CA().issue_cert("localhost").configure_cert(context)


def _old_tls(authority: trustme.CA, context: ssl.SSLContext) -> None:
    authority.issue_cert("localhost").configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1


@pytest.mark.parametrize("flaw", [_wrong_host, _expired, _unknown_issuer, _old_tls])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_server_that_is_not_proven_gets_no_word(
    flaw: Callable[[trustme.CA, ssl.SSLContext], None],
    database: Database,
    server: Dovecot,
    authority: trustme.CA,
    tmp_path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    flaw(authority, context)
    listener = Listener(context)
    try:
        it = desk(database, server, tmp_path, port=listener.port, tls="implicit")
        with pytest.raises(Disconnected, match="cannot connect"):
            connect(it.imap)
        assert listener.told == b""
    finally:
        listener.close()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_proven_server_is_read(
    tls: str, database: Database, server: Dovecot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    it = desk(database, server, tmp_path, tls=tls, port=server.tls_port if tls == "implicit" else server.port)
    it.append(mail(1))
    assert it.poll().stored == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_an_unknown_issuer_is_refused_unless_the_operator_said_insecure(
    tls: str, database: Database, server: Dovecot, tmp_path: Path
) -> None:
    port = server.tls_port if tls == "implicit" else server.port
    with pytest.raises(Disconnected, match="certificate is not to be trusted"):
        connect(desk(database, server, tmp_path, tls=tls, port=port).imap)
    it = desk(database, server, tmp_path, tls=tls, port=port, insecure=True)
    it.append(mail(1))
    assert it.poll().stored == 1


@pytest.fixture
def middle(server: Dovecot) -> Iterator[tuple[Proxy, list[bytes]]]:
    """Somebody between us and the server who reads along; `said` is what the client says."""
    said: list[bytes] = []
    with Proxy(("127.0.0.1", server.port)) as proxy:
        proxy.on_command = said.append
        yield proxy, said


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b" STARTTLS", b"", "offers no STARTTLS"),
        (b"* OK [", b"* PREAUTH [", "illegal in state AUTH"),
        (b"OK Begin TLS", b"NO not today", "cannot log in"),
    ],
)
def test_required_starttls_is_not_to_be_talked_away(
    before: bytes,
    after: bytes,
    words: str,
    database: Database,
    server: Dovecot,
    middle: tuple[Proxy, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    proxy, said = middle
    proxy.on_reply = lambda told: told.replace(before, after)
    it = desk(database, server, tmp_path, tls="starttls", port=proxy.port)
    with pytest.raises(Disconnected, match=words):
        connect(it.imap)
    everything = b"".join(said)
    assert b"CAPABILITY" in everything
    assert b"AUTHENTICATE" not in everything
    assert b"LOGIN" not in everything


def test_words_put_in_before_tls_are_forgotten(
    database: Database,
    server: Dovecot,
    middle: tuple[Proxy, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """CVE-2021-33515 and its kin: what was said in the clear must not count as said under TLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    proxy, _ = middle
    proxy.on_reply = lambda told: told.replace(
        b"OK Begin TLS negotiation now.\r\n",
        b"OK Begin TLS negotiation now.\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n",
    )
    it = desk(database, server, tmp_path, tls="starttls", port=proxy.port)
    it.append(mail(1))
    with connect(it.imap) as session:
        assert b"LOGINDISABLED" not in session.capabilities
        assert b"IDLE" in session.capabilities


def test_no_password_where_the_server_takes_none(
    database: Database, server: Dovecot, middle: tuple[Proxy, list[bytes]], tmp_path: Path
) -> None:
    proxy, said = middle
    proxy.on_reply = lambda told: told.replace(b"AUTH=PLAIN", b"LOGINDISABLED")
    with pytest.raises(Disconnected, match="takes no password without TLS"):
        connect(desk(database, server, tmp_path, port=proxy.port).imap)
    assert b"secret" not in b"".join(said)
    assert b"AUTHENTICATE" not in b"".join(said)


def test_login_where_the_server_has_no_plain(
    database: Database, server: Dovecot, middle: tuple[Proxy, list[bytes]], tmp_path: Path
) -> None:
    proxy, said = middle
    proxy.on_reply = lambda told: told.replace(b" AUTH=PLAIN", b"").replace(b" AUTH=LOGIN", b"")
    it = desk(database, server, tmp_path, port=proxy.port)
    it.append(mail(1))
    assert it.poll().stored == 1
    assert b"LOGIN" in b"".join(said)
