"""The blocks of code in the documents: configs load, commands exist, shell is shell."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from mailcase.cli.main import build
from mailcase.config import load
from tests.docs.markdown import PAGES, ROOT, Block, blocks, code, prose

ALL = [(page, block) for page in PAGES for block in blocks(page.read_text("utf-8"))]
KNOWN = {"sh", "toml", "json", "main.cf", ""}


def of(language: str) -> list[Any]:
    """Every block in a language, named by its page and heading."""
    return [pytest.param(block, id=f"{page.name} {block.heading}") for page, block in ALL if block.language == language]


def test_every_block_is_looked_at_by_somebody() -> None:
    assert {block.language for _, block in ALL} <= KNOWN


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the secrets that examples name."""
    for variable in ("MAILCASE_CONFIG", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("secret", "password"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "mailcase.toml").touch()
    return tmp_path


@pytest.mark.parametrize("block", of("toml"))
def test_an_example_of_a_config_loads(block: Block, secrets: Path) -> None:
    assert tomllib.loads(block.text)
    path = secrets / "mailcase.toml"
    path.write_text(block.text)
    config = load(path)
    assert config.policy({}).mailboxes


@pytest.mark.parametrize("block", of("sh"))
def test_shell_is_shell(block: Block) -> None:
    said = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("block", of("json"))
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.text)


def commands(page: Path) -> Iterator[str]:
    """Every `mailcase …` in a page, in its blocks and in its lines."""
    text = page.read_text("utf-8")
    lines = [line for block in blocks(text) if block.language == "sh" for line in block.text.splitlines()]
    for line in (*lines, *code(prose(text))):
        if match := re.match(r"(?:\S*/)?mailcase(?: +-c +\S+)?((?: +[a-z][a-z-]*)+)", line.strip()):
            yield match[1].strip()


def is_command(words: list[str]) -> bool:
    """Whether the command line knows these words; what follows a command is its own matter."""
    command: Any = typer.main.get_command(build([]))
    for word in words:
        if not hasattr(command, "commands"):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page: Path) -> None:
    assert [said for said in commands(page) if not is_command(said.split())] == []


def test_a_command_that_is_not_there_would_be_seen() -> None:
    assert is_command(["case", "show"])
    assert not is_command(["case", "shout"])
    assert not is_command(["cases"])
    assert "case list" in list(commands(ROOT / "README.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    text = page.read_text("utf-8")
    spans = [*code(prose(text)), *(line for block in blocks(text) for line in block.text.splitlines())]
    named = {match[1] for span in spans if (match := re.match(r"make (?:-C \S+ )?([a-z]+)$", span.strip()))}
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
