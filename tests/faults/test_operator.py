"""What an operator does to a daemon: two at once, wrong configs, broken templates, another schema: rows C3, C5, C8, C9."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.faults.clients import Clients, deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, is_full, sqlite_is_enough
from tests.faults.desk import FaultDesk
from tests.faults.oracle import judge

BAD = sorted((Path(__file__).parents[1] / "config" / "bad").glob("*.toml"))
OWN_TEMPLATES = ('secret_file = "secret"', 'secret_file = "secret"\ntemplates = "own"')


@pytest.mark.timeout(600)
def test_C5_a_second_daemon_is_refused(desk: FaultDesk, open_desk: Open, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    tries = count("second", 1, 100)
    desk.start()
    second = open_desk()
    assert second.url == desk.url
    for _ in range(tries):
        second.begin()
        assert second.wait_for_end() == 1
        assert "mailcase is already running on this database" in second.said()
    one = letter()
    assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")
    desk.settle()
    assert judge(desk, [one]).problems == ()
    figure("C5", f"refused {tries} of {tries} times, and said why; the first one went on")


def test_C5_a_lock_that_the_server_dropped_is_taken_again(desk: FaultDesk, open_desk: Open, figure: Figure) -> None:
    """On PostgreSQL the lock is a session's, and an administrator may end sessions. The next daemon is still refused."""
    if desk.store.path:
        pytest.skip("the kernel keeps the lock of a SQLite file as long as the process lives")
    desk.start()
    desk.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() "
              "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")  # fmt: skip
    desk.wait_for(lambda: "lock-taken-again" in desk.said(), "the lock is taken again")
    second = open_desk()
    second.begin()
    assert second.wait_for_end() == 1
    figure("C5", "lock taken again within 5 s")


def test_C5_a_daemon_that_lost_its_lock_to_another_stops(desk: FaultDesk, open_desk: Open, figure: Figure) -> None:
    if desk.store.path:
        pytest.skip("the kernel keeps the lock of a SQLite file as long as the process lives")
    desk.start()
    second = open_desk()
    # The parent sleeps while its session ends and another daemon starts.
    os.kill(desk.pid, signal.SIGSTOP)
    desk.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() "
              "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")  # fmt: skip
    second.start()
    os.kill(desk.pid, signal.SIGCONT)
    assert desk.wait_for_end() == 1
    assert "lock-lost" in desk.said()
    figure("C5", "lock lost to another daemon: stopped by itself")


@pytest.mark.timeout(600)
def test_C8_wrong_configs_are_refused_and_the_old_one_stays(open_sqlite_desk: Open, figure: Figure) -> None:
    desk = open_sqlite_desk()
    desk.start()
    parts, right = desk.parts(), desk.config.read_text("utf-8")
    chosen = BAD if is_full() else BAD[::7]
    with Clients(desk.ports, count=1) as clients:
        for number, path in enumerate(chosen, 1):
            desk.config.write_bytes(path.read_bytes())
            desk.signal(signal.SIGHUP)
            desk.wait_for(lambda: desk.said().count("reload-refused") == number, path.name)  # noqa: B023
        refused = [line for line in desk.said().splitlines() if "reload-refused" in line]
        desk.config.write_text(right, "utf-8")
        assert all("problems=" in line and len(line) > 80 for line in refused), "it says why"
        assert desk.parts() == parts, "nothing was started anew"
    assert not clients.ledger.replies, "nobody was refused"
    desk.signal(signal.SIGHUP)
    desk.wait_for(lambda: " reloaded " in desk.said(), "the right one is taken")
    with Clients(desk.ports, count=1) as more:
        more.ledger.wait_for(2)
    desk.settle()
    assert judge(desk, [*clients.ledger.accepted, *more.ledger.accepted]).problems == ()
    figure("C8", f"{len(chosen)} of {len(chosen)} wrong configs refused with the reason, service uninterrupted")


def test_C9_another_schema_is_refused(desk: FaultDesk, figure: Figure) -> None:
    sqlite_is_enough(desk.url)
    for version, words in (("9999", "install the newer one"), ("0000", "run mailcase db upgrade")):
        with desk.store.write() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        desk.begin()
        assert desk.wait_for_end() == 2
        assert words in desk.said()
    figure("C9", "newer and older refused with the remedy")


@pytest.mark.timeout(300)
def test_C3_a_broken_template_is_refused_at_reload(open_sqlite_desk: Open, figure: Figure) -> None:
    desk = open_sqlite_desk()
    own = desk.folder / "own"
    own.mkdir()
    desk.reconfigure(*OWN_TEMPLATES)
    desk.start()
    broken = {"syntax": "Subject: x\n\n{% if %}", "undefined": "Subject: x\n\n{{ nothing_of_that_name }}",
              "loop": "Subject: x\n\n{% for i in range(10**6) %}{% for j in range(10**6) %}x{% endfor %}{% endfor %}",
              "memory": "Subject: x\n\n{{ 'a' * 2000000000 }}"}  # fmt: skip
    for number, wrong in enumerate(broken.values(), 1):
        (own / "acknowledgement.txt").write_text(wrong)
        desk.signal(signal.SIGHUP)
        desk.wait_for(lambda: desk.said().count("reload-refused") == number, "it is refused", 60)  # noqa: B023
        assert "acknowledgement.txt" in desk.said()
    one = letter()
    deliver(desk.ports["smtp"], one.raw, one.sender)
    desk.settle()
    assert judge(desk, [one]).problems == ()
    figure("C3", f"{len(broken)} of {len(broken)} broken templates refused at reload, the old ones stay")


@pytest.mark.timeout(300)
def test_C3_a_template_that_fails_with_real_values_holds_the_mail(open_sqlite_desk: Open, figure: Figure) -> None:
    """It passed with sample values. The case and the message are there; the mail is written when the template is mended."""
    desk = open_sqlite_desk()
    own = desk.folder / "own"
    (own / "en").mkdir(parents=True)
    template = own / "en" / "acknowledgement.txt"
    template.write_text("Subject: got it\n\n{% if (number ~ '') == '1001' %}{{ 1 // 0 }}{% endif %}")
    desk.reconfigure(*OWN_TEMPLATES)
    desk.start()
    one = letter()
    deliver(desk.ports["smtp"], one.raw, one.sender)
    held = "SELECT id FROM outbox WHERE state = 'held'"
    desk.wait_for(lambda: desk.rows(held), "the acknowledgement is held")
    assert "template-failed" in desk.said()
    number = str(desk.count(held))
    assert desk.count("SELECT count(*) FROM cases") == 1
    assert "acknowledgement.txt" in desk.run("outbox", "retry", number, code=1)
    template.write_text("Subject: got it\n\nWe have it: {{ number }}.")
    desk.run("outbox", "retry", number)
    desk.settle()
    assert judge(desk, [one]).problems == ()
    assert desk.sink is not None
    (got,) = [m.raw for m in desk.sink.mails if one.sender in m.recipients]
    assert b"We have it: 10" in got
    figure(
        "C3",
        "failed with real values: case and message kept, mail held, written and sent after the template was mended",
    )
