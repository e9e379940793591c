"""The morning brief on a real store: once a working day, with links that work, and nothing when nothing waits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from mailcase import rounds
from mailcase.core import token as tokens
from mailcase.core.decision import SYSTEM, Decision, Outcome, StatusChanged
from mailcase.core.policy import StatusKind
from mailcase.outgoing.letters import Writer
from mailcase.store.engine import Database
from tests.store.story import apply, one_case
from tests.system.indoors import opened, text_of, written

CONFIG = """\
database = "sqlite:///desk.db"
secret_file = "secret"
[[mailbox]]
name = "support"
address = "support@example.com"
[mailbox.hours]
zone = "Europe/Berlin"
[[agent]]
name = "bob"
address = "bob@staff.example"
brief = "08:00"
[[agent]]
name = "sue"
address = "sue@staff.example"
role = "supervisor"
"""
THURSDAY, FRIDAY = datetime(2026, 11, 19, 12, tzinfo=UTC), datetime(2026, 11, 20, 7, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Database, Writer]:
    return opened(tmp_path, CONFIG)


def sent(database: Database) -> list[str]:
    """The text of every mail in the outbox."""
    return [text_of(mail) for mail in written(database)]


def test_the_brief_comes_once_a_working_day_and_only_with_something_in_it(desk: tuple[Database, Writer]) -> None:
    database, writer = desk

    def turn(at: datetime) -> int:
        return rounds.turn(database, writer, at)

    assert turn(THURSDAY) == 0  # the first look of all is no time of a brief that was missed
    assert turn(FRIDAY) == 0  # nothing waits
    with database.write() as conn:
        number = one_case(conn)
    assert turn(FRIDAY + timedelta(hours=1)) == 0
    assert turn(FRIDAY + 2 * DAY) == 0  # nobody works on Sunday
    assert turn(FRIDAY + 3 * DAY) == 1
    assert turn(FRIDAY + 3 * DAY + timedelta(minutes=5)) == 0
    assert turn(FRIDAY + 3 * DAY - timedelta(days=1)) == 0  # a clock that is put back brings none again
    assert turn(FRIDAY + 14 * DAY) == 1  # after a week without a daemon there is one
    assert f"{number}" in sent(database)[0]


def test_what_was_closed_has_a_link_that_undoes_it(desk: tuple[Database, Writer]) -> None:
    database, writer = desk
    rounds.turn(database, writer, THURSDAY)
    with database.write() as conn:
        number = one_case(conn)
        closing = StatusChanged(number, "new", "closed", StatusKind.CLOSED, "no_response")
        night = THURSDAY + timedelta(hours=12)
        apply(conn, Decision("deadline", Outcome("note", number), SYSTEM, (closing,)), now=night)
    assert rounds.turn(database, writer, FRIDAY) == 1
    page = text_of(written(database)[0], "html")
    link = next(found for found in re.findall(r'href="(mailto:[^"]*)"', page) if "followup" in found)
    address, _, rest = unquote(link).removeprefix("mailto:").partition("?")
    assert "#followup" in rest
    assert f"[Case #{number}]" in rest
    token = tokens.parse(tokens.plus_part(address))
    assert token is not None
    assert (token.kind, token.number) == (tokens.LINK, number)
    assert tokens.verify(token, writer.policy.secrets, FRIDAY, 90, "bob")
