"""Business hours as they are written in the config: `mon-fri 09:00-17:00`, a zone, a country, days off."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailcase.core.policy import Hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OPEN = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_WEEKLY = re.compile(r"([a-z]{3}) ([01]\d|2[0-3]):([0-5]\d)")
# Public holidays are looked up for so many years before and after the start of the daemon.
_YEARS_BACK, _YEARS_ON = 3, 10


def parse_zone(text: str) -> str:
    """An IANA zone. Raises ValueError with the remedy."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is no zone of the IANA list; write one such as Europe/Berlin") from None
    return text


def parse_open(text: str) -> tuple[range, int, int]:
    """`mon-fri 09:00-17:00` as the days of the week (Monday is 0) and minutes after midnight. Raises ValueError."""
    match = _OPEN.fullmatch(text.strip().lower())
    days = [match[1], match[2] or match[1]] if match else []
    if not match or not set(days) <= set(_DAYS):
        raise ValueError(f"{text!r} is no time of the week; write days and hours, such as mon-fri 09:00-17:00")
    first, last = (_DAYS.index(day) for day in days)
    opens, closes = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    if first > last:
        raise ValueError(f"{text!r} ends before it begins; write two, such as sat-sun and mon-tue")
    if not opens < closes <= 1440:
        raise ValueError(f"{text!r} ends before it begins; a night is two entries, up to 24:00 and from 00:00")
    return range(first, last + 1), opens, closes


def parse_holidays(text: str) -> str:
    """A country, or a country and a part of it: DE, DE-BY; "" for none. Raises ValueError with the remedy."""
    if not text:
        return text
    from holidays.utils import list_supported_countries

    country, _, part = text.partition("-")
    known = list_supported_countries(include_aliases=True)
    if country not in known:
        raise ValueError(f"{text!r} is no country with known holidays; write its ISO 3166 code, such as DE")
    if part and part not in known[country]:
        parts = ", ".join(known[country][:20]) or "none"
        raise ValueError(f"{part!r} is no part of {country} with holidays of its own; known are: {parts}")
    return text


def parse_day(value: object) -> date:
    """A date of TOML. Raises ValueError with the remedy."""
    if type(value) is date:
        return value
    raise ValueError(f"{value!r} is no day; write one such as 2026-12-24, without quotes")


def parse_clock(text: str) -> str:
    """`08:00`, or "" for never. Raises ValueError with the remedy."""
    if text and not _CLOCK.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day; write one such as 08:00")
    return text


def parse_weekly(text: str) -> str:
    """`mon 08:00` or never. Raises ValueError with the remedy."""
    match = _WEEKLY.fullmatch(text)
    if text != "never" and (not match or match[1] not in _DAYS):
        raise ValueError(f"{text!r} is no day and time; write one such as mon 08:00, or never")
    return text


def minutes_of(clock: str) -> int:
    """`08:30` as minutes after midnight."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def weekly_of(text: str) -> tuple[int, int] | None:
    """`mon 08:00` as the day of the week and minutes after midnight; None for never."""
    if text == "never":
        return None
    day, clock = text.split()
    return _DAYS.index(day), minutes_of(clock)


def overlaps(entries: tuple[str, ...]) -> int | None:
    """The index of the first entry that has a time in common with another one before it."""
    for index, entry in enumerate(entries):
        days, opens, closes = parse_open(entry)
        for before in entries[:index]:
            other, begin, end = parse_open(before)
            if set(days) & set(other) and opens < end and begin < closes:
                return index
    return None


def hours(zone: str, entries: tuple[str, ...], country: str, closed: tuple[date, ...]) -> Hours:
    """The business hours that the entries of a mailbox mean."""
    week: list[list[tuple[int, int]]] = [[] for _ in _DAYS]
    for entry in entries:
        days, opens, closes = parse_open(entry)
        for day in days:
            week[day].append((opens, closes))
    shut = frozenset(closed) | _holidays(country)
    return Hours(zone, tuple(tuple(sorted(day)) for day in week), shut)


def _holidays(country: str) -> frozenset[date]:
    if not country:
        return frozenset()
    # A large library, and most desks do without.
    from holidays import country_holidays

    code, _, part = country.partition("-")
    year = datetime.now().year
    years = range(year - _YEARS_BACK, year + _YEARS_ON + 1)
    return frozenset(country_holidays(code, subdiv=part or None, years=years))
