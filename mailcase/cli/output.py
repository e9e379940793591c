"""What commands print: tables for people, JSON for programs. Foreign text cannot drive the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime


def print_json(value: object) -> None:
    """One JSON document; on a terminal it is indented. Times are RFC 3339 UTC."""
    print(json.dumps(value, default=_as_json, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def print_json_line(value: object) -> None:
    """One JSON document on exactly one line, for output that goes on (JSON lines)."""
    print(json.dumps(value, default=_as_json, ensure_ascii=False))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing.") -> None:
    """A table for people; plain columns when the output is no terminal. `empty` is said when there are no rows."""
    cells = [[printable(_as_cell(value)) for value in row] for row in rows]
    if not cells:
        print(empty)
    elif sys.stdout.isatty():
        _print_rich(headers, cells)
    else:
        _print_plain(headers, cells)


def print_error(*lines: str) -> None:
    """Lines on standard error, each with our name before it."""
    for line in lines:
        print(f"mailcase: {printable(line)}", file=sys.stderr)


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Foreign text without what a terminal obeys: control characters are shown escaped (S38).

    With `keep_lines` line ends and tabs stay: for the text of a mail.
    """
    if text.isprintable():
        return text
    kept = "\n\t" if keep_lines else ""
    return "".join(letter if letter.isprintable() or letter in kept else repr(letter)[1:-1] for letter in text)


def _as_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _as_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, tuple | list | frozenset | set):
        return ", ".join(map(str, value))
    return str(value)


def _print_rich(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headers, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))  # Text, not str: [brackets] of a subject are no markup
    Console().print(table)


def _print_plain(headers: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    rows = [[header.upper() for header in headers], *cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
