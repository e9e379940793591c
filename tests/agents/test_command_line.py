"""The same verbs on the command line: they go through the same decisions, and work beside the daemon (F6, A2)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.room import ANNA, Room, letter, text_of

CONFIG = """\
database = "sqlite:///room.db"
secret_file = "secret"
[send]
to = "maildir:outgoing"
[[mailbox]]
name = "support"
address = "support@example.com"
[[mailbox]]
name = "sales"
address = "sales@example.com"
subject_tag = "[Sales #{number}]"
[[agent]]
name = "bob"
address = "bob@staff.example"
"""
Run = Callable[..., Any]


@pytest.fixture
def room(sqlite_template: Path, tmp_path: Path) -> Room:
    (tmp_path / "mailcase.toml").write_text(CONFIG)
    (tmp_path / "secret").write_text("a secret of these tests")
    return Room(sqlite_template, tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def invoke(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "mailcase.cli.main", "-c", str(tmp_path / "mailcase.toml"), "case", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    return invoke


def test_merge_split_forward(room: Room, run: Run) -> None:
    first, _ = room.opened("First")
    second, _ = room.opened("Second", sender="Carl <carl@example.net>")
    assert f"Case {second} was merged into case {first}" in run("merge", str(second), str(first), "--as", "bob")
    assert room.case(second)["merged_into"] == first
    room.deliver(letter(ANNA, f"Re: [Case #{first}] First", "One more thing.", Message_ID="<more@example.org>"))
    room.deliver(letter(ANNA, f"Re: [Case #{first}] First", "And the newest."))
    assert "split" in run("split", str(second), "--message", "<more@example.org>")
    new = max(link["number"] for link in room.case(first)["links"])
    assert room.case(new)["messages"][0]["text"].strip() == "One more thing."
    before = room.last()
    assert "forwarded to dana@helper.example" in run(
        "forward", str(first), "dana@helper.example", "--text", "Please look."
    )
    request = text_of(room.mails("dana@helper.example", before)[0])
    assert "Please look." in request
    assert "And the newest." in request
    assert json.loads(run("show", str(first), "--json"))["messages"][-1]["direction"] == "transfer"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("merge", "{here}", "{here}"), 1, "itself"),
        (("merge", "{here}", "99999"), 1, "no case 99999"),
        (("merge", "99999", "{here}"), 1, "no case 99999"),
        (("split", "{here}"), 1, "only one message"),
        (("split", "{here}", "--message", "<no@example.org>"), 2, "no message"),
        (("forward", "{here}", "nobody"), 2, "Not an address"),
        (("forward", "{here}", "sales@example.com"), 1, "address of the desk"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    room: Room, run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    here, _ = room.opened("Here")
    history, before = room.case(here)["history"], room.last()
    assert said in run(*(a.format(here=here) for a in arguments), code=code)
    assert room.case(here)["history"] == history
    assert room.last() == before
