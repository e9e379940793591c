"""When something that comes round by the clock was last done: once, however many daemons look (D2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailcase.store.tables import mark
from mailcase.store.upsert import Upsert

_ADD = Upsert(mark, ("name",))


def read(conn: Connection, names: Sequence[str]) -> dict[str, datetime]:
    """Those of these marks that are set."""
    return {row.name: row.at for row in conn.execute(select(mark).where(mark.c.name.in_(names)))}


def begin(conn: Connection, name: str, now: datetime) -> None:
    """Set a mark for the first time; one that is there stays."""
    _ADD.run(conn, [{"name": name, "at": now}])


def advance(conn: Connection, name: str, before: datetime, now: datetime) -> bool:
    """Move a mark on; False when somebody else has moved it meanwhile."""
    moved = update(mark).where(mark.c.name == name, mark.c.at == before).values(at=now)
    return conn.execute(moved).rowcount > 0
