"""The spool: kept once, claimed by one, accounted for by all (B2, B6, B7, B8)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from mailcase.core.decision import Outcome
from mailcase.store import spool
from mailcase.store.audit import audit
from mailcase.store.engine import Database
from mailcase.store.errors import LeaseLost, NoSuch
from mailcase.store.values import Spooled
from tests.store.story import LEASE, NOW, incoming, one_case

IGNORED = Outcome("ignored", None, "a vacation notice")


def spooled(db: Database, *texts: str) -> list[int]:
    with db.write() as conn:
        return [a.id for a in spool.add(conn, [incoming(text) for text in texts])]


def claimed(db: Database, limit: int = 50, at: timedelta = timedelta()) -> list[int]:
    with db.write() as conn:
        return spool.claim(conn, limit, NOW + at, LEASE, "worker")


def claimed_mails(db: Database, limit: int = 50) -> list[Spooled]:
    ids = claimed(db, limit)
    with db.read() as conn:
        return spool.read(conn, ids)


def test_a_group_is_kept_and_comes_back_byte_by_byte(db: Database) -> None:
    mails = [incoming(f"mail {n}", mailbox="support", origin="here", silent=n == 1) for n in range(3)]
    mails[2] = replace(mails[2], raw=b"\x00\xff\r\n\r\n" + bytes(range(256)) * 4000)
    with db.write() as conn:
        accepted = spool.add(conn, mails)
    assert [a.duplicate for a in accepted] == [False] * 3
    got = claimed_mails(db)
    assert [(s.id, s.raw, s.envelope, s.origin, s.silent, s.received_at, s.attempts) for s in got] == [
        (a.id, m.raw, m.envelope, "here", m.silent, NOW, 1) for a, m in zip(accepted, mails, strict=True)
    ]


def test_a_mail_that_comes_again_is_accepted_and_accounted_for_once(db: Database) -> None:
    first = incoming("one", source="smtp", origin="smtp/1")
    again = replace(first, source="imap", origin="support/INBOX/1/42")
    with db.write() as conn:
        a, b = spool.add(conn, [first, again])
    with db.write() as conn:
        (c,) = spool.add(conn, [again])
    assert a.id == b.id == c.id
    assert [x.duplicate for x in (a, b, c)] == [False, True, True]
    with db.read() as conn:
        ledger = audit(conn)
        assert spool.waiting(conn) == 1
    assert (ledger["spooled"], ledger["waiting"], ledger["outcomes"]["duplicate"]) == (3, 1, 2)


def test_two_writers_of_one_mail_make_one_row(db: Database) -> None:
    """Two ways in at the same moment: on PostgreSQL neither sees the other's row before it commits (B13)."""
    results: list[bool] = []
    barrier = threading.Barrier(4)

    def write(number: int) -> None:
        for turn in range(10):
            barrier.wait(timeout=30)
            mails = [incoming(f"mail {turn}"), incoming(f"own {turn} {number}")]
            with db.write() as conn:
                results.extend(a.duplicate for a in spool.add(conn, mails))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with db.read() as conn:
        assert spool.waiting(conn) == 10 + 40
        assert audit(conn)["spooled"] == 80
        assert conn.exec_driver_sql("SELECT count(*) FROM raw").scalar() == 50
    assert results.count(False) == 50


def test_the_oldest_come_first_and_a_lease_keeps_them(db: Database) -> None:
    ids = spooled(db, "a", "b", "c")
    assert claimed(db, 2) == ids[:2]
    assert claimed(db) == ids[2:]
    assert claimed(db) == []


def test_what_was_tried_before_comes_alone(db: Database) -> None:
    """If it was the mail that killed the worker, it takes nothing with it the next time."""
    ids = spooled(db, "a", "b")
    later = LEASE + timedelta(seconds=1)
    assert claimed(db) == ids
    new = spooled(db, "c", "d")
    assert claimed(db, at=later) == ids[:1]
    assert claimed(db, at=later) == ids[1:]
    assert claimed(db, at=later) == new


def test_attempts_count_unless_given_back(db: Database) -> None:
    (number,) = spooled(db, "a")
    for wanted in (1, 2):
        (mail,) = claimed_mails(db, 1)
        assert mail.attempts == wanted
        with db.write() as conn:
            spool.end_lease(conn, number)
    with db.write() as conn:
        spool.claim(conn, 1, NOW, LEASE, "worker")
        assert spool.free_leases(conn, "worker", counting=()) == 1
    assert claimed_mails(db, 1)[0].attempts == 3


def test_leases_of_the_dead_end_at_start(db: Database) -> None:
    ids = spooled(db, "a")
    assert claimed(db) == ids
    with db.write() as conn:
        assert spool.free_leases(conn, "somebody else") == 0
        assert spool.free_leases(conn, "worker") == 1
    assert claimed(db) == ids


def test_an_outcome_is_written_once(db: Database) -> None:
    """Whose lease ran out while they worked must not write a second time."""
    (number,) = spooled(db, "a")
    claimed(db)
    with db.write() as conn:
        spool.finish(conn, number, IGNORED, "vacation", NOW, message_id="v@example.com")
    with pytest.raises(LeaseLost), db.write() as conn:
        spool.finish(conn, number, IGNORED, "vacation", NOW)
    with pytest.raises(LeaseLost), db.write() as conn:
        spool.finish_many(conn, [spool.Finished(number, IGNORED, "vacation")], NOW)
    with pytest.raises(LeaseLost), db.write() as conn:
        spool.quarantine(conn, number, "too late")
    assert claimed(db, at=timedelta(days=1)) == []


def test_set_aside_and_back(db: Database) -> None:
    with db.write() as conn:
        case = one_case(conn, "the case that tells of it")
    quarantined, held, dropped = spooled(db, "bad", "unproven", "spam")
    claimed(db)
    with db.write() as conn:
        spool.quarantine(conn, quarantined, "it broke the parser", case, now=NOW)
        spool.hold(conn, held, "no proof")
        spool.quarantine(conn, dropped, "no use")
        assert spool.is_held(conn, held)
        assert not spool.is_held(conn, quarantined)
    with db.read() as conn:
        aside = spool.set_aside(conn)
        assert spool.counts(conn) == {"waiting": 0, "done": 1, "quarantined": 2, "held": 1, "dropped": 0}
    assert [(e.id, e.state, e.reason, e.case) for e in aside] == [
        (quarantined, "quarantined", "it broke the parser", case), (held, "held", "no proof", None),
        (dropped, "quarantined", "no use", None),
    ]  # fmt: skip
    assert aside[0].raw == incoming("bad").raw
    with db.write() as conn:
        spool.retry(conn, quarantined)
        spool.release(conn, held, "bob")
        spool.drop(conn, dropped, now=NOW)
    got = {mail.id: mail for mail in claimed_mails(db)}
    assert sorted(got) == [quarantined, held]
    assert (got[held].confirmed_by, got[held].attempts, got[quarantined].attempts) == ("bob", 1, 1)
    with db.read() as conn:
        assert spool.get(conn, dropped).outcome == "ignored"
        assert audit(conn)["problems"] == []


def test_what_cannot_be_done_says_so(db: Database) -> None:
    (number,) = spooled(db, "a")
    for action in (spool.retry, spool.drop):
        with pytest.raises(LeaseLost, match=f"spooled mail {number} is waiting"), db.write() as conn:
            action(conn, number)
        with pytest.raises(NoSuch, match="there is no spooled mail 99"), db.write() as conn:
            action(conn, 99)
    with pytest.raises(LeaseLost), db.write() as conn:
        spool.release(conn, number, "bob")
    with pytest.raises(NoSuch), db.read() as conn:
        spool.get(conn, 99)


def test_several_workers_share_the_work(db: Database) -> None:
    """Every mail is claimed by exactly one of them (N1)."""
    ids = spooled(db, *(f"mail {n}" for n in range(200)))
    taken: list[int] = []

    def work(name: str) -> None:
        while True:
            with db.write() as conn:
                mine = spool.claim(conn, 7, NOW, LEASE, name)
            if not mine:
                return
            with db.write() as conn:
                spool.finish_many(conn, [spool.Finished(number, IGNORED, "test") for number in mine], NOW)
            taken.extend(mine)

    threads = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(taken) == ids
