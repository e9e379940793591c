"""What one client may do to the others: nothing (A9, A10, A15, A16)."""

from __future__ import annotations

import resource
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.intake.smtp_desk import MAIL, Wire, deliver, mail, process, running, stuffed


def test_A9_silent_clients_are_ended(tmp_path: Path, database: object) -> None:
    """A9, with a shorter patience: before a command, and in the middle of a mail."""
    with running(tmp_path / "mailcase.db", limits={"idle": 0.5}) as desk:
        with Wire(desk.smtp) as idle, Wire(desk.smtp) as halfway:
            halfway.begin()
            halfway.send(b"Subject: I will")
            assert idle.reply().startswith("421 4.4.2")
            assert idle.closed()
            assert halfway.reply().startswith("421 4.4.2")
            assert halfway.closed()
        assert desk.kept() == []
        assert deliver(desk.smtp, MAIL)[0].startswith("250")


def test_A9_a_byte_now_and_then_holds_no_place_for_ever(tmp_path: Path, database: object) -> None:
    """A9: never idle for long, but too long in all."""
    with running(tmp_path / "mailcase.db", limits={"idle": 5, "session": 1.5}) as desk, Wire(desk.smtp) as wire:
        wire.begin()
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < 20:
                wire.send(b"x")
                time.sleep(0.05)
        assert time.monotonic() - began < 20
        assert desk.kept() == []


def test_A9_a_client_that_hangs_up_in_the_middle_leaves_nothing(tmp_path: Path, database: object) -> None:
    """A9."""
    with running(tmp_path / "mailcase.db") as desk:
        for cut in (b"", b"Subject: x\r\n", stuffed(MAIL)[:-1], stuffed(MAIL)[:-5]):
            with Wire(desk.smtp) as wire:
                wire.begin()
                wire.send(cut)
        assert deliver(desk.smtp, mail("after"))[0].startswith("250")
        assert [row.raw for row in desk.kept()] == [mail("after")]
        assert desk.door is not None
        _eventually(lambda: not desk.door.sessions)
        assert desk.door.held == 0


def test_A9_many_slow_clients_hold_up_nobody(tmp_path: Path, database: object) -> None:
    """A9: 100 clients in the middle of a mail, and one that is well."""
    with running(tmp_path / "mailcase.db", max_connections_per_ip=150) as desk:
        slow = [Wire(desk.smtp) for _ in range(100)]
        for wire in slow:
            wire.begin()
            wire.send(b"Subject: slow\r\n")
        assert deliver(desk.smtp, MAIL)[0].startswith("250")
        for wire in slow:
            wire.close()


def test_A16_connections_are_counted_by_address_and_in_all(tmp_path: Path, database: object) -> None:
    """A16."""
    with running(tmp_path / "mailcase.db", max_connections_per_ip=3, max_connections=5) as desk:
        first = [Wire(desk.smtp) for _ in range(3)]
        with Wire(desk.smtp) as wire:
            assert wire.banner == "421 4.7.0 Too many connections from your address, try again later"
            assert wire.closed()
        first.pop().close()
        _eventually(lambda: deliver(desk.smtp, MAIL) == ["250 2.0.0 OK, kept as 1"])
        for wire in first:
            wire.close()


def test_A16_a_flood_is_turned_away_and_leaves_no_sockets(tmp_path: Path, database: object) -> None:
    """A16: 400 connections at once."""
    with running(tmp_path / "mailcase.db", max_connections_per_ip=20) as desk:
        flood = [Wire(desk.smtp, greet=False) for _ in range(400)]
        banners = [wire.reply()[:9] for wire in flood]
        assert banners.count("421 4.7.0") == 380
        assert desk.door is not None
        assert len(desk.door.sessions) == 20
        for wire in flood:
            wire.close()
        _eventually(lambda: not desk.door.sessions)
        assert deliver(desk.smtp, MAIL)[0].startswith("250")


def test_errors_are_counted(tmp_path: Path, database: object) -> None:
    with running(tmp_path / "mailcase.db") as desk, Wire(desk.smtp) as wire:
        for _ in range(20):
            assert wire.say("BOGUS").startswith("500 5.5.1")
        assert wire.reply() == "421 4.7.0 Too many errors"
        assert wire.closed()


def test_A10_a_stream_without_end_takes_no_memory(tmp_path: Path, database: object) -> None:
    """A10: 100 MB where 10 are allowed. The process may grow by twice the limit."""
    with running(tmp_path / "mailcase.db", max_size="10M") as desk, Wire(desk.smtp) as wire:
        wire.begin()
        before, line = _memory(), (b"x" * 998 + b"\r\n") * 1000
        highest = 0
        for _ in range(100):
            wire.send(line)
            highest = max(highest, _memory())
        wire.send(b".\r\n")
        assert wire.reply().startswith("552 5.3.4")
        assert highest - before < 20 * 1024 * 1024
        assert wire.say("NOOP") == "250 2.0.0 OK"
        assert desk.kept() == []


def test_A10_mails_in_hand_are_bounded_over_all_sessions(tmp_path: Path, database: object) -> None:
    """200 clients with 25 MB each would be 5 GB: what goes over the budget is put off."""
    with running(tmp_path / "mailcase.db", max_size="64M") as desk:
        assert desk.door is not None
        assert desk.door.budget == 256 * 1024 * 1024
        desk.door.held += desk.door.budget - 1000
        assert deliver(desk.smtp, mail(1, b"x" * 5000 + b"\r\n"))[0].startswith("452 4.3.1")
        desk.door.held -= desk.door.budget - 1000
        assert desk.door.held == 0
        assert deliver(desk.smtp, mail(1, b"x" * 5000 + b"\r\n"))[0].startswith("250")
        assert desk.door.held == 0


def test_A15_sigterm_finishes_the_mail_in_hand_and_no_other(tmp_path: Path, database: object) -> None:
    """A15."""
    with process(tmp_path / "mailcase.db") as (listener, desk), Wire(desk.smtp) as idle, Wire(desk.smtp) as busy:
        busy.begin()
        busy.send(b"From: ann@customer.example\r\n")
        listener.terminate()
        assert idle.reply().startswith("421 4.3.2")
        assert idle.closed()
        busy.send(b"\r\nDone.\r\n.\r\n")
        assert busy.reply().startswith("250 2.0.0")
        assert busy.reply().startswith("421 4.3.2")
        assert listener.wait() == 0
        assert [row.raw for row in desk.kept()] == [b"From: ann@customer.example\r\n\r\nDone.\r\n"]


def test_A15_sigterm_at_any_time_loses_nothing(tmp_path: Path, database: object) -> None:
    """A15: what was answered with 250 is there, and nothing else."""
    accepted: list[bytes] = []
    for turn in range(3):
        with process(tmp_path / "mailcase.db") as (listener, desk):
            Wire(desk.smtp).close()

            def client(number: int, turn: int = turn, address: tuple[str, int] = desk.smtp) -> None:
                for count in range(1000):
                    raw = mail(f"{turn}-{number}-{count}")
                    try:
                        replies = deliver(address, raw)
                    except (OSError, AssertionError):
                        return
                    if not replies[0].startswith("250"):
                        return
                    accepted.append(raw)

            clients = [threading.Thread(target=client, args=(number,)) for number in range(3)]
            for thread in clients:
                thread.start()
            time.sleep(0.1 * turn)
            assert listener.stop() == 0
            desk_sockets_closed = desk  # the sockets are closed when the block ends: the clients then give up
        for thread in clients:
            thread.join(30)
        stored = [row.raw for row in desk_sockets_closed.kept()]
        assert set(accepted) <= set(stored)
        assert len(stored) == len(set(stored))


def _memory() -> int:
    """Resident bytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _eventually(true: object, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if true():  # type: ignore[operator]
                return
        except AssertionError:
            pass
        assert time.monotonic() < end
        time.sleep(0.05)
