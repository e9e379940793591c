"""Business time (D1): when a desk works, and what is so many working hours after a moment.

All reckoning is in UTC. Windows are wall-clock times of the desk's zone; a day on which the clock is changed has an
hour less or more, and a wall-clock time that does not exist is the moment of the change (RFC 5545 section 3.3.5 would
take the offset before it; then a window could end before it begins).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailcase.core.policy import Hours

# A desk that is closed for longer than this has no business time left to count: what is due is due then.
_LONGEST_CLOSED = 800


def add(hours: Hours | None, start: datetime, length: timedelta) -> datetime:
    """The moment at which `length` of business time has passed since `start` (aware), in UTC.

    Without `hours`, and on a desk that never opens again, plain time counts. The moment lies within a window or at
    its end; a length of nothing is `start` itself, or the next opening when the desk is closed then.
    """
    begin = start.astimezone(UTC)
    if hours is None:
        return begin + length
    left = length
    for opens, closes in _windows(hours, begin):
        first = max(opens, begin)
        if left <= closes - first:
            return first + left
        left -= closes - first
    return begin + length


def between(hours: Hours | None, start: datetime, end: datetime) -> timedelta:
    """How much business time lies between two moments; nothing when `end` is not later."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if hours is None or last <= first:
        return max(last - first, timedelta())
    total = timedelta()
    for opens, closes in _windows(hours, first):
        if opens >= last:
            break
        total += min(closes, last) - max(opens, first)
    return total


def is_open(hours: Hours | None, moment: datetime) -> bool:
    """Whether the desk works at a moment; the end of a window belongs to it."""
    at = moment.astimezone(UTC)
    return hours is None or any(opens <= at <= closes for opens, closes in _near(hours, at))


def local(hours: Hours | None, moment: datetime) -> datetime:
    """A moment on the desk's clock."""
    return moment.astimezone(ZoneInfo(hours.zone) if hours else UTC)


def latest(hours: Hours | None, now: datetime, minutes: int, weekday: int | None = None) -> datetime | None:
    """The last moment at which the desk's clock showed `minutes` after midnight, on a day on which it opens.

    With `weekday` (Monday is 0) on that day of the week, open or not. None where there was none for a fortnight.
    """
    zone, today = ZoneInfo(hours.zone if hours else "UTC"), local(hours, now).date()
    for back in range(15):
        day = today - timedelta(days=back)
        right = bool(hours is None or _of_day(hours, day)) if weekday is None else day.weekday() == weekday
        moment = _moment(day, minutes, zone)
        if right and moment <= now:
            return moment
    return None


def _near(hours: Hours, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = local(hours, at).date()
    for distance in (-1, 0):
        yield from _of_day(hours, day + timedelta(days=distance))


def _windows(hours: Hours, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The windows that end after `since`, in order; ends when the desk stays closed for years."""
    day, closed = local(hours, since).date() - timedelta(days=1), 0
    while closed < _LONGEST_CLOSED and day < date(9990, 1, 1):
        found = [window for window in _of_day(hours, day) if window[1] > since]
        yield from found
        closed = 0 if found else closed + 1
        day += timedelta(days=1)


@lru_cache(maxsize=4096)
def _of_day(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The windows of one day in UTC, in order; those that a change of the clock leaves nothing of are left out."""
    if day in hours.closed:
        return ()
    zone = ZoneInfo(hours.zone)
    found = ((_moment(day, first, zone), _moment(day, last, zone)) for first, last in hours.week[day.weekday()])
    return tuple(window for window in found if window[0] < window[1])


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Minutes after midnight on the clock of `zone`; of a time that comes twice the first, of one that does not come
    the moment of the change."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    if early >= late:
        # Not in a gap: with fold 0 a time that comes twice means the first of the two.
        return late
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)
