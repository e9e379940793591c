"""The spool: kept once, claimed by one, accounted for by all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailcase.core.ingest import ingest_key
from mailcase.core.message import Envelope
from mailcase.store import spool
from mailcase.store.engine import Database
from mailcase.store.values import Incoming

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)


def incoming(text: str, **values: object) -> Incoming:
    raw = f"From: anna@example.com\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()
    return Incoming(raw, Envelope("anna@example.com", ("help@example.com",)), "smtp", ingest_key(raw), NOW, **values)


def test_a_group_is_kept_and_comes_back_byte_by_byte(db: Database) -> None:
    mails = [incoming(f"mail {n}", mailbox="support", origin="here") for n in range(3)]
    with db.write() as conn:
        accepted = spool.add(conn, mails)
    assert [a.duplicate for a in accepted] == [False] * 3
    with db.write() as conn:
        claimed = spool.claim(conn, 10, NOW, LEASE, "worker")
    assert [(s.id, s.raw, s.envelope, s.origin) for s in claimed] == [
        (a.id, m.raw, m.envelope, "here") for a, m in zip(accepted, mails, strict=True)
    ]
