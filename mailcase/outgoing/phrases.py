"""The short texts of each language, from `phrases.toml`: checked when they are read, complete when they are used."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

from mailcase.outgoing.sandbox import FSI, PDI, RIGHT_TO_LEFT

FILE = "phrases.toml"
DEFAULT = "en"
# Numbers read the same in every direction; any other value may be in either.
_NUMBERS = frozenset(("number", "other", "attempt", "attempts", "count", "id"))
_LINE = re.compile(r"\(at line (\d+)")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def read(folder: Path, known: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """The phrases in `folder`, or {} where it has none. What is wrong goes to `problems` as `file:line: what`.

    `known` are the English ones: a phrase with the same key may use only their placeholders.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        source = path.read_text("utf-8")
        table = tomllib.loads(source)
    except (OSError, ValueError) as error:
        line = _LINE.search(str(error))
        problems.append(f"{path}:{line[1] if line else 1}: {error}")
        return {}
    good = {}
    for key, text in table.items():
        fault = _fault(key, text, known)
        if fault:
            problems.append(f"{path}:{_line_of(key, source)}: {key}: {fault}")
        else:
            good[key] = text
    return good


def placeholders(text: str) -> frozenset[str]:
    """The names in braces. Raises ValueError for anything in braces that is more than a name."""
    found = set()
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a plain name in braces")
        found.add(name)
    return frozenset(found)


def _fault(key: str, text: object, known: Mapping[str, str]) -> str:
    if not isinstance(text, str):
        return "a phrase is a text in quotes"
    try:
        names = placeholders(text)
    except ValueError as error:
        return str(error)
    if key in known and names - placeholders(known[key]):
        return f"there is no value for {', '.join(sorted(names - placeholders(known[key])))}"
    return ""


def _line_of(key: str, source: str) -> int:
    lines = source.split("\n")
    return next((n for n, line in enumerate(lines, 1) if line.partition("=")[0].strip(' "') == key), 1)


def with_isolates(language: str, table: Mapping[str, str]) -> dict[str, str]:
    """The phrases ready for use: in a right-to-left language values that are not numbers are set apart (UAX 9)."""
    if language not in RIGHT_TO_LEFT:
        return dict(table)

    def isolated(match: re.Match[str]) -> str:
        return match[0] if match[1] in _NUMBERS else f"{FSI}{match[0]}{PDI}"

    return {key: _PLACEHOLDER.sub(isolated, text) for key, text in table.items()}
