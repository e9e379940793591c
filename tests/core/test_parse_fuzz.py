"""Mutated mails: whatever the accident, a reading comes back, and every text of it fits a database.

MAILCASE_MUTANTS sets how many (10,000 is the bar); the seeds are our golden mails, and the shared corpus where it is.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mailcase.core.message import Envelope, Ours
from mailcase.core.reading.parse import attachment_bytes
from mailcase.core.reading.read import read
from tests.core.mutation import mutate

MAILS = Path(__file__).parent.parent / "mail"
CORPUS = Path(os.environ.get("MAILCASE_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
MUTANTS = int(os.environ.get("MAILCASE_MUTANTS", "1000"))
SEED = 20261121


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def check(raw: bytes) -> None:
    reading = read(raw, Envelope("a@b.example", ("support@desk.example",)), Ours(frozenset({"support@desk.example"})))
    for text in texts(asdict(reading)):
        assert "\0" not in text
        text.encode("utf-8")
    for attachment in reading.mail.attachments:
        assert len(attachment_bytes(raw, attachment.index)) == attachment.size


def run(seeds: list[bytes], count: int) -> None:
    rng = random.Random(SEED)
    for number in range(count):
        raw = mutate(rng.choice(seeds), rng.choice(seeds), rng)
        try:
            check(raw)
        except Exception as error:
            raise AssertionError(f"mutant {number} of {count}: {raw!r}"[:4_000]) from error


def test_a_few_mutants_of_the_golden_mails() -> None:
    run([path.read_bytes() for path in sorted(MAILS.glob("*.eml"))], 60)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_mutants_of_the_golden_mails() -> None:
    run([path.read_bytes() for path in sorted(MAILS.glob("*.eml"))], MUTANTS)


@pytest.mark.slow
@pytest.mark.corpus
@pytest.mark.timeout(1_800)
def test_mutants_of_the_corpus() -> None:
    run([raw for raw in corpus_mails() if len(raw) < 60_000], MUTANTS)


@pytest.mark.slow
@pytest.mark.corpus
def test_every_mail_of_the_corpus_is_read() -> None:
    for raw in corpus_mails():
        check(raw)


def corpus_mails() -> list[bytes]:
    index = CORPUS / "index.jsonl"
    if not index.exists():
        pytest.skip("no corpus: neither ../shared/corpus nor MAILCASE_CORPUS")
    rows = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
    return [(CORPUS / row["path"]).read_bytes() for row in rows if row["form"] == "eml"]
