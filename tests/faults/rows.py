"""The rows of the fault table, and the tests that name them: `test_B4_uidvalidity_change` is about row B4."""

from __future__ import annotations

import ast
import re
from pathlib import Path

# What is taken in by SMTP and LMTP, by IMAP, what is worked on, what is sent.
COUNTS = {"A": 16, "B": 15, "C": 10, "D": 10}
ROWS = tuple(f"{letter}{number}" for letter, many in COUNTS.items() for number in range(1, many + 1))
_TESTS = Path(__file__).parents[1]
_FOLDERS = ("faults", "intake")
_NAMED = re.compile(r"(?<=_)[A-D]\d{1,2}(?=_)")


def by_row() -> dict[str, list[str]]:
    """The tests of each row, as pytest calls them: `tests/faults/test_clock.py::test_C6_a_clock_that_jumps`."""
    found: dict[str, list[str]] = {row: [] for row in ROWS}
    for folder in _FOLDERS:
        for path in sorted((_TESTS / folder).glob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for row in _NAMED.findall(node.name):
                        found.get(row, []).append(f"tests/{folder}/{path.name}::{node.name}")
    return found
