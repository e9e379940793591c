"""How many automatic mails have left lately: to an address, about a case, to a domain, in all (O4, S13, S15).

Addresses are counted from the outbox itself. Domains and the total are counted in minutes as mails are added, since
counting an hour of a large domain again for every mail would cost more than the mail.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete

from mailcase.store.tables import automatic_count
from mailcase.store.upsert import Upsert
from mailcase.store.values import OutgoingMail

EVERY = "*"
HOUR = 60
_KEPT = 24 * 60

_ADD = Upsert(automatic_count, ("domain", "minute", "shard"), add=("count",))


def count_automatic(conn: Connection, mails: Sequence[OutgoingMail], now: datetime) -> None:
    """Count the automatic ones among mails that are being added."""
    found: Counter[str] = Counter()
    for mail in mails:
        if mail.automatic:
            found.update(domain_of(recipient.casefold()) for recipient in mail.recipients)
    if not found:
        return
    found[EVERY] = found.total()
    minute = minute_of(now)
    rows = [
        {"domain": domain, "minute": minute, "shard": os.getpid(), "count": count}
        # In a fixed order: two writers of PostgreSQL that lock rows crosswise would stop each other.
        for domain, count in sorted(found.items())
    ]
    _ADD.run(conn, rows)


def forget_old(conn: Connection, now: datetime) -> None:
    """Delete what no limit looks at any more. The clock does this now and then; nothing depends on it."""
    conn.execute(delete(automatic_count).where(automatic_count.c.minute < minute_of(now) - _KEPT))


def domain_of(address: str) -> str:
    """The domain of a folded address."""
    return address.rpartition("@")[2]


def minute_of(now: datetime) -> int:
    """The minute that a mail is counted in."""
    return int(now.timestamp() // 60)
