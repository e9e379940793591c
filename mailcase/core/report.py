"""What the figures of a desk come to (L4): times, rates and counts of the cases that were opened in a period."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from mailcase.core.calendar import between, local
from mailcase.core.policy import Hours, Policy, StatusKind

DONE = (StatusKind.RESOLVED, StatusKind.CLOSED)
# What was never a request says nothing about how fast requests are answered.
_NO_REQUEST = ("spam", "duplicate")


@dataclass(frozen=True, slots=True)
class Move:
    """A case got this status then."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What of one case the figures are made of. `moves` begins with its opening; `answers` counts by agent's name."""

    number: int
    mailbox: str
    opened_at: datetime
    status: str
    kind: StatusKind
    resolution: str = ""
    assignee: str = ""
    answered_at: datetime | None = None
    moves: tuple[Move, ...] = ()
    answers: Mapping[str, int] = field(default_factory=dict)
    followed_up: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took: of how many cases, the middle one, and nine of ten took at most `p90`."""

    count: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one mailbox, or of one agent: their cases, those that are done, answers written, times."""

    cases: int
    done: int
    answers: int
    first_response: Times
    resolution: Times


@dataclass(frozen=True, slots=True)
class Day:
    """How many cases were opened and how many done on a day of the desk's clock."""

    day: date
    opened: int
    done: int


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the cases that were opened from `since` on, as they stood at `until`.

    First response and resolution are business time of their mailbox (D1), time in a status is plain time.
    """

    since: datetime
    until: datetime
    cases: int
    by_status: Mapping[str, int]
    first_response: Times
    resolution: Times
    in_status: Mapping[str, Times]
    mailboxes: Mapping[str, Group]
    agents: Mapping[str, Group]
    reopened: Rate
    followed_up: Rate
    days: tuple[Day, ...]


def figures(facts: Sequence[CaseFacts], policy: Policy, since: datetime, until: datetime) -> Report:
    """The report on these cases."""
    kinds = {status.name: status.kind for status in policy.statuses}
    first, done = _first_responses(facts, policy), _resolutions(facts, policy, kinds)
    names = sorted({c.assignee for c in facts if c.assignee} | {name for c in facts for name in c.answers})
    closed = [c for c in facts if c.kind is StatusKind.CLOSED]
    finished = [c for c in facts if any(kinds.get(m.status) in DONE for m in c.moves)]

    def group(some: list[CaseFacts], answers: int) -> Group:
        return Group(
            len(some), sum(c.kind in DONE for c in some), answers,
            _times(first[c.number] for c in some if c.number in first),
            _times(done[c.number] for c in some if c.number in done),
        )  # fmt: skip

    def of_mailbox(name: str) -> Group:
        theirs = [c for c in facts if c.mailbox == name]
        return group(theirs, sum(sum(c.answers.values()) for c in theirs))

    def of_agent(name: str) -> Group:
        return group([c for c in facts if c.assignee == name], sum(c.answers.get(name, 0) for c in facts))

    return Report(
        since=since,
        until=until,
        cases=len(facts),
        by_status={name: n for name in kinds if (n := sum(c.status == name for c in facts))},
        first_response=_times(first.values()),
        resolution=_times(done.values()),
        in_status=_in_status(facts, kinds, until),
        mailboxes={name: of_mailbox(name) for name in sorted({c.mailbox for c in facts})},
        agents={name: of_agent(name) for name in names},
        reopened=Rate(sum(_reopened(c, kinds) for c in finished), len(finished)),
        followed_up=Rate(sum(c.followed_up for c in closed), len(closed)),
        days=_days(facts, policy, kinds, since, until),
    )


def _hours(policy: Policy, mailbox: str) -> Hours | None:
    """The hours of a mailbox; one that has left the config has none any more."""
    return next((m.hours for m in policy.mailboxes if m.name == mailbox), None)


def _times(found: Iterable[timedelta]) -> Times:
    """Nearest rank for nine of ten: a time that a case really took."""
    seconds = sorted(one.total_seconds() for one in found)
    if not seconds:
        return Times()
    high = seconds[math.ceil(0.9 * len(seconds)) - 1]
    return Times(len(seconds), timedelta(seconds=round(median(seconds))), timedelta(seconds=round(high)))


def _first_responses(facts: Sequence[CaseFacts], policy: Policy) -> dict[int, timedelta]:
    return {
        c.number: between(_hours(policy, c.mailbox), c.opened_at, c.answered_at)
        for c in facts
        if c.answered_at and c.resolution not in _NO_REQUEST
    }


def _done_at(case: CaseFacts, kinds: Mapping[str, StatusKind]) -> datetime | None:
    """When a case that is done became so for the last time: closing what was resolved is no new resolution."""
    at = None
    for move in case.moves:
        if kinds.get(move.status) not in DONE:
            at = None
        elif at is None:
            at = move.at
    return at if case.kind in DONE else None


def _resolutions(facts: Sequence[CaseFacts], policy: Policy, kinds: Mapping[str, StatusKind]) -> dict[int, timedelta]:
    return {
        c.number: between(_hours(policy, c.mailbox), c.opened_at, at)
        for c in facts
        if c.resolution not in _NO_REQUEST and (at := _done_at(c, kinds))
    }


def _reopened(case: CaseFacts, kinds: Mapping[str, StatusKind]) -> bool:
    done = [kinds.get(move.status) in DONE for move in case.moves]
    return any(before and not after for before, after in pairwise(done))


def _in_status(facts: Sequence[CaseFacts], kinds: Mapping[str, StatusKind], until: datetime) -> dict[str, Times]:
    """How long cases were in each status, all its times on one case added up; closed is the end and takes no time."""
    spent: dict[str, list[timedelta]] = {}
    for case in facts:
        total: dict[str, timedelta] = {}
        ends = [*(move.at for move in case.moves[1:]), until]
        for move, end in zip(case.moves, ends, strict=True):
            total[move.status] = total.get(move.status, timedelta()) + max(end - move.at, timedelta())
        for status, length in total.items():
            spent.setdefault(status, []).append(length)
    open_kinds = (name for name, kind in kinds.items() if kind is not StatusKind.CLOSED)
    return {name: _times(spent[name]) for name in open_kinds if name in spent}


def _days(
    facts: Sequence[CaseFacts], policy: Policy, kinds: Mapping[str, StatusKind], since: datetime, until: datetime
) -> tuple[Day, ...]:
    """Every day of the period, by the clock of the first mailbox."""
    hours = policy.mailboxes[0].hours if policy.mailboxes else None
    opened = Counter(local(hours, c.opened_at).date() for c in facts)
    done = Counter(local(hours, at).date() for c in facts if (at := _done_at(c, kinds)))
    first, last = local(hours, since).date(), local(hours, until).date()
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return tuple(Day(day, opened[day], done[day]) for day in span)


def plain(report: Report) -> dict[str, object]:
    """The report as JSON has it: times in whole seconds or null, shares between 0 and 1 or null."""
    return {
        "since": report.since,
        "until": report.until,
        "cases": report.cases,
        "by_status": dict(report.by_status),
        "first_response": _plain_times(report.first_response),
        "resolution": _plain_times(report.resolution),
        "time_in_status": {name: _plain_times(times) for name, times in report.in_status.items()},
        "mailboxes": {name: _plain_group(one) for name, one in report.mailboxes.items()},
        "agents": {name: _plain_group(one) for name, one in report.agents.items()},
        "reopened": _plain_rate(report.reopened),
        "followed_up": _plain_rate(report.followed_up),
        "days": [{"day": one.day.isoformat(), "opened": one.opened, "done": one.done} for one in report.days],
    }


def _plain_times(times: Times) -> dict[str, object]:
    in_seconds = (None if one is None else round(one.total_seconds()) for one in (times.median, times.p90))
    return dict(zip(("count", "median", "p90"), (times.count, *in_seconds), strict=True))


def _plain_group(one: Group) -> dict[str, object]:
    return {
        "cases": one.cases, "done": one.done, "answers": one.answers,
        "first_response": _plain_times(one.first_response), "resolution": _plain_times(one.resolution),
    }  # fmt: skip


def _plain_rate(rate: Rate) -> dict[str, object]:
    return {"count": rate.count, "of": rate.of, "share": None if rate.share is None else round(rate.share, 4)}
