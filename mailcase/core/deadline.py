"""When something is due on a case (D1). What then happens is decided in `core/due.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailcase.core.calendar import add
from mailcase.core.decision import CaseView, Deadline
from mailcase.core.policy import Deadlines, Hours, StatusKind

# While one of these is not reached, the case is not resolved.
_UNRESOLVED = (StatusKind.NEW, StatusKind.OPEN, StatusKind.PENDING, StatusKind.POSTPONED)

# A reminder that leaves this much after its time moves what follows it.
LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Since:
    """What the targets of a case count from: when it was opened, and whether it was answered since."""

    opened_at: datetime
    answered: bool = False


def schedule(
    number: int, kind: StatusKind, ladder: Deadlines, now: datetime, until: datetime | None,
    hours: Hours | None = None, since: Since | None = None,
) -> tuple[Deadline, ...]:  # fmt: skip
    """All deadlines of a case that enters a status of `kind` now; () for a closed one. In order of their due time.

    What agents are to do counts in business time of `hours`, what customers are waited for in plain time. Targets
    count from `since` on; one that is past was missed before, and is not missed again.
    """
    steps: list[Deadline] = []

    def put(what: str, due_at: datetime | None, step: int = 0) -> None:
        if due_at is not None:
            steps.append(Deadline(number, what, due_at, step))

    def work(what: str, length: timedelta | None) -> None:
        put(what, add(hours, now, length) if length else None)

    match kind:
        case StatusKind.NEW | StatusKind.OPEN:
            work("remind_agent", ladder.remind_agent)
            work("escalate", ladder.escalate)
        case StatusKind.PENDING:
            for step, after in enumerate(ladder.remind_customer):
                put("remind_customer", now + after, step)
            put("close_pending", now + ladder.close_pending_after if ladder.close_pending_after else None)
        case StatusKind.POSTPONED:
            put("wake", until)
        case StatusKind.RESOLVED:
            put("close_resolved", now + ladder.close_resolved_after if ladder.close_resolved_after else None)
        case StatusKind.CLOSED:
            pass
    steps += _targets(number, kind, ladder, now, hours, since or Since(now))
    return tuple(sorted(steps, key=lambda d: d.due_at))


def _targets(
    number: int, kind: StatusKind, ladder: Deadlines, now: datetime, hours: Hours | None, since: Since
) -> list[Deadline]:
    """First response and resolution, where they are still to be reached."""
    wanted: list[tuple[str, timedelta]] = []
    if ladder.first_response and kind in (StatusKind.NEW, StatusKind.OPEN) and not since.answered:
        wanted.append(("first_response", ladder.first_response))
    if ladder.resolution and kind in _UNRESOLVED:
        wanted.append(("resolution", ladder.resolution))
    found = (Deadline(number, what, add(hours, since.opened_at, length)) for what, length in wanted)
    return [one for one in found if one.due_at > now]


def of_case(
    case: CaseView, ladder: Deadlines, hours: Hours | None, now: datetime, until: datetime | None
) -> tuple[Deadline, ...]:
    """The deadlines of a case that has just entered the status it is in, by its priority."""
    since = Since(case.created_at or now, case.answered)
    return schedule(case.number, case.kind, ladder.of(case.priority), now, until, hours, since)


def after_reminder(
    case: CaseView, done: Deadline, ladder: Deadlines, hours: Hours | None, now: datetime
) -> tuple[Deadline, ...] | None:
    """What follows a reminder to the customer that comes late; None when it is in time, and nothing has to move (D2).

    After a long stop the next reminder and the closing are due as well. Who is reminded keeps the time to answer that
    the ladder gives; so all of them count from when the reminder really leaves. Targets stay where they are.
    """
    waits = ladder.of(case.priority).remind_customer
    if now - done.due_at < LATE or done.step >= len(waits):
        return None
    as_if_begun = of_case(case, ladder, hours, now - waits[done.step], None)
    to_customer = {"remind_customer", "close_pending"}
    return tuple(
        one for one in as_if_begun
        if (one.due_at > now if one.kind in to_customer else one.due_at > done.due_at)
    )  # fmt: skip
