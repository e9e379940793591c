"""`mailcase deadlines`: what is due, and what would happen then (D3). Changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailcase.cli import output, settings
from mailcase.cli.case import Asked, Json

if TYPE_CHECKING:
    from mailcase.core.decision import AnswerScheduled


def command(
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="8h, 3d, 2w or 2026-12-24.")] = "7d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Nothing is ever changed; for the careful.")] = True,
    as_json: Json = False,
) -> None:
    """List what will be done until a date if nobody writes."""
    from mailcase.cli.desk import reading
    from mailcase.core.command import Wrong, parse_until
    from mailcase.core.decision import Deadline
    from mailcase.store import later
    from mailcase.store.cases import by_numbers, upcoming

    now = datetime.now(UTC)
    try:
        end = parse_until(until, now)
    except Wrong as wrong:
        raise Asked(f"{until} is not a date to come; write 8h, 3d, 2w or 2026-12-24") from wrong
    with reading(settings.load_config()) as conn:
        answers = (Deadline(a.case, _kind(a), a.due_at) for a in (one.answer for one in later.until(conn, end)))
        found = sorted([*upcoming(conn, end), *answers], key=lambda d: d.due_at)
        known = {c.number: c for c in by_numbers(conn, {d.case for d in found})}
    rows = [
        {
            "due_at": d.due_at, "case": d.case, "kind": d.kind, "step": d.step, "overdue": d.due_at <= now,
            "status": known[d.case].status, "subject": known[d.case].subject, "assignee": known[d.case].assignee,
        }
        for d in found
    ]  # fmt: skip
    if as_json:
        output.print_json(rows)
        return
    output.print_table(
        ("due", "case", "what", "status", "assignee", "subject"),
        [(r["due_at"], r["case"], WHAT[str(r["kind"])], r["status"], r["assignee"], r["subject"]) for r in rows],
        empty="Nothing is due until then.",
    )


def _kind(answer: AnswerScheduled) -> str:
    return "later_unless_answered" if answer.unless_answered else "later"


WHAT = {
    "later": "send an answer",
    "later_unless_answered": "send an answer, unless they write",
    "remind_customer": "remind the customer",
    "remind_agent": "remind the agent",
    "escalate": "escalate",
    "first_response": "first response is late",
    "resolution": "resolution is late",
    "close_pending": "close, no response",
    "close_resolved": "close, solved",
    "wake": "open again",
}
