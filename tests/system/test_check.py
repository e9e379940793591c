"""`mailcase check` against real servers: what is right is seen, what is wrong is named, and no mail is begun (P2)."""

from __future__ import annotations

import datetime
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from mailcase.cli.check import Finding, look
from mailcase.cli.looking import at_clock
from mailcase.config import load
from mailcase.store import migrate
from mailcase.store.engine import Database
from tests.servers import dovecot
from tests.servers.sink import Fault, Sink

MAILBOX = '[[mailbox]]\nname = "support"\naddress = "support@example.com"\n'


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """An authority that this machine trusts for the length of a test."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


@pytest.fixture(scope="module")
def imap() -> Iterator[dovecot.Dovecot]:
    if dovecot.missing():
        pytest.skip(dovecot.missing())
    server = dovecot.start_dovecot()
    yield server
    server.remove()


def seen(folder: Path, text: str) -> dict[str, Finding]:
    """What is found with a config, by what was looked at; the last finding of each."""
    (folder / "secret").write_text("0123456789abcdef0123456789abcdef\n")
    (folder / "password").write_text("secret\n")
    (folder / "mailcase.toml").write_text('secret_file = "secret"\n' + text)
    return {finding.what: finding for finding in look(load(folder / "mailcase.toml"))}


def smtp(sink: Sink, scheme: str, user: str = "") -> str:
    login = f'user = "{user}"\npassword_file = "password"\n' if user else ""
    return f'[send]\nto = "{scheme}://localhost:{sink.port}"\n{login}{MAILBOX}'


def context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


@pytest.mark.parametrize(("scheme", "implicit"), [("smtp+starttls", False), ("smtps", True)])
def test_a_smarthost_is_logged_in_to(scheme: str, implicit: bool, authority: trustme.CA, tmp_path: Path) -> None:
    with Sink(context=context(authority), implicit=implicit, users={"desk": "secret"}) as sink:
        found = seen(tmp_path, smtp(sink, scheme, "desk"))["send"]
        assert (found.state, found.detail) == ("ok", f"{scheme}://localhost:{sink.port}, logged in as desk")
        assert not [command for command in sink.commands if command.upper().startswith("MAIL")]


def test_a_refused_login_is_named(authority: trustme.CA, tmp_path: Path) -> None:
    with Sink(context=context(authority), users={"desk": "another"}) as sink:
        found = seen(tmp_path, smtp(sink, "smtp+starttls", "desk"))["send"]
        assert found.state == "failed"
        assert "535" in found.detail


def test_a_server_without_starttls_hears_no_password(tmp_path: Path) -> None:
    with Sink(users={"desk": "secret"}) as sink:
        assert seen(tmp_path, smtp(sink, "smtp+starttls", "desk"))["send"].state == "failed"
        assert not [command for command in sink.commands if command.upper().startswith("AUTH")]


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    with Sink(context=context(authority, "elsewhere.example"), users={"desk": "secret"}) as sink:
        found = seen(tmp_path, smtp(sink, "smtp+starttls", "desk"))["send"]
        assert found.state == "failed"
        assert "elsewhere" not in "".join(sink.commands)
        assert not [command for command in sink.commands if command.upper().startswith("AUTH")]


def test_a_smarthost_that_is_busy_or_gone_is_named(tmp_path: Path) -> None:
    with Sink() as sink:
        sink.faults["connect"] = Fault("421 4.3.2 closed for lunch")
        assert "closed for lunch" in seen(tmp_path, smtp(sink, "smtp"))["send"].detail
    gone = seen(tmp_path, smtp(sink, "smtp"))["send"]
    assert (gone.state, "refused" in gone.detail) == ("failed", True)


def imap_config(server: dovecot.Dovecot, extra: str = "") -> str:
    return (
        f'{MAILBOX}[mailbox.imap]\nhost = "localhost"\nport = {server.tls_port}\nuser = "check"\n'
        f'password_file = "password"\n{extra}'
    )


def test_a_mailbox_is_looked_into(imap: dovecot.Dovecot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(imap.authority))
    found = seen(tmp_path, imap_config(imap))["imap support"]
    assert (found.state, found.detail) == ("ok", f"check at localhost:{imap.tls_port}, INBOX, IDLE")


def test_a_folder_that_is_not_there_is_named(
    imap: dovecot.Dovecot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(imap.authority))
    found = seen(tmp_path, imap_config(imap, 'sent_folder = "Nowhere"\n'))["imap support"]
    assert found.state == "failed"
    assert "there is no folder Nowhere" in found.detail


def test_a_server_nobody_vouches_for_is_named(imap: dovecot.Dovecot, tmp_path: Path) -> None:
    found = seen(tmp_path, imap_config(imap))["imap support"]
    assert found.state == "failed"
    assert "certificate" in found.detail


def test_the_schema_is_looked_at(database_url: str, tmp_path: Path) -> None:
    text = f'database = "{database_url}"\n{MAILBOX}'
    found = seen(tmp_path, text)["database"]
    assert (found.state, found.detail) == (
        "ok",
        f"{database_url.partition(':')[0].partition('+')[0]}, schema {migrate.HEAD}",
    )
    database = Database.open(database_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    newer = seen(tmp_path, text)["database"]
    assert newer.state == "failed"
    assert "9999" in newer.detail


def test_a_database_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_text("this is a text file, and a rather long one at that\n" * 100)
    found = seen(tmp_path, f'database = "sqlite:///desk.db"\n{MAILBOX}')["database"]
    assert found.state == "failed"


def test_a_template_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/acknowledgement.txt").write_text("Subject: x\n\n{{ nobody }} {% if %}\n")
    found = seen(tmp_path, f'templates = "own"\n{MAILBOX}')["templates"]
    assert found.state == "failed"
    assert "acknowledgement.txt:3" in found.detail


def tls(folder: Path, authority: trustme.CA, days: float) -> str:
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    issued = authority.issue_cert("mail.example.com", not_after=ends)
    issued.private_key_pem.write_to_path(folder / "tls.key")
    (folder / "tls.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return f'[smtp]\ntls = "starttls"\ntls_certificate = "tls.pem"\ntls_key = "tls.key"\n{MAILBOX}'


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [(90, "ok", "is good until"), (5.5, "warning", "5 days more; renew it"), (-1, "failed", "certificate has expired")],
)
def test_our_certificate(days: float, state: str, words: str, authority: trustme.CA, tmp_path: Path) -> None:
    found = seen(tmp_path, tls(tmp_path, authority, days))["certificate"]
    assert found.state == state
    assert words in found.detail


def test_a_key_of_another_certificate_is_named(authority: trustme.CA, tmp_path: Path) -> None:
    text = tls(tmp_path, authority, 90)
    authority.issue_cert("other.example").private_key_pem.write_to_path(tmp_path / "tls.key")
    assert seen(tmp_path, text)["certificate"].state == "failed"


def test_a_clock_that_went_back_is_named(tmp_path: Path) -> None:
    assert seen(tmp_path, MAILBOX)["clock"].state in ("ok", "warning")
    config = load(tmp_path / "mailcase.toml")
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).timestamp()
    os.utime(config.secret_file, (tomorrow, tomorrow))
    (found,) = at_clock(config)
    assert found.state == "failed"
    assert "our files were written" in found.detail


def test_the_disk_is_looked_at(tmp_path: Path) -> None:
    assert "GB free in" in seen(tmp_path, MAILBOX)["disk"].detail
    (tmp_path / "file").write_text("")
    assert seen(tmp_path, f'database = "sqlite:///file/desk.db"\n{MAILBOX}')["disk"].state == "failed"
