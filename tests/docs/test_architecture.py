"""docs/architecture.md against the code: the functions, files and tables that it names are there, and none is left out."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from mailcase import memory
from mailcase.core import case, command, decide
from mailcase.daemon import HANGS_AFTER, STOP_WITHIN
from mailcase.parts import DUE_PAUSE, PARTS
from mailcase.scheduler import TICK_SECONDS
from mailcase.store.tables import metadata
from mailcase.worker import BATCH, CPU_SECONDS, DUE_A_ROUND
from tests.docs.markdown import PAGES, ROOT, code, prose, read, rows, sections

PAGE = read("docs/architecture.md")
PLACE = re.compile(r"([\w/]+\.py):([A-Za-z_][\w.]*)")
PLACES = sorted(
    {match for page in PAGES for word in code(prose(page.read_text("utf-8"))) for match in PLACE.findall(word)}
)


def names_in(path: Path) -> set[str]:
    """The functions, classes, methods and values that a module defines, methods as `Class.method`."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{method.name}" for method in methods}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_a_function_that_is_named_is_there(file: str, name: str) -> None:
    path = next((place for place in (ROOT / "mailcase" / file, ROOT / file) if place.is_file()), None)
    assert path, f"there is no {file}"
    assert name in names_in(path)


def test_a_function_that_is_gone_would_be_seen() -> None:
    assert ("core/decide.py", "decide") in PLACES
    assert "decided" not in names_in(ROOT / "mailcase/core/decide.py")


def test_the_way_of_a_mail_has_eight_steps() -> None:
    way = rows(sections(PAGE)["One mail's way"])
    assert [cells[0] for cells in way] == [str(number) for number in range(1, 9)]
    assert all(PLACE.search(cells[1]) for cells in way)


def test_what_is_to_be_touched_is_there() -> None:
    """Every row of "I want to add …" names at least one file or folder, and all of them exist."""
    for _, touched in rows(sections(PAGE)["I want to add …"]):
        words = [word.partition(":")[0] for word in code(touched)]
        paths = [
            word for word in words if "/" in word or word.endswith(".py") or word in ("intake", "cli", "templates")
        ]
        assert paths, touched
        missing = [path for path in paths if not ((ROOT / path).exists() or (ROOT / "mailcase" / path).exists())]
        assert missing == [], touched


def test_the_values_that_are_to_be_changed_are_there() -> None:
    assert decide.RULES
    assert case.MOVES
    assert case.SETTABLE
    assert command.COMMANDS


def test_every_table_of_the_store_is_told_and_no_other() -> None:
    told = {word for cells in rows(sections(PAGE)["The tables of the store"]) for word in code(cells[0])}
    assert told - {"search_…"} == set(metadata.tables)


def test_every_process_is_told() -> None:
    told = " ".join(cells[0] for cells in rows(sections(PAGE)["Processes"]))
    assert all(name in told for name in PARTS)


def test_the_figures_are_those_of_the_code() -> None:
    text = " ".join(sections(PAGE)["Processes"].split()) + " ".join(PAGE.split())
    assert f"At most {BATCH} waiting mails" in text
    assert f"{CPU_SECONDS} seconds of processor time" in text
    assert f"progress for {HANGS_AFTER:.0f} seconds" in text
    assert f"at most {STOP_WITHIN:.0f} seconds" in text
    assert (TICK_SECONDS, "every five seconds" in text) == (5, True)
    assert (DUE_A_ROUND, DUE_PAUSE, "twenty deadlines a minute" in text) == (20, 60.0, True)
    assert "10 seconds of processor time and 768 MB" in text
    assert inspect.signature(memory.limit).parameters["more"].default == 768 * 1024**2


def test_every_room_of_the_house_is_on_the_map() -> None:
    """Each package and module at the top of mailcase/ has its word there."""
    there = {
        path.stem for path in (ROOT / "mailcase").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    map_ = sections(PAGE)["The map"]
    small = {"__init__", "errors", "log", "notify", "tls", "failpoint"}
    assert {name for name in there - small if not re.search(rf"\b{name}(?:/|\*?\.py)", map_)} == set()
