"""`make drill`: all faults on purpose, as often as the table says, and the results written into docs/reliability.md.

python -m tools.drill                   everything, in full: about an hour on two cores
python -m tools.drill --few             everything, a few times each: what `make test` does
python -m tools.drill intake=40         one drill with another count (tests/faults/counts.py)
python -m tools.drill -k "C6 or C7"     only these rows; the table is not touched
python -m tools.drill --render FOLDER   the table again, from what earlier runs with --keep FOLDER left there
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from tests.faults.rows import ROWS, rows_of

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- drill: written by make drill -->", "<!-- end of drill -->"
WHERE = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass
class Row:
    """What is known about one row."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Run, write down, and end with 1 when something failed."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="mailcase-drill-") as temporary:
        folder = Path(arguments.render or arguments.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        code = 0 if arguments.render else _run(arguments, folder)
        rows = read(folder)
        if arguments.render or not arguments.k:
            write(rows, _words(arguments))
    for name, row in rows.items():
        for test in row.failed:
            print(f"{name}: {test} FAILED")
    sys.exit(1 if code or any(row.failed for row in rows.values()) else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.drill", description=__doc__.split("\n\n")[0])
    parser.add_argument("counts", nargs="*", metavar="NAME=COUNT", help="another count for one drill")
    parser.add_argument("--few", action="store_true", help="a few times each")
    parser.add_argument("-k", default="", help="only these tests, as pytest's -k")
    parser.add_argument("-n", default="2", help="how many at a time")
    parser.add_argument("--keep", metavar="FOLDER", help="leave the results here")
    parser.add_argument("--render", metavar="FOLDER", help="run nothing, write the table from these results")
    return parser.parse_args()


def _words(arguments: argparse.Namespace) -> str:
    return " ".join(["make drill" if not (arguments.few or arguments.counts) else "python -m tools.drill"]
                    + ["--few"] * arguments.few + arguments.counts)  # fmt: skip


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    stamp = f"{time.time():.0f}"
    wanted = ",".join(([] if arguments.few else ["full"]) + arguments.counts)
    command = [sys.executable, "-m", "pytest", "tests/faults", "tests/intake", "-n", arguments.n, "--dist", "loadfile",
               "-o", "timeout=3600", f"--junitxml={folder / stamp}.xml"]  # fmt: skip
    environment = {**os.environ, "MAILCASE_DRILL": os.environ.get("MAILCASE_DRILL", wanted),
                   "MAILCASE_DRILL_FIGURES": str((folder / stamp).with_suffix(".jsonl"))}  # fmt: skip
    return subprocess.run(
        [*command, *(["-k", arguments.k] if arguments.k else [])], cwd=ROOT, env=environment
    ).returncode


def read(folder: Path) -> dict[str, Row]:
    """The rows, from all results in a folder; of a test that ran twice the later result counts."""
    rows = {name: Row() for name in ROWS}
    last: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("*.xml")):
        last |= dict(_results(path))
    for test, (result, words) in last.items():
        for name in dict.fromkeys(rows_of(test)):
            if result == "passed":
                rows[name].passed += 1
            elif result == "failed":
                rows[name].failed.append(test)
            else:
                rows[name].skipped.append(words)
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            found = json.loads(line)
            where = _where(found["test"])
            for name in found["rows"]:
                if name in rows:
                    kind = found["text"].partition(":")[0] if ":" in found["text"][:8] else ""
                    rows[name].figures[f"{found['test']} {kind}"] = f"{where}{found['text']}"
    return rows


def _results(path: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    for case in ElementTree.parse(path).iter("testcase"):
        result, words = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                result = "failed"
            elif child.tag == "skipped":
                result, words = "skipped", child.get("message", "")
        yield f"{case.get('classname', '')}::{case.get('name', '')}", (result, words)


def _where(test: str) -> str:
    """Which database it was, where a test runs on both."""
    inside = test.partition("[")[2].rstrip("]").split("-")
    return next((f"{words}: " for key, words in WHERE.items() if key in inside), "")


def write(rows: dict[str, Row], command: str) -> None:
    """Put the table between the marks of the page."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE} has no place for the table: {BEGIN} … {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{_table(rows, command)}\n{END}{after}", "utf-8")


def _table(rows: dict[str, Row], command: str) -> str:
    tests = sum(row.passed for row in rows.values())
    lines = [
        f"`{command}`, {datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {tests} results:", "",
        "| row | what goes wrong | result | figures |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, row in rows.items():
        reasons = defaultdict(int)
        for words in row.skipped:
            reasons[words] += 1
        result = (
            f"**{len(row.failed)} failed**" if row.failed else f"{row.passed} passed" if row.passed else "**not run**"
        )
        result += "".join(f"; {count} left out: {words}" for words, count in reasons.items())
        figures = "<br>".join(sorted(dict.fromkeys(row.figures.values()))).replace("|", "\\|")
        lines.append(f"| {name} | {ROWS[name]} | {result} | {figures or 'as its tests say'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
