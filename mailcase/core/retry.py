"""When a mail that could not be handed over is tried again (O1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def next_try(
    attempts: int,
    now: datetime,
    created_at: datetime,
    waits: Sequence[timedelta],
    give_up_after: timedelta,
    jitter: float,
) -> datetime | None:
    """When to try again after `attempts` tries, or None: give up.

    The last wait repeats. `jitter` in 0..1 spreads the tries over a tenth of the wait, so that a thousand mails
    deferred together do not come back together (RFC 5321 section 4.5.4.1).
    """
    if now - created_at >= give_up_after:
        return None
    wait = waits[min(max(attempts, 1), len(waits)) - 1]
    return now + wait + wait * (jitter / 10)
