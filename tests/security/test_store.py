"""No word of a search is taken for SQL, on either database, by the commands that people type (S31)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from mailcase.cli.main import build
from tests.agents.room import Room, letter
from tests.store.test_search import INJECTIONS

WORDS = (
    *(word for word in INJECTIONS[::4] if len(word) < 100),
    "' UNION SELECT 1,2,3--", "') OR ('1'='1", "1; DELETE FROM cases", "' AND SLEEP(9)--", "'||pg_sleep(9)||'", "%' ESCAPE '!",
    "x' OR number=1001--", "NEAR/3", "col:x", '"a" * "b"', "a NEAR b", "<->", "a:*b", "'a' & 'b'", "!!a", "{subject}:x",
)  # fmt: skip


@pytest.fixture
def config(on_both: Room, database_url: str, tmp_path: Path) -> Iterator[Path]:
    """A desk with three cases, and the config file that names its database."""
    for who, subject in (
        ("ann@example.org", "Zebra"),
        ("ben@example.org", "Quagga"),
        ("cid@example.org", "Okapi 100%_x"),
    ):
        on_both.deliver(letter(who, subject, f"About the {subject.lower()} house."), sender=who)
    (tmp_path / "secret").write_text("a secret of this test only\n")
    path = tmp_path / "mailcase.toml"
    path.write_text(
        f'database = "{database_url}"\nsecret_file = "secret"\n[send]\nto = "maildir:out"\n'
        '[[mailbox]]\nname = "support"\naddress = "support@example.com"\n'
    )
    return path


def asked(config: Path, *arguments: str) -> list[dict[str, Any]]:
    """The rows that a command prints. Raises whatever the command does not expect."""
    said = io.StringIO()
    with redirect_stdout(said):
        build([arguments[0]])(["-c", str(config), *arguments], prog_name="mailcase", standalone_mode=False)
    assert said.getvalue(), arguments
    rows: list[dict[str, Any]] = json.loads(said.getvalue())
    return rows


def test_S31_no_word_is_syntax(config: Path) -> None:
    assert [row["number"] for row in asked(config, "search", "--json", "zebra")] == [1001]
    assert [row["number"] for row in asked(config, "case", "list", "--json", "--search", "house quagga")] == [1002]
    assert [row["number"] for row in asked(config, "search", "--json", "100%_x")] == [1003]
    for word in WORDS:
        for command in (("search", "--json", "--", word), ("case", "list", "--json", "--search", word)):
            numbers = {row["number"] for row in asked(config, *command)}
            assert numbers <= {1001, 1002, 1003}
            assert len(numbers) < 3 or all(c.isspace() or not c.isalnum() for c in word), word
    for flag in ("--assignee", "--mailbox", "--tag", "--mine"):
        for word in ("' OR 1=1--", "%", "_", "*", "x' OR '1'='1"):
            assert asked(config, "case", "list", "--json", flag, word) == []
    assert len(asked(config, "case", "list", "--json")) == 3, "everything is still there"
