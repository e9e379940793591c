"""The morning brief on a real store: once a working day, with links that work, and nothing when nothing waits."""

from __future__ import annotations

import email
import email.policy
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from mailcase import rounds
from mailcase.config import load
from mailcase.core import token as tokens
from mailcase.core.decision import SYSTEM, Decision, Outcome, StatusChanged
from mailcase.core.policy import StatusKind
from mailcase.outgoing.letters import Writer
from mailcase.outgoing.templates import load as load_templates
from mailcase.store import migrate, outbox
from mailcase.store.engine import Database
from tests.store.story import apply, one_case

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
    (tmp_path / "secret").write_text("a secret of this test desk only\n")
    (tmp_path / "mailcase.toml").write_text(CONFIG)
    config = load(tmp_path / "mailcase.toml")
    database = Database.open(config.database)
    migrate.prepare(database)
    templates = load_templates()
    return database, Writer(config.policy(templates.phrases), templates, os.urandom)


def sent(database: Database) -> list[str]:
    """The text of every mail in the outbox."""
    with database.read() as conn:
        raws = [outbox.get(conn, item.id, with_raw=True).raw for item in outbox.items(conn)]
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]
    return [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[attr-defined]


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
    with database.read() as conn:
        raw = outbox.get(conn, outbox.items(conn)[0].id, with_raw=True).raw
    page = email.message_from_bytes(raw, policy=email.policy.default).get_body(("html",)).get_content()  # type: ignore[attr-defined]
    link = next(found for found in re.findall(r'href="(mailto:[^"]*)"', page) if "followup" in found)
    address, _, rest = unquote(link).removeprefix("mailto:").partition("?")
    assert "#followup" in rest
    assert f"[Case #{number}]" in rest
    token = tokens.parse(tokens.plus_part(address))
    assert token is not None
    assert (token.kind, token.number) == (tokens.LINK, number)
    assert tokens.verify(token, writer.policy.secrets, FRIDAY, 90, "bob")
