"""A case's history as mails tell it: to agents without what every mail leaves behind, to customers what we wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailcase.core.context import HistoryLine

# Behind each mail of ours stands a line that the server took it, and beside a follow-up case the note that names it.
# `case show` has them all.
_UNTOLD = ("mail-sent", "command-refused", "follow-up-created")
_ATTEMPTS = ("message-sent", "reminder-sent")


def told(lines: Sequence[HistoryLine], most: int) -> list[dict[str, object]]:
    """The last lines that an agent wants to know of: at, who ("" for the desk itself), event, text, and the statuses.

    A change of status has no text: why it changed is said in English, and the line above says it, too.
    """
    rows = [line for line in lines if line.event not in _UNTOLD][-most:]
    return [_row(line, moved=bool(line.from_status and line.to_status)) for line in rows]


def _row(line: HistoryLine, moved: bool) -> dict[str, object]:
    kind, _, name = line.who.partition(":")
    return {
        "at": line.at,
        "who": name or ("" if kind == "system" else kind),
        "event": line.event,
        "text": "" if moved else line.text or line.event,
        "from_status": line.from_status if moved else "",
        "to_status": line.to_status if moved else "",
    }


def waiting_since(lines: Sequence[HistoryLine]) -> datetime | None:
    """When the oldest mail came that nobody has answered; None where there is none among these lines."""
    since = None
    for line in lines:
        if line.event == "message-sent":
            since = None
        elif line.event == "message-received":
            since = since or line.at
    return since


def attempts(lines: Sequence[HistoryLine]) -> list[dict[str, datetime | str]]:
    """The days on which somebody was written to, for the mail that closes a case for want of an answer (D3).

    Each day once: what we told ourselves, and how often we wrote on one day, is nothing for the customer.
    """
    days = {line.at.date(): line for line in lines if line.event in _ATTEMPTS}
    return [{"at": line.at, "text": line.text} for line in days.values()]
