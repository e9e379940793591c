"""What mails tell of a case's history: to agents what happened, to customers when we wrote (D3, L2, S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailcase.core.context import HistoryLine
from mailcase.core.history import attempts, told, waiting_since

DAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


def line(
    day: float, event: str, who: str = "agent:bob", text: str = "", before: str = "", after: str = ""
) -> HistoryLine:
    return HistoryLine(DAY + timedelta(days=day), who, text, event, before, after)


HISTORY = (
    line(0, "case-opened", "customer:anna@example.org", "Printer", "", "new"),
    line(0, "message-received", "customer:anna@example.org", "Printer (from anna@example.org)"),
    line(0, "mail-sent", "system", "acknowledgement to anna@example.org: 250 OK"),
    line(1, "message-sent", text="Re: Printer (to anna@example.org)"),
    line(1, "status-changed", text="agent answers", before="new", after="pending"),
    line(1.1, "message-sent", text="Re: Printer (to anna@example.org)"),
    line(1.1, "command-refused", text="Unknown command: #clsoe"),
    line(4, "reminder-sent", "system", "Reminder 1"),
    line(4, "mail-sent", "system", "reminder to anna@example.org: 250 OK"),
)


def test_agents_read_what_happened_and_not_what_each_server_said() -> None:
    rows = told(HISTORY, 10)
    assert [(row["who"], row["text"], row["from_status"], row["to_status"]) for row in rows] == [
        ("anna@example.org", "Printer", "", ""),
        ("anna@example.org", "Printer (from anna@example.org)", "", ""),
        ("bob", "Re: Printer (to anna@example.org)", "", ""),
        ("bob", "", "new", "pending"),
        ("bob", "Re: Printer (to anna@example.org)", "", ""),
        ("", "Reminder 1", "", ""),
    ]
    assert told(HISTORY, 1) == rows[-1:]


def test_a_customer_is_told_the_days_on_which_somebody_wrote_to_them_each_once() -> None:
    assert [one["at"] for one in attempts(HISTORY)] == [DAY + timedelta(days=1.1), DAY + timedelta(days=4)]


def test_a_customer_waits_since_the_first_mail_that_was_not_answered() -> None:
    assert waiting_since(HISTORY) is None
    assert waiting_since(HISTORY[:3]) == DAY
    later = (*HISTORY, *(line(n, "message-received", "customer:anna@example.org") for n in (5, 6)))
    assert waiting_since(later) == DAY + timedelta(days=5)
