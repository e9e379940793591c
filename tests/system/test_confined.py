"""A desk whose processes may not call what the service's unit, or a container, forbids them: it works all the same."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tools.desk import Desk

# Numbers of x86-64 (asm/unistd_64.h): setpriority, sched_setparam, sched_setscheduler, setrlimit, sched_setaffinity,
# mbind, set_mempolicy, ioprio_set, sched_setattr, which are in systemd's @resources; and the three of io_uring, which
# containers forbid.
FORBIDDEN = (141, 142, 144, 160, 203, 237, 238, 251, 314, 425, 426, 427)

# Says with seccomp(2) that these calls fail with EPERM, here and in every process to come, and becomes the program.
CONFINED = """
import ctypes, os, struct, sys
numbers = [int(number) for number in sys.argv[1].split(",")]
steps = [struct.pack("=HBBI", 0x20, 0, 0, 0)]
steps += [struct.pack("=HBBI", 0x15, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
steps += [struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000), struct.pack("=HBBI", 0x06, 0, 0, 0x00050001)]
code = ctypes.create_string_buffer(b"".join(steps))
program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
try:
    os.nice(1)
except PermissionError:
    os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    try:
        yield desk
    finally:
        desk.__exit__()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of the calls are those of x86-64")
def test_a_confined_desk_works(desk: Desk) -> None:
    """Nobody may change priorities there: the worker works without being nice."""
    daemon = [sys.executable, "-m", "mailcase.cli.main", "-c", str(desk.config), "run"]
    with open(desk.folder / "daemon.log", "ab") as log:
        desk.process = subprocess.Popen(
            [sys.executable, "-c", CONFINED, ",".join(map(str, FORBIDDEN)), *daemon],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    desk.wait_for(lambda: "ready" in desk.log(), "the daemon is ready", 30)
    desk.write("Jane <jane@customer.example>", "Printer", "It does not print.")
    assert "#1001" in str(desk.read("jane@customer.example")["Subject"])
    assert "part-died" not in desk.log()
    assert desk.stop() == 0
