"""The weekly mail to supervisors: once a week, a picture and a text that says the same; or without a picture (L4)."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailcase import rounds
from mailcase.core.report import Day
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.picture import draw
from mailcase.store.engine import Database
from tests.store.story import one_case
from tests.system.indoors import opened, text_of, written

CONFIG = """\
database = "sqlite:///desk.db"
secret_file = "secret"
weekly_report = "mon 08:00"
[[mailbox]]
name = "support"
address = "support@example.com"
[[agent]]
name = "bob"
address = "bob@staff.example"
[[agent]]
name = "sue"
address = "sue@staff.example"
role = "supervisor"
"""
FRIDAY, MONDAY = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Database, Writer]:
    """A desk on which a case was opened on the Saturday of story.NOW."""
    database, writer = opened(tmp_path, CONFIG)
    with database.write() as conn:
        one_case(conn)
    return database, writer


def test_supervisors_get_it_once_a_week_with_a_picture(desk: tuple[Database, Writer]) -> None:
    pytest.importorskip("matplotlib", reason="the extra mailcase[report] is not installed")
    database, writer = desk
    assert rounds.turn(database, writer, FRIDAY) == 0
    assert rounds.turn(database, writer, MONDAY - timedelta(minutes=1)) == 0
    assert rounds.turn(database, writer, MONDAY) == 1
    assert rounds.turn(database, writer, MONDAY + timedelta(days=6)) == 0
    (mail,) = written(database)
    assert mail["To"] == "sue@staff.example"
    assert "Weekly report" in mail["Subject"]
    text = text_of(mail, "plain")
    assert "Cases opened: 1\n" in text
    assert "2026-11-21: Cases opened 1, Solved or closed 0" in text
    assert 'src="cid:report@mailcase"' in text_of(mail, "html")
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<report@mailcase>"
    assert picture.get_payload(decode=True).startswith(b"\x89PNG")  # type: ignore[union-attr]


def test_without_the_extra_it_goes_without_a_picture(
    desk: tuple[Database, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*(name for name in sys.modules if name.partition(".")[0] == "matplotlib"), "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    database, writer = desk
    rounds.turn(database, writer, FRIDAY)
    assert rounds.turn(database, writer, MONDAY) == 1
    (mail,) = written(database)
    assert "Cases opened: 1\n" in text_of(mail, "plain")
    assert "cid:" not in text_of(mail, "html")
    assert [part.get_content_type() for part in mail.walk() if part.get_content_maintype() == "image"] == []


def test_names_the_font_cannot_write_are_left_out() -> None:
    pytest.importorskip("matplotlib", reason="the extra mailcase[report] is not installed")
    days = [Day(date(2026, 11, 20), 3, 2), Day(date(2026, 11, 21), 0, 1)]
    with_names, without = draw(days, "Opened", "Done"), draw(days, "新規ケース", "完了")
    assert with_names is not None
    assert without is not None
    assert with_names != without
