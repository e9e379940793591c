"""What reading a mail costs, beside mail-parser alone on the same mail."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence

from mailparser import parse_from_bytes

from mailcase.core.message import Envelope, Ours
from mailcase.core.reading.read import read
from tools.bench_load import TO, letters
from tools.bench_rows import Figure, Scale

BETWEEN = (4_000, 6_000)  # bytes: "a mail of 5 KB"


def reading(scale: Scale) -> list[Figure]:
    """The median, over mails of about 5 KB, of the cheapest of several readings of each, ours and mail-parser's."""
    new, answers = letters(400)
    made = (letter.raw().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for letter in (*new, *answers))
    mails = [raw for raw in made if BETWEEN[0] <= len(raw) <= BETWEEN[1]]
    random.Random(1).shuffle(mails)
    envelope, ours = Envelope("jane@customer.example", (TO,)), Ours(frozenset((TO,)), "bench")
    mine = _cost(lambda raw: read(raw, envelope, ours), mails[:60])
    theirs = _cost(parse_from_bytes, mails[:60])
    return [
        Figure("reading", mine / theirs, ""),
        Figure("reading-ours", 1000 * mine, "ms"),
        Figure("reading-floor", 1000 * theirs, "ms"),
    ]


def _cost(parse: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    """Seconds of processor time."""
    found = []
    for raw in mails:
        spent = []
        for _ in range(9):
            began = time.process_time()
            parse(raw)
            spent.append(time.process_time() - began)
        found.append(min(spent))
    return statistics.median(found)
