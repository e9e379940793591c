"""What the store knows of addresses beyond one case: their language, whether we have answered, what we sent lately.

Many addresses are asked about at once: for fifty mails that is hardly dearer than for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, case, exists, func, select

from mailcase.core.context import Counts
from mailcase.store.automatic import EVERY, HOUR, domain_of, minute_of
from mailcase.store.columns import storable
from mailcase.store.prepared import Prepared, among, each_text
from mailcase.store.tables import automatic_count, cases, contact, outbox_recipient


@dataclass(frozen=True, slots=True)
class Correspondent:
    """One address. `language` is "" when it is not known, None for an address that never wrote (R7).

    `answered` says that a person of ours has answered this address before: more than a forged From can bring about
    (O5). The rest are the automatic mails put into the outbox until now, sent or not: of the last hour and day by
    case, and of the last hour to the address's domain and in all.
    """

    language: str | None = None
    answered: bool = False
    by_case: Mapping[int | None, tuple[int, int]] = field(default_factory=dict)
    domain_hour: int = 0
    total_hour: int = 0

    def counts(self, number: int | None) -> Counts:
        """The limits of O4 look at these. `number` is the case at hand."""
        hours, days = (sum(pair[i] for pair in self.by_case.values()) for i in (0, 1))
        about_case = self.by_case.get(number, (0, 0))[1] if number is not None else 0
        return Counts(hours, days, about_case, self.domain_hour, self.total_hour)


_asked = each_text("addresses")
_KNOWN = Prepared(
    select(
        _asked,
        select(contact.c.language).where(contact.c.address_key == _asked).scalar_subquery(),
        exists().where(cases.c.requester_key == _asked, cases.c.answered.is_(True)),
    )
)
_recipient, _count = outbox_recipient.c, automatic_count.c
_SENT = Prepared(
    select(
        _recipient.address_key,
        _recipient.case,
        func.sum(case((_recipient.created_at > bindparam("hour"), 1), else_=0)),
        func.count(),
    )
    .where(
        among(_recipient.address_key, "addresses"),
        _recipient.created_at > bindparam("day"),
        _recipient.automatic.is_(True),
    )
    .group_by(_recipient.address_key, _recipient.case)
)
_TO_DOMAINS = Prepared(
    select(_count.domain, func.sum(_count.count))
    .where(among(_count.domain, "domains"), _count.minute > bindparam("minute"))
    .group_by(_count.domain)
)


def look_up(conn: Connection, addresses: Iterable[str], now: datetime) -> dict[str, Correspondent]:
    """Each of these addresses, by its folded form."""
    stored = {key: storable(key) for key in map(str.casefold, addresses)}
    if not stored:
        return {}
    keys = list(stored.values())
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    sent: dict[str, dict[int | None, tuple[int, int]]] = {key: {} for key in keys}
    for key, number, hours, days in _SENT.all(conn, addresses=keys, hour=hour, day=day):
        sent[key][number] = (int(hours), int(days))
    domains = dict.fromkeys((EVERY, *map(domain_of, keys)))
    found = _TO_DOMAINS.all(conn, domains=domains, minute=minute_of(now) - HOUR)
    totals = {row[0]: int(row[1]) for row in found}
    known = {key: (language, bool(answered)) for key, language, answered in _KNOWN.all(conn, addresses=keys)}
    return {
        key: Correspondent(*known[kept], sent[kept], totals.get(domain_of(kept), 0), totals.get(EVERY, 0))
        for key, kept in stored.items()
    }
