"""docs/configuration.md against the models that read the file: no key is missing, none is too many, defaults agree."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mailcase.config import Config
from tests.docs.markdown import code, read, rows, sections

TOP = "Top of the file"
# What has to stand in a table so that the rest of it can be looked at.
NEEDED = {"name": "x", "address": "x@example.com", "host": "x.example", "kind": "open"}

Row = tuple[str, str, str]  # type, default, meaning


def documented() -> dict[str, dict[str, Row]]:
    """Key -> its row, for each table of the file; a heading may name several that have the same keys."""
    found: dict[str, dict[str, Row]] = {}
    for heading, text in sections(read("docs/configuration.md")).items():
        keys = {cells[0].strip("`"): (cells[1], cells[2], cells[3]) for cells in rows(text) if len(cells) == 4}
        if keys:
            found |= dict.fromkeys(code(heading) or [heading], keys)
    return found


def inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := inner(part))), None)


def is_list(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def tables(
    model: type[BaseModel] = Config, path: str = ""
) -> Iterator[tuple[str, type[BaseModel], dict[str, FieldInfo]]]:
    """Every table: its heading in the page, its model, and its plain keys."""
    plain = {}
    below: list[tuple[str, type[BaseModel], dict[str, FieldInfo]]] = []
    for name, field in model.model_fields.items():
        table = inner(field.annotation)
        if table is None:
            plain[name] = field
        else:
            header = f"{path}.{name}".lstrip(".")
            below += tables(table, header)
            head = f"[[{header}]]" if is_list(field.annotation) else f"[{header}]"
            below = [(head if where == header else where, what, keys) for where, what, keys in below]
    if model is Config:
        del plain["source"]
    yield path or TOP, model, plain
    yield from below


TABLES = {heading: (model, keys) for heading, model, keys in tables()}
KEYS = [(heading, key) for heading, (_, keys) in TABLES.items() for key in keys]


def test_every_table_of_the_file_has_its_section_and_no_other_is_there() -> None:
    assert set(documented()) == set(TABLES)


@pytest.mark.parametrize("heading", list(TABLES))
def test_a_section_has_the_keys_of_its_table(heading: str) -> None:
    assert set(documented()[heading]) == set(TABLES[heading][1])


def value_of(model: type[BaseModel], key: str, given: dict[str, Any]) -> object:
    needed = {name: value for name, value in NEEDED.items() if name in model.model_fields}
    return getattr(model.model_validate(needed | given, context={"folder": Path("/desk")}), key)


@pytest.mark.parametrize(("heading", "key"), KEYS)
def test_the_default_is_the_one_that_is_written(heading: str, key: str) -> None:
    model, keys = TABLES[heading]
    said = documented()[heading][key][1]
    if said == "required":
        assert keys[key].is_required()
    elif said.startswith("`"):
        assert not keys[key].is_required()
        told = tomllib.loads(f"{key} = {said.strip('`')}")[key]
        assert value_of(model, key, {key: told}) == value_of(model, key, {})
    else:
        assert value_of(model, key, {}) is None
        assert said, "what holds without it is said in words"


def choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from choices(part)


@pytest.mark.parametrize(("heading", "key"), KEYS)
def test_every_choice_is_named(heading: str, key: str) -> None:
    kind = documented()[heading][key][0]
    assert all(f"`{choice}`" in kind for choice in choices(TABLES[heading][1][key].annotation))


def test_a_wrong_page_would_be_seen() -> None:
    """The comparison can fail: a table without one of its keys is another table."""
    keys = documented()["[smtp]"]
    assert {*keys} - {"listen"} != set(TABLES["[smtp]"][1])
    assert value_of(TABLES["[smtp]"][0], "max_size", {"max_size": "26M"}) != value_of(
        TABLES["[smtp]"][0], "max_size", {}
    )
