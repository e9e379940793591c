"""Where the listener listens: TCP, unix sockets, what systemd passes (B1)."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from mailcase.config import Config, Lmtp, Smtp
from mailcase.errors import MailcaseError
from mailcase.intake.door import address_of
from mailcase.intake.sockets import open_sockets
from tests.intake.smtp_desk import MAIL, Desk, Process, Wire, deliver, kept


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(smtp: str | None, lmtp: str | None = None) -> Config:
    return Config(smtp=Smtp(listen=smtp) if smtp else None, lmtp=Lmtp(listen=lmtp) if lmtp else None)


def test_mail_comes_in_by_ipv4_ipv6_and_unix_sockets(tmp_path: Path, database: object) -> None:
    port, path = free_port(), tmp_path / "lmtp.sock"
    sockets = open_sockets(config(f"[::]:{port}", f"unix:{path}"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    listener = Process(f"sqlite:///{tmp_path / 'mailcase.db'}", sockets)
    try:
        assert deliver(("127.0.0.1", port), MAIL)[0].startswith("250")
        assert deliver(str(path), MAIL + b"2\r\n", hello="LHLO")[0].startswith("250")
    finally:
        assert listener.stop() == 0
        sockets.close()
    one, two = kept(tmp_path / "mailcase.db")
    assert (one.peer, one.source) == ("127.0.0.1", "smtp")
    assert (two.peer, two.source, two.origin) == ("", "lmtp", "lmtp/unix/client.example")


def test_a_restart_loses_no_connection(tmp_path: Path, database: object) -> None:
    """The sockets outlive the process: who connects in between waits and is served."""
    sockets = open_sockets(config(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"))
    url, address = f"sqlite:///{tmp_path / 'mailcase.db'}", sockets.smtp[0].getsockname()
    first = Process(url, sockets)
    Wire(address).close()
    assert first.stop() == 0
    with Wire(address, greet=False) as between:
        second = Process(url, sockets)
        assert between.reply().startswith("220 ")
    assert second.stop() == 0
    sockets.close()


def test_a_socket_of_a_dead_process_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "smtp.sock"
    open_sockets(config(f"unix:{path}")).close()
    assert path.is_socket()
    living = open_sockets(config(f"unix:{path}"))
    with pytest.raises(MailcaseError, match="another process listens there"):
        open_sockets(config(f"unix:{path}"))
    living.close()


def test_a_port_in_use_is_said_and_nothing_stays_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, free = taken.getsockname()[1], free_port()
        with pytest.raises(MailcaseError, match=rf"\[lmtp\] listen = 127\.0\.0\.1:{port} cannot be opened"):
            open_sockets(config(f"127.0.0.1:{free}", f"127.0.0.1:{port}"))
        socket.create_server(("127.0.0.1", free)).close()


def test_sockets_that_systemd_passed_are_told_apart_by_name() -> None:
    smtp, lmtp = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    found = open_sockets(config("systemd", "systemd"), {"smtp": [smtp], "lmtp": [lmtp]})
    assert (found.smtp, found.lmtp) == ((smtp,), (lmtp,))
    with pytest.raises(MailcaseError, match="lmtp"):
        open_sockets(config(None, "systemd"), {"smtp": [smtp]})
    found.close()


def test_only_what_is_configured_is_opened() -> None:
    assert open_sockets(config(None)).all == ()


@pytest.mark.parametrize(
    ("peername", "address"),
    [
        (("192.0.2.1", 25), "192.0.2.1"), (("::ffff:192.0.2.1", 25, 0, 0), "192.0.2.1"),
        (("fe80::1%eth0", 25, 0, 2), "fe80::1"), (("2001:db8::1", 25, 0, 0), "2001:db8::1"), ("", ""), (b"", ""),
        (None, ""),
    ],
)  # fmt: skip
def test_addresses_of_peers(peername: object, address: str) -> None:
    assert address_of(peername) == address


def test_unix_sockets_have_no_count_of_their_own(tmp_path: Path, database: object) -> None:
    """A16: the local mail server may open as many as there are in all."""
    path = tmp_path / "lmtp.sock"
    sockets = open_sockets(config(f"127.0.0.1:{free_port()}", f"unix:{path}"))
    listener = Process(f"sqlite:///{tmp_path / 'mailcase.db'}", sockets)
    wires = [Wire(os.fspath(path)) for _ in range(40)]
    assert all(wire.banner.startswith("220 ") for wire in wires)
    for wire in wires:
        wire.close()
    assert listener.stop() == 0
    sockets.close()
    assert Desk(("", 0), ("", 0), tmp_path / "mailcase.db").kept() == []
