"""The rows of the fault table, and the tests that name them: `test_B4_uidvalidity_change` is about row B4."""

from __future__ import annotations

import ast
import re
from pathlib import Path

# What goes wrong, in the order of a mail's way: taken in by SMTP or LMTP, by IMAP, worked on, sent.
ROWS = {
    "A1": "kill -9 when a client connects",
    "A2": "kill -9 after RCPT",
    "A3": "kill -9 in the middle of DATA",
    "A4": "kill -9 after the dot, before the transaction",
    "A5": "kill -9 before the commit",
    "A6": "kill -9 during the commit",
    "A7": "kill -9 between the commit and the 250",
    "A8": "kill -9 between the 250 and the work on the mail",
    "A9": "clients that hang up, fall silent or crawl",
    "A10": "a mail over the size limit, declared or not",
    "A11": "the database is locked, away or full",
    "A12": "the disk fails: EIO from fdatasync",
    "A13": "LMTP with several recipients and different fates",
    "A14": "one mail for two of our addresses",
    "A15": "SIGTERM while mail comes in",
    "A16": "a flood of connections",
    "B1": "kill -9 between FETCH and the commit",
    "B2": "kill -9 between the commit and flag, move or delete",
    "B3": "kill -9 between COPY and EXPUNGE",
    "B4": "UIDVALIDITY changes",
    "B5": "the line breaks, stalls or crawls in the middle of a mail",
    "B6": "the server says BYE or is restarted",
    "B7": "IDLE is silently dead",
    "B8": "one mail cannot be fetched or read",
    "B9": "somebody has read the mail before us",
    "B10": "a mail vanishes between list and fetch",
    "B11": "quota full, target folder missing, mailbox read-only",
    "B12": "the login is refused",
    "B13": "the same mail by SMTP and by IMAP",
    "B14": "first contact with a mailbox full of old mail",
    "B15": "equal Message-IDs, or none",
    "C1": "kill -9 at any step of the work on a mail",
    "C2": "a mail hangs, kills or fills what reads it",
    "C3": "a template is broken",
    "C4": "many answers to one closed case at once",
    "C5": "two daemons on one database; the lock is lost",
    "C6": "the clock jumps",
    "C7": "deadlines came while the daemon was stopped",
    "C8": "a wrong config at reload",
    "C9": "the schema is newer or older",
    "C10": "PostgreSQL crashes during transactions",
    "D1": "the smarthost is gone",
    "D2": "the smarthost says 4xx",
    "D3": "the smarthost says 5xx",
    "D4": "some recipients are refused",
    "D5": "drop or silence after the dot",
    "D6": "kill -9 while sending",
    "D7": "STARTTLS stripped, or a wrong certificate",
    "D8": "the mail comes back later",
    "D9": "a long queue after a day",
    "D10": "SIGTERM while mail is sent",
}
_TESTS = Path(__file__).parents[1]
_FOLDERS = ("faults", "intake")
_NAMED = re.compile(r"(?<=_)[A-D]\d{1,2}(?=_)")


def rows_of(test: str) -> list[str]:
    """The rows that a test's name names."""
    return [row for row in _NAMED.findall(test) if row in ROWS]


def by_row() -> dict[str, list[str]]:
    """The tests of each row, as pytest calls them: `tests/faults/test_clock.py::test_C6_a_clock_that_jumps`."""
    found: dict[str, list[str]] = {row: [] for row in ROWS}
    for folder in _FOLDERS:
        for path in sorted((_TESTS / folder).glob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for row in rows_of(node.name):
                        found[row].append(f"tests/{folder}/{path.name}::{node.name}")
    return found
