"""How many automatic mails have left lately: to an address, about a case, to a domain, in all (O4, S13, S15).

Addresses are counted from the outbox itself. Domains and the total are counted in minutes as mails are added, since
counting an hour of a large domain again for every mail would cost more than the mail.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, delete, func, select

from mailcase.core.context import Counts
from mailcase.store.prepared import Prepared
from mailcase.store.tables import automatic_count, outbox_recipient
from mailcase.store.upsert import upsert
from mailcase.store.values import OutgoingMail

EVERY = "*"
_HOUR = 60
_KEPT = 24 * 60

_recipient, _count = outbox_recipient.c, automatic_count.c
_TO_ADDRESS = Prepared(select(
    func.coalesce(func.sum(case((_recipient.created_at > bindparam("hour"), 1), else_=0)), 0),
    func.count(),
    func.coalesce(func.sum(case((_recipient.case == bindparam("number"), 1), else_=0)), 0),
).where(
    _recipient.address_key == bindparam("address"),
    _recipient.created_at > bindparam("day"),
    _recipient.automatic.is_(True),
))  # fmt: skip
_TO_DOMAIN = Prepared(
    select(_count.domain, func.sum(_count.count))
    .where(_count.domain.in_((bindparam("domain"), EVERY)), _count.minute > bindparam("minute"))
    .group_by(_count.domain)
)
_ADD = upsert(automatic_count, ("domain", "minute", "shard"), (), ("count",))


def automatic_counts(conn: Connection, address: str, case_number: int | None, now: datetime) -> Counts:
    """What was put into the outbox automatically until now, sent or not; the domain is that of `address`."""
    key = address.casefold()
    hours, days = now - timedelta(hours=1), now - timedelta(days=1)
    ((hour, day, about_case),) = _TO_ADDRESS.all(conn, address=key, hour=hours, day=days, number=case_number or 0)
    found = _TO_DOMAIN.all(conn, domain=_domain(key), minute=_minute(now) - _HOUR)
    totals = {row[0]: int(row[1]) for row in found}
    return Counts(int(hour), int(day), int(about_case), totals.get(_domain(key), 0), totals.get(EVERY, 0))


def count_automatic(conn: Connection, mails: Sequence[OutgoingMail], now: datetime) -> None:
    """Count the automatic ones among mails that are being added."""
    found: Counter[str] = Counter()
    for mail in mails:
        if mail.automatic:
            found.update(_domain(recipient.casefold()) for recipient in mail.recipients)
    if not found:
        return
    found[EVERY] = found.total()
    minute = _minute(now)
    rows = [
        {"domain": domain, "minute": minute, "shard": os.getpid(), "count": count}
        # In a fixed order: two writers of PostgreSQL that lock rows crosswise would stop each other.
        for domain, count in sorted(found.items())
    ]
    conn.execute(_ADD(conn), rows)


def forget_old(conn: Connection, now: datetime) -> None:
    """Delete what no limit looks at any more. The clock does this now and then; nothing depends on it."""
    conn.execute(delete(automatic_count).where(_count.minute < _minute(now) - _KEPT))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _minute(now: datetime) -> int:
    return int(now.timestamp() // 60)
