"""The rows of the benchmark, one function each: they start a desk, give it mail and say what it took."""

from __future__ import annotations

import smtplib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import select

from mailcase.store.tables import imap_uid, message, outbox
from tools.bench_desk import POLLED, MeasuredDesk, silent_smarthost, size, swallowing_smarthost
from tools.bench_load import TO, Dropping, Item, drive, letters, small_mails, with_new_ids, yardstick


@dataclass(frozen=True)
class Scale:
    """How many mails a run takes."""

    mails: int
    quick: bool = False


@dataclass(frozen=True)
class Figure:
    """One result. With a `yardstick` (mails a second) it is compared by its ratio to that."""

    key: str
    value: float
    unit: str
    yardstick: float = 0.0

    @property
    def compared(self) -> float:
        """What is compared with the goal."""
        return self.value / self.yardstick if self.yardstick else self.value

    @property
    def shown(self) -> str:
        """The absolute figure."""
        return f"{self.value:.3g} {self.unit}".strip() if self.value < 1000 else f"{self.value:,.0f} {self.unit}"


@dataclass(frozen=True)
class Drive:
    """The mixed mails, driven through a desk."""

    seconds: float  # from the first connection to the last commit, both parts
    accepting: float  # seconds until the last 250, both parts
    latencies: list[float]
    mails: int
    raw: int
    cpu: dict[str, float]  # seconds by part


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, round(percent / 100 * (len(values) - 1)))]


def through(desk: MeasuredDesk, count: int, sent: bool = False, seed: int = 7) -> Drive:
    """First the mails that open cases, then the answers to them, which carry the tags of their cases."""
    new, answers = letters(count, seed)
    warm = letters(40, seed + 1)[0]
    drive(desk.ports["smtp"], [(m.sender, m.raw()) for m in warm])
    desk.processed(sent)
    before = desk.cpu()
    parts = []
    opening = [(m.sender, m.raw()) for m in new]
    parts.append(_part(desk, opening, sent))
    numbers = desk.numbers()
    parts.append(_part(desk, [(m.sender, m.raw(f"[Case #{numbers[m.parent]}]")) for m in answers], sent))
    _check(desk, len(warm) + len(new), len(warm) + count)
    return Drive(
        sum(p[0] for p in parts), sum(p[1] for p in parts), [one for p in parts for one in p[2]], count,
        sum(p[3] for p in parts) + size([(m.sender, m.raw()) for m in warm]),
        {name: seconds - before.get(name, 0.0) for name, seconds in desk.cpu().items()},
    )  # fmt: skip


def _part(desk: MeasuredDesk, items: list[Item], sent: bool) -> tuple[float, float, list[float], int]:
    """(seconds to the last commit, seconds to the last 250, each mail's seconds, bytes)."""
    seconds, latencies = drive(desk.ports["smtp"], items)
    # The driver's own preparation is not the desk's: its clock begins with the first connection.
    ended = time.perf_counter()
    done = desk.processed(sent)
    return seconds + done - ended, seconds, latencies, size(items)


def _check(desk: MeasuredDesk, cases: int, mails: int) -> None:
    """A rate is worth nothing when the work was not done."""
    found = desk.outcomes()
    if found["cases"] < cases or found["done"] < mails or found["quarantined"]:
        raise AssertionError(f"not all was done: {found}, {mails} mails were sent")


@cache
def _stock(count: int) -> float:
    """Mails a second of the stock aiosmtpd that throws the mixed mails away."""
    new, answers = letters(count)
    items = [(m.sender, m.raw()) for m in (*new, *answers)]
    with Dropping() as server:
        drive(server.port, items[:40])
        return statistics.median(count / drive(server.port, items)[0] for _ in range(3))


def mixed_sqlite(scale: Scale) -> list[Figure]:
    """The whole way on SQLite, accepting alone, the time to 250, and the disk that it took."""
    before = yardstick()
    with silent_smarthost() as host, MeasuredDesk(host) as desk:
        run = through(desk, scale.mails)
        after = yardstick()
        disk = desk.disk() / run.raw
    stick = (before + after) / 2
    stock = _stock(scale.mails)
    whole = run.mails / run.seconds
    return [
        Figure("whole-sqlite", whole, "mails/s", stick),
        Figure("stock", whole / stock, ""),
        Figure("floor-mixed-stock", stock, "mails/s", stick),
        Figure("accept-mixed", run.mails / run.accepting, "mails/s", stick),
        Figure("p99", 1000 * percentile(run.latencies, 99), "ms"),
        Figure("disk", disk, ""),
        Figure("cpu-listener", 1000 * run.cpu["listener"] / run.mails, "ms"),
        Figure("cpu-worker", 1000 * run.cpu["worker"] / run.mails, "ms"),
    ]


def mixed_postgresql(scale: Scale) -> list[Figure]:
    """The whole way on PostgreSQL, fsync on."""
    from tests.servers import postgres

    before = yardstick()
    with postgres.running() as server, silent_smarthost() as host:
        server.execute("CREATE DATABASE bench")
        with MeasuredDesk(host, server.url("bench")) as desk:
            run = through(desk, scale.mails)
    stick = (before + yardstick()) / 2
    return [
        Figure("whole-pg", run.mails / run.seconds, "mails/s", stick),
        Figure("p99-pg", 1000 * percentile(run.latencies, 99), "ms"),
        Figure("cpu-worker-pg", 1000 * run.cpu["worker"] / run.mails, "ms"),
    ]


def sent(scale: Scale) -> list[Figure]:
    """The whole way until the smarthost has taken every acknowledgement."""
    before = yardstick()
    with swallowing_smarthost() as host, MeasuredDesk(host) as desk:
        run = through(desk, scale.mails, sent=True)
    return [Figure("sent-sqlite", run.mails / run.seconds, "mails/s", (before + yardstick()) / 2)]


def small(scale: Scale) -> list[Figure]:
    """Accepting 4.8 KB mails, each another one, while the worker works on them."""
    items = small_mails(scale.mails + 40)
    before = yardstick()
    with silent_smarthost() as host, MeasuredDesk(host) as desk:
        drive(desk.ports["smtp"], items[:40])
        desk.processed()
        seconds, _ = drive(desk.ports["smtp"], items[40:])
        desk.processed()
        after = yardstick()
        disk = desk.disk() / size(items)
    with Dropping() as server:
        drive(server.port, items[:40])
        floor = scale.mails / drive(server.port, items[40:])[0]
    stick = (before + after) / 2
    return [
        Figure("accept-small", scale.mails / seconds, "mails/s", stick),
        Figure("floor-small-stock", floor, "mails/s", stick),
        Figure("disk-small", disk, ""),
    ]


def acknowledged(scale: Scale) -> list[Figure]:
    """From the 250 to the moment the smarthost took the acknowledgement, at ten mails a second."""
    warm = 20  # the first mails find templates and libraries that nobody has used yet
    new = letters(400)[0][: warm + (60 if scale.quick else 200)]
    taken: dict[int, float] = {}
    with swallowing_smarthost() as host, MeasuredDesk(host) as desk:
        begin = time.time() + 0.5
        for i, letter in enumerate(new):
            raw = letter.raw().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            time.sleep(max(0.0, begin + i / 10 - time.time()))
            with smtplib.SMTP("127.0.0.1", desk.ports["smtp"]) as smtp:
                smtp.ehlo("bench")
                smtp.mail(letter.sender)
                smtp.rcpt(TO)
                _, words = smtp.data(raw)
                if i >= warm:
                    taken[int(words.rsplit(b" ", 1)[1])] = time.time()
        desk.processed(sent=True)
        with desk.database().read() as conn:
            query = select(message.c.spool_id, outbox.c.sent_at).join_from(
                message, outbox, (outbox.c.case == message.c.case) & (outbox.c.kind == "acknowledgement")
            )
            sent_at: dict[int, datetime] = {row[0]: row[1] for row in conn.execute(query) if row[0] in taken}
    if len(sent_at) < len(taken):
        raise AssertionError(f"{len(sent_at)} acknowledgements for {len(taken)} mails")
    waits = [sent_at[number].timestamp() - at for number, at in taken.items()]
    return [Figure("ack", 1000 * percentile(waits, 95), "ms")]


def imap(scale: Scale) -> list[Figure]:
    """Mails that lie in a Dovecot mailbox, until all are cases and flagged there."""
    from tests.servers import dovecot

    if dovecot.missing():
        raise RuntimeError(dovecot.missing())
    count = 1_000 if scale.quick else 5_000
    mails = [raw for _, raw in small_mails(count, 10_000)]
    before = yardstick()
    server = dovecot.start_dovecot()
    try:
        server.append("desk", mails)
        with server.client("desk") as client:
            client.select_folder("INBOX", readonly=True)
            began = time.perf_counter()
            for i in range(1, count, 200):
                client.fetch(range(i, min(i + 200, count + 1)), ["BODY.PEEK[]"])
            floor = count / (time.perf_counter() - began)
        seconds = _from_imap(server.port, count)
    finally:
        server.remove()
    stick = (before + yardstick()) / 2
    return [Figure("imap", count / seconds, "mails/s", stick), Figure("floor-imap", floor, "mails/s", stick)]


def _from_imap(port: int, count: int) -> float:
    """Seconds from the start of the desk's process to the last commit: outcomes here, flags there."""
    with silent_smarthost() as host:
        desk = MeasuredDesk(host, mailbox_more=POLLED.format(port=port))
        (desk.folder / "password").write_text("secret")
        began = time.perf_counter()

        def flagged() -> bool:
            with desk.database().read() as conn:
                done = conn.scalars(select(imap_uid.c.filed)).all()
            return len(done) >= count and all(done)

        with desk:
            desk.wait_for(flagged, "every mail is flagged", 600)
            desk.processed()
            seconds = time.perf_counter() - began
            _check(desk, count, count)
    return seconds


def start(scale: Scale) -> list[Figure]:
    """From the start of the process to its greeting; the second start, with the database made."""
    with silent_smarthost() as host, MeasuredDesk(host) as desk:
        return [Figure("start", start_again(desk), "s")]


def start_again(desk: MeasuredDesk) -> float:
    """Seconds from the start of the process to its greeting."""
    desk.kill()
    began = time.perf_counter()
    desk.start()
    return time.perf_counter() - began


def memory(scale: Scale) -> list[Figure]:
    """After 1,000 mails and after 10,000."""
    return _memory_after(3 if scale.quick else 10)


def memory_long(_: Scale) -> list[Figure]:
    """The same, and after 100,000."""
    return _memory_after(100)


def _memory_after(thousands: int) -> list[Figure]:
    found = []
    new, answers = letters(1_000)
    items = [(m.sender, m.raw()) for m in (*new, *answers)]
    with silent_smarthost() as host, MeasuredDesk(host) as desk:
        for turn in range(thousands):
            drive(desk.ports["smtp"], with_new_ids(items, turn))
            desk.processed()
            if turn in (0, 9, 99):
                found.append(Figure(f"memory-{1000 * (turn + 1)}", desk.memory(), "MB"))
    return found
