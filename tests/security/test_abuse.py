"""Mail that is made to cost: shapes, sizes, bombs, endless patterns; others are served meanwhile (S17-S19)."""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcase.core.message import Envelope, Ours
from mailcase.core.reading.parse import attachment_bytes
from mailcase.core.reading.read import read
from mailcase.store import spool
from tests.agents.room import BOB, Room, answer, letter, reply_to
from tests.core.test_parse_bounds import HEAD, HEAVY, HOSTILE, nested, parts
from tools.desk import Desk

ROOT = Path(__file__).parents[2]
HTML = HEAD + b"Content-Type: text/html\n\n"
SMALLER = {
    "depth-49-lines": nested(49, b"x\n" * 100_000),
    "depth-90-lines": nested(90, b"x\n" * 100_000),
    "empty-parts": parts(100_000),
    "deep-page": HTML + b"<div>" * 20_000,
    "deep-tables": HTML + b"<table><tr><td>" * 10_000,
    "page-of-entities": HTML + b"&amp;" * 100_000,
    "lines": HEAD + b"\n" + b"\n" * 500_000,
    "a-line": HEAD + b"\n" + b"x" * 900_000,
}
SHAPES = {**{name: raw for name, (raw, _) in HOSTILE.items() if name not in HEAVY}, **SMALLER}
# The wire takes neither NUL nor bare line ends.
FOLDED = {name: raw.replace(b"\r\n", b"\n") for name, raw in SHAPES.items()}
SENT = {
    name: raw.replace(b"\n", b"\r\n") for name, raw in FOLDED.items() if raw and b"\0" not in raw and b"\r" not in raw
}


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Desk(mailbox_more="notify = []") as running:
        yield running


def test_S17_hostile_shapes_end_as_cases_and_others_are_served(desk: Desk) -> None:
    assert len(SENT) >= 30
    for number, (name, raw) in enumerate(SENT.items()):
        desk.send(f"Message-ID: <{name}@shape.example>\r\n".encode() + raw, "ada@quill.example", "support@example.com")
        if number % 8 == 0:
            desk.write("Good <good@example.org>", f"Between {number}", "A mail like any other.")
    desk.settled()
    with desk.database().read() as conn:
        count = len(SENT) + len(range(0, len(SENT), 8))
        entries = [spool.get(conn, number) for number in range(1, count + 1)]
    assert {e.outcome for e in entries} <= {"case", "note", "quarantined"}
    assert all(e.case for e in entries)
    rows = desk.json("case", "list", "--search", "Between", "--limit", "100")
    assert len(rows) == len(range(0, len(SENT), 8))
    assert "CRITICAL" not in desk.log().upper()


def bombs() -> dict[str, bytes]:
    """Much in little: 200 MB of nothing, zipped, and zipped again."""
    nothing = io.BytesIO()
    with gzip.GzipFile(fileobj=nothing, mode="wb", compresslevel=9) as packed:
        for _ in range(200):
            packed.write(bytes(1_000_000))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"{number}.gz", nothing.getvalue())
    return {"a.gz": nothing.getvalue(), "b.zip": inner.getvalue()}


def test_S18_what_is_packed_stays_packed(room: Room) -> None:
    for name, data in bombs().items():
        mail = letter("bomber@evil.example", f"Take {name}", "See the file.")
        mail.add_attachment(data, maintype="application", subtype="zip", filename=name)
        number = room.deliver(mail, sender="bomber@evil.example")
        with room.database.read() as conn:
            (kept,) = spool.read(conn, [number])
        assert hashlib.sha256(attachment_bytes(kept.raw, 0)).digest() == hashlib.sha256(data).digest()


UNPACKERS = {"gzip", "zipfile", "tarfile", "bz2", "lzma", "zlib"}


def test_S18_nothing_here_can_unpack() -> None:
    found = {}
    for file in (ROOT / "mailcase").rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        if names & UNPACKERS:
            found[file.name] = names & UNPACKERS
    assert found == {}


PIECES = ("a", "<", ">", "(", "-- \n", "> ", "\n", " ", "=", "http://x.example/", "http://x.example/a?", "@", "a@", "#", "# ", "On ", "Re: ",
          "[Case #", "&", "<!--", "_", "*", "wrote:\n", "From: a@b\n", "\u200b", "\u0600", "| ", ":\n", "#note ", "1")  # fmt: skip


def cost(raw: bytes) -> float:
    """CPU seconds for reading a mail, the lesser of two runs."""
    runs = []
    for _ in range(2):
        start = time.process_time()
        read(raw, Envelope("ada@quill.example", ("support@example.com",)), Ours())
        runs.append(time.process_time() - start)
    return min(runs)


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_S19_a_text_costs_at_most_in_proportion(kind: str) -> None:
    head = HEAD + f"Content-Type: text/{kind}; charset=utf-8\n\n".encode()
    for piece in PIECES:
        data = piece.encode()
        short, long = (cost(head + data * (size // len(data))) for size in (20_000, 160_000))
        # Eight times the text: what grows with its square would cost 64 times as much.
        assert long < 24 * short + 0.1, repr(piece)


def test_S19_a_long_text_of_anything_is_answered_by_an_agent_or_refused(fresh: Room) -> None:
    """The commands, the guard and the quotation marks look at an agent's words too."""
    for piece in ("a", "<", "-- \n", "#"):
        before = fresh.last()
        number, copy = fresh.opened(subject=f"Long {before}", text="Hello.", sender=f"l{before}@example.org")
        long = (piece * 250_000)[:250_000]
        wrapped = long if "\n" in piece else "\n".join(long[at : at + 900] for at in range(0, len(long), 900))
        spooled = fresh.deliver(answer(copy, f"Read this.\n{wrapped}", str(BOB.address)), to=reply_to(copy))
        assert fresh.entry(spooled).outcome in ("note", "quarantined")
        assert fresh.entry(spooled).case in (number, None)
