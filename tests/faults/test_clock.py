"""The clock jumps, and the daemon was stopped when something was due: rows C6 and C7."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.clients import deliver, letter
from tests.faults.conftest import Figure, Open
from tests.faults.counts import count, is_full
from tests.faults.desk import FaultDesk

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
DUE = (
    "SELECT kind, \"case\" FROM outbox WHERE kind IN ('agent-reminder', 'escalation', 'reminder', 'digest') ORDER BY id"
)


class Clock:
    """What time the daemon thinks it is; the time it measures waits with stays the real one."""

    def __init__(self, folder: Path) -> None:
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed: apt-get install faketime")
        self.file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self.set("+0")

    def set(self, offset: str) -> None:
        """From now on the clock is so far from the real one, such as "+9h"."""
        new = self.file.with_suffix(".new")
        new.write_text(offset + "\n")
        new.rename(self.file)


def reminders(desk: FaultDesk) -> Counter[tuple[object, ...]]:
    """How many mails of the clock there are, by kind and case."""
    return Counter(desk.rows(DUE))


def open_cases(desk: FaultDesk, many: int) -> None:
    """New cases that nobody answers."""
    for _ in range(many):
        one = letter()
        assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")
    desk.settle()


@pytest.mark.timeout(900)
def test_C6_a_clock_that_jumps(open_sqlite_desk: Open, figure: Figure) -> None:
    """Agents are reminded after 8 hours. However the clock jumps, each is reminded once of each case."""
    many = count("jumps", 6, 40)
    desk = open_sqlite_desk()
    clock = Clock(desk.folder)
    desk.start(**clock.environment)
    open_cases(desk, many)
    clock.set("+9h")
    desk.wait_for(lambda: len(reminders(desk)) >= many, "all reminders have come", 300)
    desk.settle()
    first = reminders(desk)
    for offset in ("-1d", "+9h", "-1h", "+0", "+10h"):
        clock.set(offset)
        time.sleep(1.5 if not is_full() else 8)
        assert reminders(desk) == first, f"nothing new at {offset}"
    assert set(first.values()) == {1} or len(set(first.values())) == 1
    one = letter()
    assert deliver(desk.ports["smtp"], one.raw, one.sender).startswith("250")
    desk.settle()
    assert desk.json("audit")["problems"] == []
    figure("C6", f"clock +9 h, -1 d, +9 h, -1 h, 0, +10 h: {len(first)} of {many} cases reminded of, each once")
    assert desk.stop() == 0


@pytest.mark.timeout(1200)
def test_C7_what_was_due_while_it_was_stopped(open_sqlite_desk: Open, figure: Figure) -> None:
    many = count("downtime", 8, 100)
    desk = open_sqlite_desk()
    clock = Clock(desk.folder)
    desk.start(**clock.environment)
    open_cases(desk, many)
    assert desk.stop() == 0
    clock.set("+9h")
    began = time.monotonic()
    desk.start(**clock.environment)
    desk.wait_for(lambda: len(reminders(desk)) >= many, "all reminders have come", 900)
    passed = time.monotonic() - began
    desk.settle()
    rows = desk.rows(DUE)
    cases = list(dict.fromkeys(case for _, case in rows))
    figure("C7", f"{len(cases)} of {many} reminders after the stop, each once, oldest first, in {passed:.0f} s "
                 "(at most 20 a minute)")  # fmt: skip
    assert cases == sorted(cases), "oldest first"  # type: ignore[type-var]
    assert len(set(Counter(rows).values())) == 1
    assert desk.stop() == 0
