"""Business time over changes of the clock, leap days and holidays: properties that hold for any desk (D1)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcase.core.calendar import add, between, is_open
from mailcase.core.policy import Hours

OFFICE = ((540, 1020),)
BERLIN = Hours("Europe/Berlin", (*(OFFICE,) * 5, (), ()))
NIGHT = Hours("Europe/Berlin", (((0, 360), (1320, 1440)),) * 7)
HOUR = timedelta(hours=1)

# Zones that change their clocks by an hour, by half an hour, at midnight, and one that once left a day out.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut",
         "Asia/Kathmandu", "Pacific/Apia"]  # fmt: skip


@st.composite
def desks(draw: st.DrawFn) -> Hours:
    """Any desk that opens at least once a week."""
    week = []
    for _ in range(7):
        edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
        week.append(tuple((a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False)))
    week[draw(st.integers(0, 6))] = ((480, 960),)
    days = st.dates(date(2024, 2, 25), date(2024, 3, 5)) | st.dates(date(2026, 12, 20), date(2027, 1, 7))
    return Hours(draw(st.sampled_from(ZONES)), tuple(week), draw(st.frozensets(days, max_size=5)))


MOMENTS = st.datetimes(datetime(2024, 2, 20), datetime(2024, 4, 20)) | st.datetimes(
    datetime(2011, 12, 20), datetime(2012, 1, 10)
) | st.datetimes(datetime(2026, 10, 1), datetime(2027, 4, 20))  # fmt: skip
TIMES = MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=12))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20 16:00", 2, "2026-11-23 10:00"),  # Friday afternoon goes on on Monday
        ("2026-11-21 12:00", 1, "2026-11-23 10:00"),  # on a Saturday nobody works
        ("2026-11-20 09:00", 8, "2026-11-20 17:00"),  # a day is done when it ends, not when the next begins
        ("2026-11-20 17:00", 1, "2026-11-23 10:00"),
        ("2026-03-27 16:30", 1, "2026-03-30 09:30"),  # the clock went forward over the weekend
        ("2026-10-23 16:30", 1, "2026-10-26 09:30"),  # and back
        ("2028-02-28 16:00", 2, "2028-02-29 10:00"),  # a leap day is a day
        ("2026-11-20 10:00", 400, "2027-01-29 10:00"),
    ],
)
def test_office_hours(start: str, hours: int, due: str) -> None:
    assert add(BERLIN, at(start), hours * HOUR) == at(due)
    assert between(BERLIN, at(start), at(due)) == hours * HOUR


def test_days_off() -> None:
    shut = Hours("Europe/Berlin", BERLIN.week, frozenset((date(2026, 12, 24), date(2026, 12, 25))))
    assert add(shut, at("2026-12-23 16:00"), 2 * HOUR) == at("2026-12-28 10:00")
    assert not is_open(shut, at("2026-12-24 12:00"))


def test_a_night_on_which_the_clock_changes_is_an_hour_shorter_or_longer() -> None:
    assert between(NIGHT, at("2026-03-28 22:00"), at("2026-03-29 06:00")) == 7 * HOUR
    assert between(NIGHT, at("2026-10-24 22:00"), at("2026-10-25 06:00")) == 9 * HOUR
    gone = Hours("Europe/Berlin", (((135, 165),),) * 7)  # 02:15 to 02:45: on that day there is no such time
    assert between(gone, at("2026-03-29 00:00"), at("2026-03-30 00:00")) == timedelta(0)
    begins = Hours("Europe/Berlin", (((150, 240),),) * 7)
    assert between(begins, at("2026-03-29 00:00"), at("2026-03-30 00:00")) == HOUR


def test_without_hours_and_without_any_opening_plain_time_counts() -> None:
    start = at("2026-11-21 12:00")
    for hours in (None, Hours("UTC", ((),) * 7)):
        assert add(hours, start, 8 * HOUR) == start + 8 * HOUR
    assert between(None, start, start + HOUR) == HOUR
    assert is_open(None, start)


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS)
def test_what_is_due_is_due_within_hours(hours: Hours, start: datetime, length: timedelta) -> None:
    due = add(hours, start, length)
    assert is_open(hours, due)
    wall = due.astimezone(ZoneInfo(hours.zone))
    minute = (wall.hour * 60 + wall.minute) + (wall.second + wall.microsecond / 1e6) / 60
    today = any(a <= minute <= b for a, b in hours.week[wall.weekday()]) and wall.date() not in hours.closed
    # The end of a window may be a midnight, or an end that fell into an hour that was left out.
    before = (due - timedelta(microseconds=1)).astimezone(ZoneInfo(hours.zone))
    last = before.hour * 60 + before.minute
    ended = any(a <= last < b for a, b in hours.week[before.weekday()]) and before.date() not in hours.closed
    assert today or ended


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS, LENGTHS)
def test_adding_is_monotone_and_never_goes_back(
    hours: Hours, start: datetime, one: timedelta, other: timedelta
) -> None:
    less, more = sorted((one, other))
    assert start <= add(hours, start, less) <= add(hours, start, more)
    assert add(hours, start, more) >= start + more


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS, LENGTHS)
def test_who_begins_later_is_not_done_earlier(
    hours: Hours, early: datetime, later: timedelta, length: timedelta
) -> None:
    assert add(hours, early, length) <= add(hours, early + later, length)


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS, st.timedeltas(timedelta(microseconds=1), timedelta(days=12)))
def test_adding_twice_is_adding_the_sum(hours: Hours, start: datetime, one: timedelta, more: timedelta) -> None:
    assert add(hours, add(hours, start, one), more) == add(hours, start, one + more)


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS)
def test_what_was_added_lies_between(hours: Hours, start: datetime, length: timedelta) -> None:
    assert between(hours, start, add(hours, start, length)) == length


@settings(deadline=None)
@given(desks(), TIMES, LENGTHS, LENGTHS)
def test_the_time_between_adds_up(hours: Hours, first: datetime, one: timedelta, more: timedelta) -> None:
    second, third = first + one, first + one + more
    assert between(hours, first, second) + between(hours, second, third) == between(hours, first, third)
    assert between(hours, second, first) == timedelta(0)
