"""`make corpus`: how many of other projects' hardest mails are read as their authors expect, beside other readers.

The mails and the script that scores them lie in `../shared/corpus`, or in the folder that MAILCASE_CORPUS names.
With --write the table goes into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from tools.bench import write

# Readers that the script knows by itself, and the module each needs.
REFERENCES = {
    "stdlib": "email",
    "mail-parser": "mailparser",
    "flufl": "flufl.bounce",
    "mail-parser-reply": "mailparser_reply",
    "quotequail": "quotequail",
    "email-reply-parser": "email_reply_parser",
}
# At least so many in a hundred.
GOALS = {
    "answered": 100.0,
    "subject": 99.0,
    "from": 99.0,
    "attachment-count": 97.0,
    "body": 97.0,
    "bounce-found": 99.0,
    "bounce-recipients": 100.0,
    "not-a-bounce": 100.0,
    "person-found": 100.0,
    "automatic-found": 100.0,
    "reply (all)": 90.0,
}

Scores = dict[str, tuple[int, int]]


def main(arguments: list[str] | None = None) -> None:
    """Score mailcase and every reference that is installed; print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.corpus", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--write", action="store_true", help="also write the table into docs/benchmarks.md")
    parser.add_argument("--alone", action="store_true", help="without the other readers")
    options = parser.parse_args(arguments)
    script = _script()
    if script is None:
        print("there is no corpus here: put it into ../shared/corpus, or name its folder in MAILCASE_CORPUS")
        return
    command = shlex.join([sys.executable, "-m", "mailcase.cli.main", "explain", "--json"])
    found = {"mailcase": _scores(script, command)}
    for name, module in {} if options.alone else REFERENCES.items():
        if _is_installed(module):
            found[name] = _scores(script, name)
        else:
            print(f"{name}: not installed, left out", file=sys.stderr)
    table = _table(found)
    print(table)
    if options.write:
        write("corpus", f"{datetime.now(UTC):%Y-%m-%d}, `make corpus`.\n\n{table}")


def _script() -> Path | None:
    folder = Path(os.environ.get("MAILCASE_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
    script = folder / "score.py"
    return script if script.is_file() else None


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _scores(script: Path, reader: str) -> Scores:
    """Family to (right, of)."""
    quiet = subprocess.DEVNULL if reader in REFERENCES else None  # they complain about many mails
    command = [sys.executable, str(script), "--json", reader]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=quiet, text=True)
    return {family: (right, of) for family, (right, of) in json.loads(done.stdout).items()}


def _table(found: dict[str, Scores]) -> str:
    lines = [f"| family | goal | {' | '.join(found)} |", f"| --- | --- |{' --- |' * len(found)}"]
    for family in sorted({family for scores in found.values() for family in scores}):
        goal = GOALS.get(family)
        cells = []
        for name, scores in found.items():
            right, of = scores.get(family, (0, 0))
            cell = f"{right}/{of}" if of else ""
            met = goal is None or not of or 100 * right / of >= goal
            cells.append(cell if name != "mailcase" or met else f"**{cell}**")
        wanted = "" if goal is None else "all" if goal == 100 else f"{goal:g} %"
        lines.append(f"| {family} | {wanted} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
