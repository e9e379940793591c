"""The morning brief as a value, and when it comes round."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mailcase.core.brief import brief, home
from mailcase.core.calendar import latest
from mailcase.core.context import CaseRow
from mailcase.core.policy import Hours
from tests.core.heart import BOB, NOW, POLICY

OFFICE = Hours("Europe/Berlin", (*(((540, 1020),),) * 5, (), ()), frozenset((date(2026, 11, 19),)))
ROW = CaseRow(1042, "Printer", "open", "Anna", NOW, "bob")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_nothing_is_sent_when_nothing_waits() -> None:
    assert brief(BOB, {}, NOW, POLICY) is None
    assert brief(BOB, {"waiting": [], "held": []}, NOW, POLICY) is None


def test_sections_have_an_order_and_rows_their_links() -> None:
    reply = brief(BOB, {"closed": [ROW], "waiting": [ROW], "held": [CaseRow(0, "Re: x", "")], "due": []}, NOW, POLICY)
    assert reply is not None
    assert (reply.kind, reply.agent, reply.case, reply.automatic) == ("digest", "bob", 0, True)
    assert reply.reason_key == "brief:bob:20261121T1000"
    sections = list(reply.values["sections"])  # type: ignore[call-overload]
    assert [one["title"] for one in sections] == ["waiting", "held", "closed"]
    bodies = [[link["body"] for link in row["links"]] for one in sections for row in one["cases"]]
    assert bodies == [["#take", "#resolve", "#show 1042"], [], ["#followup", "#show 1042"]]


def test_an_agent_is_at_home_in_the_first_mailbox_of_theirs() -> None:
    assert home(BOB, POLICY).name == "support"
    seller = replace(BOB, mailboxes=("sales",))
    assert home(seller, replace(POLICY, agents=(seller,))).name == "sales"


@pytest.mark.parametrize(
    ("now", "last"),
    [
        ("2026-11-20 07:00", "2026-11-20 07:00"),  # Friday, eight in Berlin
        ("2026-11-20 06:59", "2026-11-18 07:00"),  # Thursday is a day off
        ("2026-11-22 12:00", "2026-11-20 07:00"),
        ("2026-07-01 07:00", "2026-07-01 06:00"),  # in summer it is eight an hour earlier
    ],
)
def test_the_brief_comes_on_working_days_by_the_desks_clock(now: str, last: str) -> None:
    assert latest(OFFICE, at(now), 480) == at(last)


def test_the_report_comes_on_its_day_open_or_not() -> None:
    assert latest(OFFICE, at("2026-11-20 12:00"), 480, weekday=3) == at("2026-11-19 07:00")
    assert latest(None, at("2026-11-23 08:00"), 480, weekday=0) == at("2026-11-23 08:00")


def test_a_desk_that_is_never_open_has_no_mornings() -> None:
    assert latest(Hours("UTC", ((),) * 7), NOW, 480) is None
    assert latest(None, NOW, 660) == NOW + timedelta(hours=1) - timedelta(days=1)
