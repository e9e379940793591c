"""What a newcomer and the check of every change start with: Makefile, constraints, .ci/run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def key(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+", line) for line in lines), "each line is NAME==VERSION"
    return {key(line.partition("==")[0]): line.partition("==")[2] for line in lines}


def test_every_dependency_is_pinned() -> None:
    wanted = PROJECT["dependencies"] + [need for extra in PROJECT["optional-dependencies"].values() for need in extra]
    assert {key(re.split(r"[\[<>=!~; ]", need)[0]) for need in wanted} <= set(pins())


@pytest.mark.parametrize("target", ["help", "install", "run", "demo", "test", "lint", "bench", "corpus", "drill"])
def test_the_makefile_has(target: str) -> None:
    said = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_the_check_of_every_change_calls_what_people_call() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    lines = [line.removesuffix(" < /dev/null") for line in script.read_text().splitlines()]
    assert [line for line in lines if line.startswith("make ")] == ["make lint", "make test"]


@pytest.mark.parametrize("script", [".ci/run", "tests/servers/install"])
def test_scripts_are_bash_and_stop_at_errors(script: str) -> None:
    text = (ROOT / script).read_text()
    assert text.startswith("#!/bin/bash\n")
    assert "\nset -euo pipefail\n" in text
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


def without_servers(tmp_path: Path, *, required: bool) -> subprocess.CompletedProcess[str]:
    """The install script where nothing is installed and we are not root: a PATH of its own with few programs."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    environment = {"PATH": str(tmp_path), "MAILCASE_REQUIRE_SERVERS": "1" if required else ""}
    text = (ROOT / "tests/servers/install").read_text().replace("/usr/sbin:/usr/local/sbin", str(tmp_path))
    text = text.replace("/usr/lib/", f"{tmp_path}/")
    return subprocess.run(["/bin/bash", "-c", text], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("required", [True, False])
def test_missing_servers_are_named_and_fail_only_where_they_are_required(tmp_path: Path, required: bool) -> None:
    said = without_servers(tmp_path, required=required)
    assert said.returncode == int(required)
    assert "as root: apt-get install dovecot-imapd postfix postgresql" in said.stderr
    assert "dovecot-lmtpd" in said.stderr


def calls_without_arguments(name: str, source: str) -> list[int]:
    """The lines on which a method called `name` is called with nothing in the brackets."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == name]
    return [call.lineno for call in named if not call.args and not call.keywords]


def test_no_starttls_goes_without_a_context() -> None:
    """smtplib's and imaplib's starttls() verify nothing unless they are given a context (attacks F11, S27)."""
    assert calls_without_arguments("starttls", "smtp.starttls()") == [1]
    for file in (ROOT / "mailcase").rglob("*.py"):
        assert calls_without_arguments("starttls", file.read_text()) == [], file
