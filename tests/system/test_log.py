"""Every step is one line, whatever strangers write into the fields (P4, S29, S38)."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from mailcase import log

HOSTILE = 'x\r\n{"level":"error"}\x1b[2J\u202e\u2028\x00\ud800 end'


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Other tests find logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.removesuffix("\n").split("\n")


def test_json_lines_hold_against_hostile_text(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json")
    log.get("intake").info("spooled", spool=17, sender=HOSTILE, case=None, ok=True)
    (line,) = written(capsys)
    assert line.isprintable()
    entry = json.loads(line)
    assert (entry["part"], entry["event"], entry["level"]) == ("intake", "spooled", "info")
    assert (entry["spool"], entry["case"], entry["ok"]) == (17, None, True)
    assert entry["sender"] == 'x\\r\\n{"level":"error"}\\x1b[2J\\u202e\\u2028\\x00\\ud800 end'
    assert entry["timestamp"].endswith("Z")


def test_text_lines_hold_against_hostile_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    log.set_up("text")
    log.get("intake").info("spooled", spool=17, sender='a" case=1 \n', empty="")
    (line,) = written(capsys)
    assert line.partition(" ")[2] == 'info intake spooled spool=17 sender="a\' case=1 \\n" empty=""'


def test_the_journal_gets_priorities(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    log.set_up("text")
    log.get("sender").warning("deferred")
    (line,) = written(capsys)
    assert line.startswith("<4>")


def test_long_text_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json")
    log.get("intake").info("spooled", subject="ü" * 5000)
    (line,) = written(capsys)
    assert json.loads(line)["subject"] == "ü" * 200 + "… (5000 characters)"


def test_secrets_and_bodies_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json")
    log.get("sender").info("login", password="hunter2", body="Dear …", token="abc")
    (line,) = written(capsys)
    assert {json.loads(line)[key] for key in ("password", "body", "token")} == {"[hidden]"}


def test_an_exception_is_one_line_without_locals(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json")
    try:
        password = "hunter2"
        raise ValueError("bad\nthing") from RuntimeError(password)
    except ValueError:
        log.get("worker").exception("failed", case=3)
    (line,) = written(capsys)
    entry = json.loads(line)
    assert entry["error"] == "ValueError: bad\\nthing"
    assert entry["where"].startswith("test_log.py:")
    assert "hunter2" not in line


def test_libraries_are_heard_from_warning_upwards(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json", "debug")
    logging.getLogger("mailparser").info("chatter")
    logging.getLogger("mailparser").warning("Email content %r not handled", HOSTILE)
    logging.getLogger("odd").error("%d", "no number")
    warnings.warn("old", UserWarning, stacklevel=1)
    first, second, third = (json.loads(line) for line in written(capsys))
    assert (first["part"], first["level"]) == ("mailparser", "warning")
    assert first["message"].startswith("Email content 'x\\r\\n{")
    assert (second["message"], second["level"]) == ("%d", "error")
    assert "UserWarning: old" in third["message"]


def test_below_the_level_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("text", "warning")
    log.get("intake").info("spooled")
    assert written(capsys) == [""]
