"""`make bench`: what mailcase costs, beside what the machine can do at all, in one run.

Rates are compared as ratios to a yardstick that is measured right before and after: a bare aiosmtpd that throws 4.8 KB
mails away. Nothing outside a temporary folder is written, except with --write: then docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tools import bench_command, bench_growth, bench_load, bench_questions, bench_reading, bench_rows
from tools.bench_rows import Figure, Scale

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
MARKS = ("<!-- bench:{name} -->", "<!-- /bench:{name} -->")

# What each key means, the goal, and whether more is better.
GOALS: dict[str, tuple[str, float | None, bool]] = {
    "whole-sqlite": ("whole way, mixed, SQLite: accepted, read, decided, acknowledgement in the outbox", 0.35, True),
    "whole-pg": ("whole way, mixed, PostgreSQL", 0.30, True),
    "sent-sqlite": ("whole way, mixed, SQLite, every acknowledgement handed to the smarthost", 0.28, True),
    "stock": ("whole way, mixed, SQLite ÷ stock aiosmtpd that throws the same mails away", 1.4, True),
    "accept-mixed": ("durable accept, mixed, workers at work", 0.45, True),
    "accept-small": ("`250` after commit, 4.8 KB, workers at work", 0.8, True),
    "p99": ("time to `250`, mixed, four sessions, p99", 50, False),
    "p99-pg": ("the same on PostgreSQL", 50, False),
    "ack": ("`250` to acknowledgement handed to the smarthost, 10 mails/s, p95", 500, False),
    "imap": ("IMAP: 5,000 × 10 KB from Dovecot to cases, flagged", 0.30, True),
    "memory-1000": ("memory of all processes (PSS) after 1,000 mails", 150, False),
    "memory-10000": ("memory of all processes (PSS) after 10,000 mails", 150, False),
    "memory-100000": ("memory of all processes (PSS) after 100,000 mails", 150, False),
    "disk": ("disk ÷ raw mail, mixed", 1.3, False),
    "disk-small": ("disk ÷ raw mail, 4.8 KB mails alone, search index and all", None, False),
    "start": ("start to listening, small desk", 2, False),
    "growth": ("whole way into a desk of 1,000,000 messages ÷ into an empty one", 0.85, True),
    "start-million": ("start to listening, 1,000,000 messages", 2, False),
    "by-number": ("look-up by number, 1,000,000 messages", 5, False),
    "by-name": ("search by name, 1,000,000 messages", 100, False),
    "by-subject": ("search by subject, 1,000,000 messages", 100, False),
    "by-words": ("search by words, 1,000,000 messages", 100, False),
    "by-priority": ("open cases by priority, 1,000,000 messages", 100, False),
    "cpu-listener": ("processor time of the listener for a mixed mail", None, False),
    "cpu-worker": ("processor time of the worker for a mixed mail, SQLite", 2.8, False),
    "cpu-worker-pg": ("the same on PostgreSQL (its server not counted)", None, False),
    "reading": ("reading a mail of 5 KB ÷ mail-parser alone on it, median", 1.3, False),
    "reading-ours": ("reading a mail of 5 KB", None, False),
    "floor-mixed-stock": ("floor: stock aiosmtpd throwing the mixed mails away", None, True),
    "floor-small-stock": ("floor: stock aiosmtpd throwing 4.8 KB mails away, same client as ours", None, True),
    "reading-floor": ("floor: mail-parser alone on a mail of 5 KB", None, False),
    **{f"ask-{key}-{kind}": (f"`{kind}`, {where}", 300, False)
       for key, where in (("sqlite", "SQLite"), ("pg", "PostgreSQL")) for kind in bench_questions.KINDS},
    "command-sqlite-p50": ("an agent's command from `250` to its effect, SQLite, p50", None, False),
    "command-sqlite": ("the same, p95", 1000, False),
    "command-pg-p50": ("an agent's command from `250` to its effect, PostgreSQL, p50", None, False),
    "command-pg": ("the same, PostgreSQL, p95", 1000, False),
    "floor-imap": ("floor: imapclient alone fetching the same mails, 200 at a time", None, True),
}  # fmt: skip

ROWS: dict[str, Callable[[Scale], list[Figure]]] = {
    "sqlite": bench_rows.mixed_sqlite,
    "pg": bench_rows.mixed_postgresql,
    "sent": bench_rows.sent,
    "small": bench_rows.small,
    "ack": bench_rows.acknowledged,
    "imap": bench_rows.imap,
    "start": bench_rows.start,
    "memory": bench_rows.memory,
    "reading": bench_reading.reading,
}
LONG: dict[str, Callable[[Scale], list[Figure]]] = {
    "growth": bench_growth.growth,
    "memory-long": bench_rows.memory_long,
}
QUESTIONS: dict[str, Callable[[Scale], list[Figure]]] = {"questions": bench_questions.questions}
COMMAND: dict[str, Callable[[Scale], list[Figure]]] = {"command": bench_command.commands}
# The tables of the document.
SECTIONS = {"speed": ROWS, "command": COMMAND, "questions": QUESTIONS, "growth": LONG}
ALL = {name: row for rows in SECTIONS.values() for name, row in rows.items()}
ONCE = {"memory", *LONG, *QUESTIONS, *COMMAND}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and with --write keep."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--only", metavar="ROW,…", help=f"of {', '.join(ALL)}")
    parser.add_argument("--quick", action="store_true", help="a third of the mails, each row once")
    parser.add_argument("--growth", action="store_true", help="also the large desks (long)")
    parser.add_argument("--write", action="store_true", help="also write the table into docs/benchmarks.md")
    options = parser.parse_args(arguments)
    wanted = (
        options.only.split(",")
        if options.only
        else [*ROWS, *COMMAND, *(set(ALL) - {*ROWS, *COMMAND} if options.growth else ())]
    )
    unknown = set(wanted) - set(ALL)
    if unknown:
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    scale = Scale(400 if options.quick else 1_200, options.quick)
    busy = os.getloadavg()[0]
    for section, rows in SECTIONS.items():
        figures: dict[str, list[Figure]] = {}
        for name in wanted:
            if name in rows:
                _measure(name, scale, figures)
                # After each row: a run of an hour that is broken off has not been for nothing.
                if figures and options.write:
                    write(section, f"{_circumstances(options, busy)}\n\n{_table(figures)}")
        if figures:
            print(f"\n{_table(figures)}\n")


def _measure(name: str, scale: Scale, figures: dict[str, list[Figure]]) -> None:
    for turn in range(1 if scale.quick or name in ONCE else 3):
        began = time.monotonic()
        try:
            found = ALL[name](scale)
        except Exception as error:  # what is missing here or went wrong is said, and the other rows go on
            said = str(error).strip().partition("\n")[0]
            print(f"{name}: {type(error).__name__}: {said}", file=sys.stderr, flush=True)
            return
        for figure in found:
            figures.setdefault(figure.key, []).append(figure)
        said = ", ".join(f"{f.key} {f.shown}" + (f" ({f.compared:.2f})" if f.yardstick else "") for f in found)
        print(f"{name} {turn + 1}: {said} ({time.monotonic() - began:.0f} s)", flush=True)


def _table(figures: dict[str, list[Figure]]) -> str:
    lines = ["| what | goal | ours | ÷ yardstick | yardstick | runs (lowest–highest) | reached |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for key, (what, goal, more) in GOALS.items():
        found = figures.get(key)
        if not found:
            continue
        middle = statistics.median(f.compared for f in found)
        shown = min(found, key=lambda f: abs(f.compared - middle))
        reached = "" if goal is None else "yes" if (middle >= goal) is more or middle == goal else "**no**"
        wanted = "" if goal is None else f"{'≥' if more else '≤'} {goal:g}{'' if shown.yardstick else ' ' + shown.unit}"
        spread = f"{len(found)} ({min(f.compared for f in found):.3g}–{max(f.compared for f in found):.3g})"
        ratio = f"{middle:.2f}" if shown.yardstick else ""
        stick = f"{shown.yardstick:.0f}/s" if shown.yardstick else ""
        lines.append(f"| {what} | {wanted.strip()} | {shown.shown} | {ratio} | {stick} | {spread} | {reached} |")
    return "\n".join(lines)


def _circumstances(options: argparse.Namespace, busy: float) -> str:
    """When, with what and how it was measured."""
    words = [f"--only {options.only}"] if options.only else []
    words += [f"--{name}" for name in ("quick", "growth") if getattr(options, name)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    load = "the shared load" if bench_load.shared() else "the generator of `tools/bench_load.py`"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiosmtpd", "mail-parser", "SQLAlchemy"))
    said = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}, "
        f"`{' '.join(['python -m tools.bench', *words])}`, {load}; {_processors()} processors, "
        f"load average when it began {busy:.1f}, Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {libraries}. Medians."
    )
    return textwrap.fill(said, 118, break_long_words=False, break_on_hyphens=False)


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def write(name: str, text: str) -> None:
    """Replace what stands between this table's marks in the document."""
    begin, end = (mark.format(name=name) for mark in MARKS)
    document = DOCUMENT.read_text("utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(document):
        raise SystemExit(f"{DOCUMENT} has no line {begin}")
    DOCUMENT.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", document), "utf-8")


if __name__ == "__main__":
    main()
