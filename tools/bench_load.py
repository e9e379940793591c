"""What the benchmarks put on a desk: mails, clients that send them, and the yardstick that rates are divided by.

Where a folder with a shared load exists (`../shared/bench`, or what MAILCASE_BENCH names) its mails, its driver and
its yardstick are taken, so that others are measured with the very same; else a small generator of our own.
"""

from __future__ import annotations

import base64
import email.policy
import importlib
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tools.desk import free_port

TO = "support@example.com"
SESSIONS = 4
# The yardstick's mail. A row of the table compares with it.
SMALL = 4_800

Item = tuple[str, bytes]


@dataclass(frozen=True)
class Letter:
    """A mail as it can be sent: `parent` is the subject of the mail it answers, "" when it opens a case."""

    sender: str
    subject: str
    parent: str
    _make: Any

    def raw(self, tag: str = "") -> bytes:
        """Its bytes; an answer has the tag of its case in the subject."""
        made: bytes = self._make(tag or None)
        return made


def shared() -> Path | None:
    """The folder of the shared load, where there is one."""
    folder = Path(os.environ.get("MAILCASE_BENCH") or Path(__file__).resolve().parents[2] / "shared" / "bench")
    return folder if (folder / "gen_mail.py").is_file() else None


def _module(name: str) -> Any:
    folder = shared()
    if folder is None:
        return None
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    os.environ.setdefault("BENCH_FLOOR_PYTHON", sys.executable)
    return importlib.import_module(name)


# ---- mails -----------------------------------------------------------------------------------------------------------


def letters(count: int, seed: int = 7) -> tuple[list[Letter], list[Letter]]:
    """(mails that open a case, answers to them): 60 and 40 in a hundred; 70 % small, 25 % HTML, 5 % with 1-2 MB."""
    generator = _module("gen_mail")
    if generator is None:
        return _own_letters(count, seed)
    corpus = generator.Corpus(n=count, seed=seed, to=TO)
    new = [Letter(m.sender, m.subject, "", m.raw) for m in corpus.news]
    answers = [Letter(m.sender, "", m.parent.subject, m.raw) for m in corpus.replies]
    return new, answers


def small_mails(count: int, size: int = SMALL) -> list[Item]:
    """Different mails of about one size, in plain text."""
    found = []
    for i in range(count):
        chance = random.Random(i)
        mail = _own_mail(chance, i, f"Small mail {i}", None)
        mail.set_content(_words(chance, size - 450) + "\n")
        found.append((f"jane.{i % 300}@customer{i % 40}.example", mail.as_bytes(policy=email.policy.SMTP)))
    return found


def _own_letters(count: int, seed: int) -> tuple[list[Letter], list[Letter]]:
    chance = random.Random(seed)
    kinds = chance.choices(("small", "html", "large"), (70, 25, 5), k=count)
    new = count * 6 // 10
    subjects = [f"Order {chance.randrange(10**6)} arrived damaged ({i})" for i in range(new)]

    def letter(i: int) -> Letter:
        parent = None if i < new else chance.randrange(new)
        who = i if parent is None else parent
        sender = f"jane.{who % 300}@customer{who % 40}.example"

        def make(tag: str | None) -> bytes:
            subject = subjects[i] if parent is None else f"Re: {tag + ' ' if tag else ''}{subjects[parent]}"
            mail = _own_mail(random.Random(i), i, subject, parent)
            _fill(mail, kinds[i], random.Random(i))
            if mail.is_multipart():
                mail.set_boundary(f"=-bench-{i}")  # else another one at every call
            return mail.as_bytes()

        return Letter(sender, subjects[i] if parent is None else "", "" if parent is None else subjects[parent], make)

    made = [letter(i) for i in range(count)]
    return made[:new], made[new:]


def _own_mail(chance: random.Random, i: int, subject: str, parent: int | None) -> EmailMessage:
    who = i if parent is None else parent
    mail = EmailMessage()
    mail["Received"] = f"from mx.example by mail.example with ESMTPS id {chance.getrandbits(32):08X}; Tue, 6 Jan 2026"
    mail["From"] = f"Jane Doe {who % 300} <jane.{who % 300}@customer{who % 40}.example>"
    mail["To"] = f"Support <{TO}>"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{i}.bench@customer{who % 40}.example>"
    mail["Date"] = f"Tue, 6 Jan 2026 09:{i // 60 % 60:02}:{i % 60:02} +0000"
    if parent is not None:
        mail["In-Reply-To"] = mail["References"] = f"<{parent}.bench@customer{parent % 40}.example>"
    return mail


def _fill(mail: EmailMessage, kind: str, chance: random.Random) -> None:
    text = "Hello,\n\n" + _words(chance, chance.randint(1_000, 4_000)) + "\n\nKind regards\n-- \nJane Doe\n"
    mail.set_content(text)
    if kind == "large":
        data = chance.randbytes(chance.randint(750_000, 1_450_000))
        mail.add_attachment(data, "application", "pdf", filename="document.pdf")
    elif kind == "html" or chance.random() < 0.5:
        picture = base64.b64encode(chance.randbytes(chance.randint(8_000, 36_000))).decode()
        image = f'<img alt="logo" src="data:image/png;base64,{picture}">' if kind == "html" else ""
        mail.add_alternative(f"<html><body><p>{text}</p>{image}</body></html>", subtype="html")


_WORDS = (
    "order invoice printer account login refund screen cable update please yesterday again still cannot open".split()  # noqa: SIM905
)


def _words(chance: random.Random, size: int) -> str:
    lines = []
    while size > 0:
        line = " ".join(chance.choices(_WORDS, k=9))
        lines.append(line)
        size -= len(line) + 1
    return "\n".join(lines)


# ---- clients ---------------------------------------------------------------------------------------------------------


def drive(port: int, items: Sequence[Item], sessions: int = SESSIONS) -> tuple[float, list[float]]:
    """Send the mails, one connection each. Returns (seconds, seconds from connect to 250 of each mail)."""
    driver = _module("smtp_drive")
    if driver is not None:
        seconds, latencies = driver.drive(port, list(items), sessions, to=TO)
        return float(seconds), list(latencies)
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(sessions), context.SimpleQueue()
    wires = [(sender, _wire(raw)) for sender, raw in items]
    processes = [
        context.Process(target=_session, args=(port, wires[k::sessions], barrier, results)) for k in range(sessions)
    ]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return max(f[1] for f in found) - min(f[0] for f in found), [one for f in found for one in f[2]]


def _wire(raw: bytes) -> bytes:
    raw = b"\n" + raw.replace(b"\r\n", b"\n").removesuffix(b"\n")
    return raw.replace(b"\n.", b"\n..").replace(b"\n", b"\r\n")[2:] + b"\r\n.\r\n"


def _session(port: int, wires: Sequence[Item], barrier: Any, results: Any) -> None:
    barrier.wait()
    began, latencies = time.perf_counter(), []
    for sender, wire in wires:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), 60) as sock, sock.makefile("rb") as replies:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _expect(replies, b"220")
            for command, code in (
                (b"EHLO bench", b"250"), (b"MAIL FROM:<%s>" % sender.encode(), b"250"),
                (b"RCPT TO:<%s>" % TO.encode(), b"250"), (b"DATA", b"354"),
            ):  # fmt: skip
                sock.sendall(command + b"\r\n")
                _expect(replies, code)
            sock.sendall(wire)
            _expect(replies, b"250")
            latencies.append(time.perf_counter() - start)
            sock.sendall(b"QUIT\r\n")
            replies.readline()
    results.put((began, time.perf_counter(), latencies))


def _expect(replies: Any, code: bytes) -> bytes:
    while (line := replies.readline())[3:4] == b"-":
        pass
    if not line.startswith(code):
        raise RuntimeError(f"expected {code!r}, got {line!r}")
    return bytes(line)


# ---- floors ----------------------------------------------------------------------------------------------------------

_SERVER = """
import asyncio, sys
from aiosmtpd.smtp import SMTP

class Drop:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"

async def run():
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Drop(), hostname="bench", loop=loop, data_size_limit=50_000_000)
    server = await loop.create_server(make, "127.0.0.1", int(sys.argv[1]), backlog=200)
    await server.serve_forever()

asyncio.run(run())
"""


class Dropping:
    """The stock aiosmtpd that throws away what it gets: what a mail costs before anything is done with it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process = subprocess.Popen([sys.executable, "-c", _SERVER, str(self.port)])

    def __enter__(self) -> Dropping:
        wait_for_port(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Until somebody listens there. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise TimeoutError(f"nobody listens on port {port}") from None
            time.sleep(0.02)


def yardstick(count: int = 1_500) -> float:
    """Mails a second of a bare aiosmtpd that throws 4.8 KB mails away: one connection a mail, four sessions."""
    folder = shared()
    if folder is None:
        with Dropping() as server:
            items = small_mails(200 + count)
            drive(server.port, items[:200])
            return count / drive(server.port, items[200:])[0]
    environment = {**os.environ, "BENCH_LOG": ""}
    environment.setdefault("BENCH_FLOOR_PYTHON", sys.executable)
    command = [sys.executable, str(folder / "floors.py"), "--yardstick", "--count", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(json.loads(done.stdout.strip().splitlines()[-1])["mails_per_s"])


def with_new_ids(items: Sequence[Item], turn: int) -> list[Item]:
    """The same mails once more, as other mails: their Message-IDs differ, and answers name the new ones."""

    def renamed(raw: bytes) -> bytes:
        for field in (b"Message-ID", b"In-Reply-To", b"References"):
            raw = raw.replace(b"\n%s: <" % field, b"\n%s: <%d." % (field, turn), 1)
        return raw

    return [(sender, renamed(raw)) for sender, raw in items]
