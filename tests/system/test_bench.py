"""The benchmark's own load and its table: what is compared must be what it says it is."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from tools import bench, bench_load
from tools.bench_rows import Figure, percentile


@pytest.fixture
def own_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is shared here: the generator of our own is used."""
    monkeypatch.setenv("MAILCASE_BENCH", str(tmp_path))


@pytest.mark.usefixtures("own_load")
def test_the_same_load_every_time_and_every_mail_another_one() -> None:
    new, answers = bench_load.letters(100)
    assert (len(new), len(answers)) == (60, 40)
    again = [letter.raw() for part in bench_load.letters(100) for letter in part]
    first = [letter.raw() for letter in (*new, *answers)]
    assert first == again
    assert len({email.message_from_bytes(raw)["Message-ID"] for raw in first}) == 100


@pytest.mark.usefixtures("own_load")
def test_sizes_are_those_of_the_page() -> None:
    sizes = [len(letter.raw()) for part in bench_load.letters(400) for letter in part]
    large = sum(size > 900_000 for size in sizes) / len(sizes)
    small = sum(size < 12_000 for size in sizes) / len(sizes)
    assert 0.02 < large < 0.09
    assert 0.6 < small < 0.8


@pytest.mark.usefixtures("own_load")
def test_an_answer_names_its_case_and_the_mail_it_answers() -> None:
    new, answers = bench_load.letters(20)
    opening = {letter.subject: email.message_from_bytes(letter.raw()) for letter in new}
    answer = email.message_from_bytes(answers[0].raw("[Case #1001]"), policy=email.policy.default)
    assert "[Case #1001]" in answer["Subject"]
    assert answer["In-Reply-To"] == opening[answers[0].parent]["Message-ID"]


def test_small_mails_have_the_size_that_is_asked_for() -> None:
    mails = bench_load.small_mails(20, 10_000)
    assert all(9_800 < len(raw) < 10_200 for _, raw in mails)
    assert len({raw for _, raw in mails}) == 20


def test_the_table_says_what_was_reached() -> None:
    slow, fast = Figure("whole-sqlite", 100, "mails/s", 1_000), Figure("p99", 20, "ms")
    rows = bench._table({"whole-sqlite": [slow], "p99": [fast]}).splitlines()[2:]
    assert "**no**" in rows[0]
    assert "| 0.10 |" in rows[0]
    assert rows[1].endswith("| yes |")


def test_the_median_of_three_is_compared() -> None:
    runs = [Figure("p99", value, "ms") for value in (10, 90, 60)]
    (row,) = bench._table({"p99": runs}).splitlines()[2:]
    assert "60 ms" in row
    assert "**no**" in row


def test_percentiles_are_of_the_sorted_values() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile(list(range(1, 101)), 95) == 95


def test_every_row_of_the_table_has_its_meaning_once() -> None:
    meanings = [what for what, _, _ in bench.GOALS.values()]
    assert len(set(meanings)) == len(meanings)


def test_a_table_is_put_between_its_marks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- bench:speed -->\nold\n<!-- /bench:speed -->\nafter\n")
    monkeypatch.setattr(bench, "DOCUMENT", page)
    bench.write("speed", r"new \1")
    assert page.read_text() == "before\n<!-- bench:speed -->\nnew \\1\n<!-- /bench:speed -->\nafter\n"
    with pytest.raises(SystemExit):
        bench.write("growth", "nowhere to put it")
