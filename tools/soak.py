"""`make soak`: a desk at work for a quarter of an hour, and what it leaves behind in memory, descriptors and the log.

python -m tools.soak                       15 minutes at 20 mails a second, SQLite
python -m tools.soak --minutes 2 --rate 5  shorter, slower
python -m tools.soak --postgresql          on a PostgreSQL of its own

SMTP at the given rate (the mixed load of the benchmarks), a mail every four seconds into a Dovecot
mailbox that is polled, and deadlines that come: every case of that mailbox is reminded of and escalated within a
minute. Everything is sent, to Postfix's smtp-sink. Ends with 1 when a mail is missing, when the audit finds a gap, when
memory or descriptors grow, or when the log holds a warning or an error.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import smtplib
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from mailcase.store.tables import deadline, event, imap_uid
from tests.servers import dovecot, postgres
from tools.bench_desk import POLLED, MeasuredDesk, family, swallowing_smarthost
from tools.bench_load import TO, Item, letters, small_mails, with_new_ids
from tools.bench_rows import percentile

IMAP_EVERY = 4.0
SAMPLE_EVERY = 10.0
# Templates, statements and buffers fill up in the first part of a run; growth is looked for behind it.
WARM = 0.3
# Growth that is allowed behind it, of the medians of its first and its last third.
MEMORY_GROWTH, DESCRIPTOR_GROWTH = 1.10, 8

MORE = """
[[mailbox]]
name = "billing"
address = "billing@example.com"

[mailbox.deadlines]
remind_agent = "20s"
escalate = "40s"

{polled}
[[agent]]
name = "bob"
address = "bob@staff.example"
mailboxes = ["billing"]

[[agent]]
name = "sue"
address = "sue@staff.example"
role = "supervisor"
mailboxes = ["billing"]

[log]
format = "json"
"""


@dataclass
class Soak:
    """What was sent, and what was seen meanwhile."""

    seconds: float
    accepted: int = 0
    refused: list[str] = field(default_factory=list)
    polled: int = 0
    memory: list[float] = field(default_factory=list)  # MB of all processes, one a sample
    descriptors: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds from connect to 250
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> None:
    """Run it, print what came of it, and end with 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=float, default=20, help="mails a second by SMTP")
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    soak = Soak(60 * arguments.minutes)
    with ExitStack() as stack:
        database = "sqlite:///desk.db"
        if arguments.postgresql:
            database = stack.enter_context(postgres.running()).url("postgres")
        server = dovecot.start_dovecot()
        stack.callback(server.remove)
        host = stack.enter_context(swallowing_smarthost())
        desk = MeasuredDesk(host, database, more=MORE.format(polled=POLLED.format(port=server.port)))
        (desk.folder / "password").write_text(dovecot.PASSWORD)
        with desk:
            work(desk, server, soak, arguments.rate)
            faults = report(desk, soak)
    for fault in faults:
        print(f"WRONG: {fault}")
    sys.exit(bool(faults))


def work(desk: MeasuredDesk, server: dovecot.Dovecot, soak: Soak, rate: float) -> None:
    """Mail by both ways until the time is over, then wait until nothing is left to do."""
    over = threading.Event()
    others = [
        threading.Thread(target=_appends, args=(server, soak, over)),
        threading.Thread(target=_samples, args=(desk, soak, over)),
    ]
    for thread in others:
        thread.start()
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(8) as clients:
            for number, item in enumerate(_mails()):
                wait = began + number / rate - time.monotonic()
                if began + number / rate > began + soak.seconds:
                    break
                time.sleep(max(0.0, wait))
                clients.submit(_send, desk.ports["smtp"], item, soak)
    finally:
        over.set()
        for thread in others:
            thread.join()
    desk.wait_for(lambda: _polled(desk) == soak.polled, "every mail of the folder is read", 120)
    desk.processed(sent=True)


def _mails() -> Iterator[Item]:
    new, answers = letters(1_000)
    items = [(m.sender, m.raw()) for m in (*new, *answers)]
    for turn in itertools.count():
        yield from with_new_ids(items, turn)


def _send(port: int, item: Item, soak: Soak) -> None:
    began = time.monotonic()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
            smtp.sendmail(item[0], TO, item[1].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    except (OSError, smtplib.SMTPException) as error:
        with soak.lock:
            soak.refused.append(repr(error))
        return
    with soak.lock:
        soak.accepted += 1
        soak.waits.append(time.monotonic() - began)


def _appends(server: dovecot.Dovecot, soak: Soak, over: threading.Event) -> None:
    mails = small_mails(int(soak.seconds / IMAP_EVERY) + 1)
    for _, raw in mails:
        server.append("desk", [raw.replace(TO.encode(), b"billing@example.com")])
        soak.polled += 1
        if over.wait(IMAP_EVERY):
            return


def _samples(desk: MeasuredDesk, soak: Soak, over: threading.Event) -> None:
    assert desk.process is not None
    while not over.wait(SAMPLE_EVERY):
        soak.memory.append(desk.memory())
        soak.descriptors.append(sum(_descriptors(pid) for pid in family(desk.process.pid)))


def _descriptors(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:  # a worn part has just been forked anew
        return 0


def _polled(desk: MeasuredDesk) -> int:
    with desk.database().read() as conn:
        return conn.scalar(select(func.count()).select_from(imap_uid)) or 0


# ---- what came of it -------------------------------------------------------------------------------------------------


def report(desk: MeasuredDesk, soak: Soak) -> list[str]:
    """Prints the figures; returns what is wrong."""
    done = desk.outcomes()
    with desk.database().read() as conn:
        wanted = ("agent-reminded", "escalated")
        reminded = conn.scalar(select(func.count()).select_from(event).where(event.c.event.in_(wanted))) or 0
        left = conn.scalar(select(func.count()).select_from(deadline)) or 0
    desk.run("audit")  # raises with its words when it finds a gap
    log = _log(desk.folder / "daemon.log")
    loud = {what: count for (level, what), count in log.items() if level in ("warning", "error", "critical", "?")}
    memory, descriptors = _growth(soak.memory), _growth([float(n) for n in soak.descriptors])
    waits = [1000 * wait for wait in soak.waits]
    print(f"{soak.seconds / 60:g} minutes, {soak.accepted} mails by SMTP and {soak.polled} by IMAP")
    print(f"outcomes {done}, {reminded} reminders and escalations, {left} deadlines to come")
    print(f"to 250: median {percentile(waits, 50):.0f} ms, p99 {percentile(waits, 99):.0f} ms")
    print(f"memory {memory[0]:.0f} MB, at the end {memory[1]:.0f} MB, at most {max(soak.memory):.0f} MB")
    print(f"descriptors {descriptors[0]:.0f}, at the end {descriptors[1]:.0f}")
    print(f"log: {sum(log.values())} lines, of them warnings and errors: {loud or 'none'}")
    faults = {
        f"{len(soak.refused)} mails were refused: {soak.refused[:3]}": soak.refused,
        f"{soak.accepted + soak.polled} mails were taken, {done.get('done')} are done": (
            done.get("done") != soak.accepted + soak.polled
        ),
        "no deadline came": not reminded,
        "memory grows": memory[1] > MEMORY_GROWTH * memory[0],
        "descriptors grow": descriptors[1] > descriptors[0] + DESCRIPTOR_GROWTH,
        f"the log says {loud}": loud,
    }
    return [fault for fault, is_so in faults.items() if is_so]


def _growth(samples: list[float]) -> tuple[float, float]:
    """The medians of the first and of the last third of the samples behind the warm-up."""
    warm = samples[int(len(samples) * WARM):]  # fmt: skip
    third = max(1, len(warm) // 3)
    return statistics.median(warm[:third]), statistics.median(warm[-third:])


def _log(path: Path) -> Counter[tuple[str, str]]:
    """How often each event stands in the log, with its level; "?" for a line that is no JSON."""
    found: Counter[tuple[str, str]] = Counter()
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            found["?", line[:200]] += 1
        else:
            found[entry["level"], entry["event"]] += 1
    return found


if __name__ == "__main__":
    main()
