"""The command line as people and programs meet it: what it prints where, and what it exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from mailcase.cli import output
from mailcase.cli.main import NOUNS, config_first

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlalchemy", "pydantic", "jinja2", "aiosmtpd", "imapclient", "structlog", "apscheduler", "mailparser", "rich")
PYTHONPATH = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def mailcase(*arguments: object, cwd: Path, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """One command, as a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAILCASE_")}
    return subprocess.run(
        [sys.executable, *python, "-m", "mailcase.cli.main", *map(str, arguments)],
        cwd=cwd, env={**environment, "PYTHONPATH": PYTHONPATH}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_help_names_every_noun_and_imports_nothing_heavy(tmp_path: Path) -> None:
    said = mailcase("--help", cwd=tmp_path, python=("-X", "importtime"))
    assert said.returncode == 0
    commands = said.stdout.partition("Commands:")[2]
    assert {line.split()[0] for line in commands.splitlines() if line[:3].strip()} == set(NOUNS)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.stderr.splitlines()}
    assert "typer" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize("noun", list(NOUNS))
def test_every_noun_explains_itself(noun: str, tmp_path: Path) -> None:
    said = mailcase(noun, "--help", cwd=tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert f"Usage: mailcase {noun}" in said.stdout


def test_version(tmp_path: Path) -> None:
    assert mailcase("--version", cwd=tmp_path).stdout == "mailcase 0.1.0\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("check", "--nonsense"), ("init", "a", "b"), ("check", "-c")])
def test_a_wrong_command_exits_with_2_and_changes_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    said = mailcase(*arguments, cwd=tmp_path)
    assert (said.returncode, said.stdout) == (2, "")
    assert "Traceback" not in said.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_makes_a_desk_that_checks_out(tmp_path: Path) -> None:
    assert mailcase("init", "desk", cwd=tmp_path).returncode == 0
    secret = tmp_path / "desk/var/secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700
    assert len(secret.read_text().strip()) >= 40
    assert {path.name for path in (tmp_path / "desk/var/outgoing").iterdir()} == {"cur", "new", "tmp"}
    said = mailcase("check", "--json", "-c", "desk/mailcase.toml", cwd=tmp_path)
    assert said.returncode == 0, said.stdout
    found = {finding["what"]: finding["state"] for finding in json.loads(said.stdout)}
    assert found["database"] == found["send"] == found["templates"] == "ok"
    assert not (tmp_path / "desk/var/mailcase.db").exists(), "looking makes nothing"


def test_init_in_the_folder_of_the_data(tmp_path: Path) -> None:
    """What `make run` does: var/mailcase.toml, and everything else beside it."""
    assert mailcase("init", "var", "--data", ".", cwd=tmp_path).returncode == 0
    assert {path.name for path in (tmp_path / "var").iterdir()} == {"mailcase.toml", "secret", "outgoing"}
    assert mailcase("-c", "var/mailcase.toml", "check", cwd=tmp_path).returncode == 0


def test_init_never_overwrites(tmp_path: Path) -> None:
    mailcase("init", cwd=tmp_path)
    (tmp_path / "mailcase.toml").write_text("# mine\n")
    secret = (tmp_path / "var/secret").read_text()
    said = mailcase("init", cwd=tmp_path)
    assert said.returncode == 0
    assert said.stdout.splitlines()[:2] == ["kept     mailcase.toml", "kept     var/secret"]
    assert (tmp_path / "mailcase.toml").read_text() == "# mine\n"
    assert (tmp_path / "var/secret").read_text() == secret


def test_init_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = mailcase("init", "file/desk", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == "mailcase: file/desk/var: Not a directory; name a folder that you can write to\n"


@pytest.mark.parametrize(("command", "code"), [("check", 2), ("run", 78)])
def test_a_wrong_config_is_told_line_by_line(command: str, code: int, tmp_path: Path) -> None:
    bad = ROOT / "tests/config/bad/71-many-at-once.toml"
    (tmp_path / "mailcase.toml").write_text(bad.read_text())
    (tmp_path / "password").write_text("correct horse battery staple\n")
    said = mailcase(command, cwd=tmp_path)
    assert (said.returncode, said.stdout) == (code, "")
    expected = bad.with_suffix(".errors").read_text().replace("no file nowhere", f"no file {tmp_path}/nowhere")
    assert said.stderr.splitlines() == [f"mailcase: {line}" for line in expected.splitlines()]


def test_without_a_config_the_remedy_is_told(tmp_path: Path) -> None:
    said = mailcase("check", "-c", "nowhere.toml", cwd=tmp_path)
    assert said.returncode == 2
    assert (
        said.stderr == "mailcase: there is no config file nowhere.toml; make one with mailcase init, or name it: -c\n"
    )


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m mailcase.cli.main --help | true"
    said = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env={**os.environ, "PYTHONPATH": PYTHONPATH}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert said.stderr == ""


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["run", "-c", "x.toml"], ["-c", "x.toml", "run"]),
        (["case", "list", "--config=x.toml", "--mine", "a"], ["--config=x.toml", "case", "list", "--mine", "a"]),
        (["case", "cc", "7", "-c@d.example"], ["case", "cc", "7", "-c@d.example"]),
        (["search", "--", "-c", "x"], ["search", "--", "-c", "x"]),
        (["check", "-c"], ["-c", "check"]),
    ],
)
def test_the_config_may_be_named_at_the_end(typed: list[str], read: list[str]) -> None:
    assert config_first(typed) == read


def test_tables_are_plain_columns_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("number", "subject"), [(7, "a\x1b[31mb\u202e"), (1042, None), (8, ("x", "y"))])
    assert capsys.readouterr().out == "NUMBER  SUBJECT\n7       a\\x1b[31mb\\u202e\n1042\n8       x, y\n"


def test_json_has_times_in_utc_and_foreign_letters(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 21, 20, 15, 7, 999, tzinfo=timezone(timedelta(hours=1)))
    output.print_json({"at": at, "name": "Žofie", "day": at.date()})
    assert capsys.readouterr().out == '{"at": "2026-11-21T19:15:07Z", "name": "Žofie", "day": "2026-11-21"}\n'
    with pytest.raises(TypeError, match="object has no form in JSON"):
        output.print_json(object())


def test_text_of_a_mail_keeps_its_lines_and_nothing_that_drives_a_terminal() -> None:
    assert output.printable("a\tb\nc\x1b[2J\x07", keep_lines=True) == "a\tb\nc\\x1b[2J\\x07"
    assert output.printable("naïve 日本") == "naïve 日本"
    assert output.printable(f"at {datetime(2026, 1, 1, tzinfo=UTC):%F}") == "at 2026-01-01"
