"""From what is wrong with a config file to lines for people: the file, the line, the key, the fault, the remedy."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from mailcase.errors import MailcaseError

KeyPath: TypeAlias = tuple[str | int, ...]

# What to write for a key that must be there.
_EXAMPLES = {
    "name": 'name = "…", one word',
    "address": 'address = "…@example.com"',
    "host": 'host = "imap.example.com"',
    "kind": 'kind = "open"',
}
# What stands for a missing key while the rest of the file is checked: nothing refers to it.
STAND_IN = "missing"
STAND_INS = {"name": STAND_IN, "address": "missing@missing.invalid", "host": "missing.invalid", "kind": "open"}
# Words that people try first, and ours.
_SYNONYMS = {
    "email": "address",
    "mail": "address",
    "server": "host",
    "username": "user",
    "login": "user",
    "smarthost": "to",
    "url": "to",
    "tag": "subject_tag",
    "lang": "language",
    "certificate": "tls_certificate",
    "key": "tls_key",
    "interval": "poll",
    "database_url": "database",
}


class ConfigError(MailcaseError):
    """The config cannot be used. `problems` has a line for each fault."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where (`("mailbox", 0, "imap", "port")`), and text of the form `what is wrong; what to write`."""

    path: KeyPath
    text: str


def render(problem: Problem, source: Path, lines: Mapping[KeyPath, int]) -> str:
    """`mailcase.toml:12: mailbox[1].imap.port: 'abc' is not …; write …`. The first of a list is number 1."""
    place = line_of(problem.path, lines)
    where = f"{source}:{place}" if place else str(source)
    key = dotted(problem.path)
    return f"{where}: {key}: {problem.text}" if key else f"{where}: {problem.text}"


def not_toml(source: Path, message: str) -> str:
    """tomllib's words for broken syntax, with the line where ours stands."""
    where = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message)
    if not where:
        return f"{source}: this is not TOML: {message}; see https://toml.io"
    return f"{source}:{where[2]}: this is not TOML at column {where[3]}: {where[1]}; see https://toml.io"


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """The line of a key, or of the innermost table around it that has one; 0 when nothing of it is in the file."""
    return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), 0)


def dotted(path: KeyPath) -> str:
    """A key path as people write it: `mailbox[1].imap.port`."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line on which each key and each table begins. tomllib tells lines for broken syntax only, hence this scan.

    Good enough to point at: keys inside inline tables are not found, then the line of what holds them is.
    """
    lines: dict[KeyPath, int] = {}
    last: dict[KeyPath, int] = {}
    table: KeyPath = ()
    inside = ""
    for number, line in enumerate(text.split("\n"), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := re.match(r"\s*(\[\[?)([^\[\]]+)\]", line):
            table = _table_path(_names(header[2]), last, is_new=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            lines.setdefault((*table, *_names(key[1])), number)
        inside = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return lines


def _names(dotted_key: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted_key.split(".")]


def _table_path(names: list[str], last: dict[KeyPath, int], *, is_new: bool) -> KeyPath:
    """The path of a table header; `last` remembers the index of the newest entry of each array of tables."""
    path: KeyPath = ()
    for position, name in enumerate(names, 1):
        path = (*path, name)
        if is_new and position == len(names):
            last[path] = last.get(path, -1) + 1
        if path in last:
            path = (*path, last[path])
    return path


def explain(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    """One of pydantic's errors in our words. `model` is what the whole file was read into."""
    path = error["loc"]
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    match kind:
        case "extra_forbidden":
            text = _unknown_key(path, model)
        case "missing":
            text = f"is missing; write {_EXAMPLES[str(path[-1])]}"
        case "value_error":
            text = str(context["error"])
        case "int_type" | "int_parsing" | "int_from_float":
            text = f"{_shown(value)} is not a whole number; write digits without quotes"
        case "bool_type" | "bool_parsing":
            text = f"{_shown(value)} is neither true nor false; write one of them, without quotes"
        case "string_type" | "path_type":
            text = f"{_shown(value)} is not text; write it in double quotes"
        case "literal_error":
            text = f"{_shown(value)} is not known; write {context['expected'].replace(chr(39), '')}"
        case "tuple_type" if isinstance(value, dict):
            text = f"is one table; write [[{dotted(path)}]] in double brackets, each time anew"
        case "tuple_type":
            text = f"{_shown(value)} is not a list; write it in brackets, such as [{_as_toml(value)}]"
        case "model_type" | "model_attributes_type":
            text = f"{_shown(value)} is not a table; write {_header(path)} on a line and its keys below"
        case "greater_than_equal":
            text = f"{value} is too small; write at least {context['ge']}"
        case "less_than_equal":
            text = f"{value} is too large; write at most {context['le']}"
        case _:
            text = f"{error['msg']}; see docs/configuration.md"
    return Problem(path, text)


def _shown(value: object) -> str:
    """A wrong value, short. Tables and lists only by name: there may be a password in them."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _as_toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else "…"


def _header(path: KeyPath) -> str:
    name = dotted(tuple(part for part in path if isinstance(part, str)))
    return f"[[{name}]]" if name in ("mailbox", "agent", "status") else f"[{name}]"


def _unknown_key(path: KeyPath, model: type[BaseModel]) -> str:
    """What to do about a key that the table does not have: another spelling, another table, or the list of keys."""
    tables = dict(_tables(model, ()))
    header = tuple(part for part in path[:-1] if isinstance(part, str))
    key, known = str(path[-1]), [name for name in tables.get(header, ()) if name != "source"]
    if "password" in key or "secret" in key:
        files = [name for name in known if name.endswith("_file")]
        if files and key not in files:
            return f"secrets do not stand in this file; write them into a file of their own and name it: {files[0]}"
    synonym = _SYNONYMS.get(key, "")
    near = [synonym] if synonym in known else difflib.get_close_matches(key, known, n=1)
    if near:
        return f"unknown key; did you mean {near[0]}?"
    homes = [_header(table) if table else "the top of the file" for table, names in tables.items() if key in names]
    if header[:-1] in tables and key in tables[header[:-1]] and len(header) > 1:
        return f"unknown key here; it belongs in {_header(header[:-1])}, above {_header(header)}"
    if homes:
        return f"unknown key here; it belongs in {' or '.join(homes)}"
    return f"unknown key; known are {', '.join(known)}"


def _tables(model: type[BaseModel], path: KeyPath) -> Iterable[tuple[KeyPath, list[str]]]:
    """Every table of the config with the names of its keys, found from the models."""
    yield path, list(model.model_fields)
    for name, field in model.model_fields.items():
        if inner := _inner_model(field.annotation):
            yield from _tables(inner, (*path, name))


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for part in get_args(annotation) if (inner := _inner_model(part))), None)
