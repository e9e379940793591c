"""The figures of a desk, by hand and by property (L4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.policy import Hours
from mailcase.core.policy import StatusKind as K
from mailcase.core.report import CaseFacts, Move, Rate, Times, figures
from tests.core.heart import NOW, POLICY, SUPPORT

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SINCE = NOW - 7 * DAY


def a_case(number: int, *moves: tuple[float, str], **more: object) -> CaseFacts:
    """A case opened at SINCE that had these statuses, each so many hours later."""
    made = (Move(SINCE, "new"), *(Move(SINCE + hours * HOUR, status) for hours, status in moves))
    last = made[-1].status
    values = {
        "number": number,
        "mailbox": "support",
        "opened_at": SINCE,
        "status": last,
        "kind": K(last),
        "moves": made,
    }
    return CaseFacts(**{**values, **more})  # type: ignore[arg-type]


def answered(hours: float, number: int = 1) -> CaseFacts:
    return a_case(number, (hours, "pending"), answered_at=SINCE + hours * HOUR, assignee="bob", answers={"bob": 1})


def test_nothing_comes_to_nothing() -> None:
    report = figures([], POLICY, SINCE, NOW)
    assert (report.cases, report.by_status, report.first_response) == (0, {}, Times())
    assert (report.reopened.share, report.followed_up, len(report.days)) == (None, Rate(0, 0), 8)


def test_first_response_is_the_middle_one_and_nine_of_ten() -> None:
    report = figures([answered(hours, hours) for hours in range(1, 11)], POLICY, SINCE, NOW)
    assert report.first_response == Times(10, 5.5 * HOUR, 9 * HOUR)
    assert report.agents["bob"].answers == 10
    assert report.agents["bob"].first_response == report.mailboxes["support"].first_response == report.first_response


def test_business_time_counts() -> None:
    office = Hours("Europe/Berlin", (*(((540, 1020),),) * 5, (), ()))
    policy = replace(POLICY, mailboxes=(replace(SUPPORT, hours=office),))
    opened = datetime.fromisoformat("2026-11-20T15:00+00:00")  # Friday, an hour before the end of the day
    case = replace(a_case(1), opened_at=opened, answered_at=opened + 3 * DAY - 6 * HOUR)
    assert figures([case], policy, SINCE, NOW + 3 * DAY).first_response == Times(1, 2 * HOUR, 2 * HOUR)


@pytest.mark.parametrize(
    ("moves", "hours"),
    [
        ([(4, "resolved")], 4),
        ([(4, "resolved"), (100, "closed")], 4),  # closing what was resolved is no new resolution
        ([(4, "resolved"), (5, "open"), (9, "resolved")], 9),
        ([(4, "closed")], 4),
        ([(4, "resolved"), (5, "open")], None),
        ([(4, "pending")], None),
    ],
)
def test_resolution(moves: list[tuple[float, str]], hours: float | None) -> None:
    report = figures([a_case(1, *moves)], POLICY, SINCE, NOW)
    assert report.resolution == (Times() if hours is None else Times(1, hours * HOUR, hours * HOUR))


def test_spam_has_no_times() -> None:
    spam = a_case(1, (1, "closed"), resolution="spam", answered_at=NOW)
    report = figures([spam], POLICY, SINCE, NOW)
    assert (report.first_response.count, report.resolution.count, report.by_status) == (0, 0, {"closed": 1})


def test_rates() -> None:
    back, once, never = a_case(1, (1, "resolved"), (2, "open")), a_case(2, (1, "resolved")), a_case(3, (1, "pending"))
    gone, again = a_case(4, (1, "closed")), a_case(5, (1, "closed"), followed_up=True)
    report = figures([back, once, never, gone, again], POLICY, SINCE, NOW)
    assert (report.reopened, report.followed_up) == (Rate(1, 4), Rate(1, 2))
    assert report.reopened.share == 0.25


def test_time_in_a_status_adds_up_and_closed_takes_none() -> None:
    case = a_case(1, (2, "open"), (5, "pending"), (6, "open"), (10, "closed"))
    found = figures([case], POLICY, SINCE, NOW).in_status
    assert {name: times.median for name, times in found.items()} == {"new": 2 * HOUR, "open": 7 * HOUR, "pending": HOUR}


def test_days_are_those_of_the_desks_clock() -> None:
    report = figures([a_case(1, (25, "resolved")), a_case(2)], POLICY, SINCE, NOW)
    by_day = {one.day: (one.opened, one.done) for one in report.days}
    assert by_day[date(2026, 11, 14)] == (2, 0)
    assert by_day[date(2026, 11, 15)] == (0, 1)
    assert len(report.days) == 8


@settings(deadline=None)
@given(st.lists(st.floats(0, 160), min_size=1, max_size=40))
def test_nine_of_ten_are_no_slower(hours: list[float]) -> None:
    times = figures([answered(h, n) for n, h in enumerate(hours)], POLICY, SINCE, NOW).first_response
    assert times.p90 is not None
    assert times.median is not None
    within = sum(h * HOUR <= times.p90 + timedelta(seconds=1) for h in hours)
    assert within >= 0.9 * len(hours)
    assert times.median <= times.p90
