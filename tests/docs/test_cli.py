"""docs/cli.md against the command line: every command and option, the shapes of the JSON, the words of the history."""

from __future__ import annotations

import ast
import email.policy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from mailcase.cli.main import build
from tests.docs.markdown import ROOT, blocks, code, read, rows, sections
from tools.desk import Desk

PAGE = read("docs/cli.md")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that can be given, by its words."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from leaves(below, (*path, name))
    else:
        yield " ".join(path), command


APP = typer.main.get_command(build([]))
COMMANDS = dict(leaves(APP))


def row_of(command: str) -> list[str]:
    """The row of the page that explains a command."""
    words = command.split()
    found = [cells for cells in rows(PAGE) if cells[0].strip("`").split()[: len(words)] == words]
    assert len(found) == 1, f"{command}: {found}"
    return found[0]


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_its_row(command: str) -> None:
    row_of(command)


def test_no_row_explains_a_command_that_is_not_there() -> None:
    headings = ("The desk", "Cases", "Mail")
    told = [cells[0].strip("`").split() for heading in headings for cells in rows(sections(PAGE)[heading])]
    unknown = [" ".join(words) for words in told if not {" ".join(words[:1]), " ".join(words[:2])} & set(COMMANDS)]
    assert unknown == []


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_option_is_in_the_row_and_no_other(command: str) -> None:
    there = {
        name
        for parameter in COMMANDS[command].params
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name not in ("--help", "-h")
    }
    told = {word for cell in row_of(command) for span in code(cell) for word in span.split() if word.startswith("--")}
    assert told == there


def test_the_options_of_all_commands_are_told() -> None:
    for parameter in APP.params:
        for name in parameter.opts:
            assert f"`{name}" in PAGE, name


# ---- JSON ----


# Objects whose names are data: a status, a mailbox.
NAMED = ("by_status", "time_in_status", "mailboxes", "agents", "outbox")


def shape(value: Any) -> Any:
    """Names without values; of a list the first item, None where there is none."""
    if isinstance(value, dict):
        plain = {name: [*part.values()] if _is_named(name, part) else part for name, part in value.items()}
        return {name: shape(part) for name, part in plain.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else None
    return None


def _is_named(name: str, part: Any) -> bool:
    return name in NAMED and isinstance(part, dict)


def differences(told: Any, found: Any, path: str = "") -> list[str]:
    """Where two shapes differ; what is empty on one side says nothing."""
    if told is None or found is None:
        return []
    if isinstance(told, list) and isinstance(found, list):
        return differences(told[0], found[0], f"{path}[]")
    if not (isinstance(told, dict) and isinstance(found, dict)):
        return [f"{path}: one is a list, the other an object"]
    names = set(told) ^ set(found)
    below = [said for name in set(told) & set(found) for said in differences(told[name], found[name], f"{path}.{name}")]
    return [f"{path}.{name}" for name in sorted(names)] + below


SHAPES = [json.loads(block.text) for block in blocks(PAGE) if block.language == "json"]
REPORT = b"""\
From: MAILER-DAEMON@mx.example.org
To: support@example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <9@mx.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

I could not deliver your message.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; anna@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user
--b--
"""


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A desk with a case on which something of everything has happened, and a mail that is held."""
    with Desk() as desk:
        mail = desk.write("Anna Berg <anna@example.org>", "Printer", "It does not print.")
        mail.add_attachment(b"\xff\xd8\xff\xe0", maintype="image", subtype="jpeg", filename="photo.jpg")
        del mail["Message-ID"]
        mail["Message-ID"] = "<2@client.example>"
        desk.send(mail.as_bytes(policy=email.policy.SMTP), "anna@example.org", "support@example.com")
        desk.read("anna@example.org")
        desk.read("anna@example.org")
        desk.run("case", "tag", "1002", "hardware")
        desk.run("case", "cc", "1002", "+ben@example.org")
        desk.run("case", "link", "1002", "1001")
        desk.write("Bob <bob@staff.example>", "Hi", "Nothing proves that this is Bob.")
        desk.settled()
        (desk.folder / "report.eml").write_bytes(REPORT)
        yield desk


def asked(desk: Desk, *arguments: str) -> Any:
    return shape(desk.json(*arguments))


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        (0, ("case", "list", "--search", "1002")),
        (1, ("case", "show", "1002")),
        (2, ("outbox", "list")),
        (3, ("quarantine", "list")),
        (4, ("audit",)),
        (5, ("deadlines",)),
        (6, ("why", "2@client.example")),
        (8, ("check",)),
        (9, ("template", "list")),
        (10, ("template", "preview", "closed")),
        (11, ("report",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_json_has_the_shape_that_is_told(desk: Desk, place: int, arguments: tuple[str, ...]) -> None:
    found = asked(desk, *arguments)
    assert found, arguments
    assert differences(shape(SHAPES[place]), found) == []


def test_explain_has_the_shape_that_is_told(desk: Desk) -> None:
    found = json.loads(desk.run("explain", str(desk.folder / "report.eml"), "--json"))
    assert found["bounce"]["recipients"]
    assert differences(shape(SHAPES[7]), shape(found)) == []


def test_search_is_told_as_case_list_is(desk: Desk) -> None:
    assert asked(desk, "search", "printer") == asked(desk, "case", "list", "--search", "printer")


def test_a_wrong_shape_would_be_seen() -> None:
    assert differences({"a": [{"b": None}]}, {"a": [{"c": None}]}) == [".a[].b", ".a[].c"]


# ---- history ----


def said_in(path: Path) -> Iterator[str]:
    """The words that this file writes into histories: of `record`, `line` and `Recorded`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = {"record": 0, "line": 1, "Recorded": 1}.get(name)
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            word = node.args[place].value
            if isinstance(word, str):
                yield word


def words_of_the_history() -> set[str]:
    from mailcase.store import changes, outbox

    found = {word for path in (ROOT / "mailcase").rglob("*.py") for word in said_in(path)}
    found |= set(changes._FILED.values()) | {word for word, _ in changes._FIELDS.values()} | {"released"}
    found |= set(outbox._EVENTS.values()) | {"mail-deferred", "mail-retried", "mail-cancelled"}
    return found | {"mail-bounced", "mail-delayed"}


def test_every_word_of_the_history_is_told_and_no_other() -> None:
    table = rows(sections(PAGE)["What happened: the words of the history"])
    assert {word for cells in table for word in code(cells[0])} == words_of_the_history()


def test_a_real_history_has_no_other_words(desk: Desk) -> None:
    assert {line["event"] for line in desk.case(1002)["history"]} <= words_of_the_history()
