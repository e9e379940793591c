"""When something is due on a case (D1). What then happens is decided in `core/due.py`."""

from __future__ import annotations

from datetime import datetime

from mailcase.core.decision import Deadline
from mailcase.core.policy import Deadlines, StatusKind


def schedule(
    number: int, kind: StatusKind, ladder: Deadlines, now: datetime, until: datetime | None
) -> tuple[Deadline, ...]:
    """All deadlines of a case that enters a status of `kind` now; () for a closed one. In order of their due time."""
    steps: list[Deadline] = []

    def add(what: str, due_at: datetime | None, step: int = 0) -> None:
        if due_at is not None:
            steps.append(Deadline(number, what, due_at, step))

    match kind:
        case StatusKind.NEW | StatusKind.OPEN:
            add("remind_agent", now + ladder.remind_agent if ladder.remind_agent else None)
            add("escalate", now + ladder.escalate if ladder.escalate else None)
        case StatusKind.PENDING:
            for step, after in enumerate(ladder.remind_customer):
                add("remind_customer", now + after, step)
            add("close_pending", now + ladder.close_pending_after if ladder.close_pending_after else None)
        case StatusKind.POSTPONED:
            add("wake", until)
        case StatusKind.RESOLVED:
            add("close_resolved", now + ladder.close_resolved_after if ladder.close_resolved_after else None)
        case StatusKind.CLOSED:
            pass
    return tuple(sorted(steps, key=lambda d: d.due_at))
