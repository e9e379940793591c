"""The ledger counts again, and notices what is missing (B6)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from mailcase.core.decision import Outcome
from mailcase.store import audit, spool
from mailcase.store.engine import Database
from tests.store.story import NOW, incoming, one_case


def outcome(db: Database, name: str, kind: str, case: int | None = None) -> None:
    with db.write() as conn:
        (accepted,) = spool.add(conn, [incoming(name)])
        spool.finish(conn, accepted.id, Outcome(kind, case, "because"), "rule", NOW)


@pytest.fixture
def desk(db: Database) -> Database:
    """One mail of every outcome, one that waits, one held, one that came twice."""
    with db.write() as conn:
        number = one_case(conn)
    outcome(db, "note", "note", number)
    outcome(db, "copy", "duplicate", number)
    outcome(db, "vacation", "ignored")
    with db.write() as conn:
        bad, held, _ = (a.id for a in spool.add(conn, [incoming("bad"), incoming("held"), incoming("waiting")]))
        spool.quarantine(conn, bad, "it broke", number)
        spool.hold(conn, held, "no proof")
        spool.add(conn, [incoming("note", source="imap")])
    return db


def test_every_arrival_has_one_outcome(desk: Database) -> None:
    with desk.read() as conn:
        ledger = audit.audit(conn)
    assert ledger["outcomes"] == {"case": 1, "note": 1, "duplicate": 2, "ignored": 1, "quarantined": 2}
    assert (ledger["spooled"], ledger["waiting"], ledger["held"], ledger["unaccounted"]) == (8, 1, 1, 0)
    assert ledger["problems"] == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE spool SET outcome = '' WHERE id = 1", "spooled mail 1 has no valid outcome"),
        ("UPDATE spool SET outcome_case = 4711 WHERE id = 1", "spooled mail 1 has no valid outcome"),
        ("UPDATE spool SET outcome_case = NULL WHERE id = 1", "spooled mail 1 has no valid outcome"),
    ],
)
def test_a_lost_outcome_is_a_gap(desk: Database, damage: str, problem: str) -> None:
    with desk.write() as conn:
        conn.execute(text(damage))
    with desk.read() as conn:
        ledger = audit.audit(conn)
    assert ledger["problems"] == [problem]
    assert ledger["unaccounted"] == 1
    accounted = sum(ledger["outcomes"].values()) + ledger["waiting"]
    assert ledger["spooled"] == accounted + 1


def test_a_case_without_its_history_is_a_problem(desk: Database) -> None:
    with desk.write() as conn:
        conn.execute(text("DELETE FROM event"))
        conn.execute(text("DELETE FROM message"))
    with desk.read() as conn:
        assert audit.audit(conn)["problems"] == ["case 1001 has no history", "case 1001 has no message"]


def test_bytes_that_changed_are_found(desk: Database) -> None:
    with desk.write() as conn:
        assert audit.integrity(conn) == []
        conn.execute(text("UPDATE raw SET data = :data WHERE id = 2"), {"data": b"something else"})
        assert audit.integrity(conn) == ["raw mail 2 is not what came in"]
