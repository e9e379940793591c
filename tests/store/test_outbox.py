"""The outbox: one mail a cause, in order, with a line of history for every end (O1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailcase.core.context import Counts
from mailcase.store import automatic, cases, correspondents, outbox
from mailcase.store.engine import Database
from mailcase.store.errors import LeaseLost, NoSuch, StoreError
from mailcase.store.outbox import Result
from mailcase.store.values import OutboxItem, RecipientState
from tests.store.story import LEASE, NOW, one_case, outgoing

SENT = (RecipientState("anna@example.com", "sent", "250 2.0.0 ok"),)


def added(db: Database, *reasons: str, **values: object) -> list[int | None]:
    case = values.pop("case", None)
    with db.write() as conn:
        return outbox.add(conn, [outgoing(case, reason, **values) for reason in reasons], NOW)  # type: ignore[arg-type]


def claimed(db: Database, at: timedelta = timedelta(), limit: int = 50) -> list[OutboxItem]:
    with db.write() as conn:
        return outbox.claim(conn, limit, NOW + at, LEASE, "sender")


def done(db: Database, *results: Result) -> None:
    with db.write() as conn:
        outbox.record_many(conn, results, NOW)


def the_case(db: Database) -> int:
    with db.write() as conn:
        return one_case(conn)


def lines(db: Database, case: int) -> list[str]:
    with db.read() as conn:
        return [line.event for line in cases.history(conn, case)][2:]


def test_one_mail_for_one_cause(db: Database) -> None:
    first = added(db, "ack:1", "ack:2", "ack:1")
    assert first[2] is None
    assert first[:2] != [None, None]
    assert added(db, "ack:2", "ack:3")[0] is None
    with db.read() as conn:
        assert len(outbox.items(conn)) == 3
        assert conn.exec_driver_sql("SELECT count(*) FROM raw").scalar() == 3


def test_a_mail_is_sent_as_it_was_composed(db: Database) -> None:
    raw = bytes(range(256)) * 100
    added(db, "ack:1", raw=raw, recipients=("anna@example.com", "Otto@example.com"))
    (item,) = claimed(db)
    assert item.raw == raw
    assert (item.state, item.attempts, item.automatic) == ("queued", 0, True)
    assert [r.address for r in item.recipients] == ["anna@example.com", "Otto@example.com"]
    assert claimed(db) == []
    done(db, Result(item.id, "sent", SENT, "250 2.0.0 ok"))
    with db.read() as conn:
        after = outbox.get(conn, item.id, with_raw=True)
    assert (after.state, after.attempts, after.next_try, after.last_reply) == ("sent", 1, None, "250 2.0.0 ok")
    assert [r.state for r in after.recipients] == ["sent", "queued"]


def test_the_mails_of_a_case_keep_their_order(db: Database) -> None:
    case = the_case(db)
    first, second = added(db, "one", "two", case=case)
    (other,) = added(db, "three", case=case, recipients=("bob@desk.example",))
    assert [i.id for i in claimed(db)] == [first, other]
    later = NOW + timedelta(minutes=5)
    done(db, Result(first or 0, "queued", (), "451 4.7.1 greylisted", later), Result(other or 0, "sent"))
    assert claimed(db, timedelta(seconds=30)) == [], "the first one waits, and the second one behind it"
    (again,) = claimed(db, timedelta(minutes=5))
    assert again.id == first
    done(db, Result(first or 0, "sent", SENT))
    assert [i.id for i in claimed(db)] == [second]


def test_what_waits_for_a_person_holds_nobody_up(db: Database) -> None:
    case = the_case(db)
    added(db, "held", case=case, hold="the template is broken")
    first, second = added(db, "one", "two", case=case)
    (item,) = claimed(db)
    assert item.id == first
    done(db, Result(item.id, "uncertain", (), "lost after DATA", None))
    assert [i.id for i in claimed(db)] == [second]
    with db.read() as conn:
        (held,) = outbox.items(conn, state="held")
        assert held.last_reply == "the template is broken"


def test_an_uncertain_mail_is_resent_when_it_has_a_next_try(db: Database) -> None:
    added(db, "ack:1")
    (item,) = claimed(db)
    done(db, Result(item.id, "uncertain", (), "lost after DATA", NOW + timedelta(minutes=10)))
    assert claimed(db) == []
    (again,) = claimed(db, timedelta(minutes=10))
    assert (again.state, again.message_id, again.attempts) == ("uncertain", item.message_id, 1)


def test_an_interrupted_mail_says_so_and_counts_the_attempt(db: Database) -> None:
    added(db, "ack:1")
    (item,) = claimed(db)
    assert claimed(db) == []
    (again,) = claimed(db, LEASE + timedelta(seconds=1))
    assert (again.id, again.state, again.attempts) == (item.id, "sending", 1)
    with db.write() as conn:
        assert outbox.free_leases(conn, "sender") == 1
    assert claimed(db)[0].state == "sending"


def test_history_says_what_became_of_a_mail(db: Database) -> None:
    case = the_case(db)
    (number,) = added(db, "ack:1", case=case)
    assert number
    for state, reply, again in (
        ("queued", "451 later", NOW), ("queued", "451 later", NOW), ("uncertain", "lost", NOW), ("failed", "550", None),
    ):  # fmt: skip
        claimed(db)
        done(db, Result(number, state, (RecipientState("anna@example.com", "failed", reply),), reply, again))
    assert lines(db, case) == ["mail-deferred", "mail-uncertain", "mail-failed"]
    with db.read() as conn:
        assert outbox.get(conn, number).attempts == 4


def test_an_attempt_that_was_the_accounts_fault_does_not_count(db: Database) -> None:
    (number,) = added(db, "ack:1")
    claimed(db)
    done(db, Result(number or 0, "queued", (), "535 login", NOW, attempted=False))
    with db.read() as conn:
        assert outbox.get(conn, number or 0).attempts == 0


def test_only_what_is_being_sent_gets_a_result(db: Database) -> None:
    (number,) = added(db, "ack:1")
    with pytest.raises(LeaseLost):
        done(db, Result(number or 0, "sent", SENT))
    with db.read() as conn:
        assert outbox.get(conn, number or 0).state == "queued"


def test_by_hand(db: Database) -> None:
    case = the_case(db)
    failed, cancelled = added(db, "one", "two", case=case)
    (item,) = claimed(db)
    done(db, Result(item.id, "failed", (RecipientState("anna@example.com", "failed", "550 no"),), "550 no"))
    with db.write() as conn:
        outbox.cancel(conn, cancelled or 0, NOW)
        outbox.retry(conn, failed or 0, NOW)
    (again,) = claimed(db)
    assert (again.id, again.recipients[0].state) == (failed, "queued")
    done(db, Result(again.id, "sent", SENT))
    for action in (outbox.retry, outbox.cancel):
        with pytest.raises(StoreError, match="is sent"), db.write() as conn:
            action(conn, failed or 0, NOW)
        with pytest.raises(NoSuch), db.write() as conn:
            action(conn, 99, NOW)
    assert lines(db, case) == ["mail-failed", "mail-cancelled", "mail-retried", "mail-sent"]


def test_a_bounce_finds_its_mail(db: Database) -> None:
    (number,) = added(db, "ack:1", envelope_from="help+b.123@desk.example")
    claimed(db)
    done(db, Result(number or 0, "sent", SENT))
    with db.write() as conn:
        assert not outbox.mark_bounced(conn, "unknown@desk.example", "anna@example.com", True)
        assert outbox.mark_bounced(conn, "ack:1@desk.example", "anna@example.com", False, "4.4.1", "still trying")
        assert outbox.get(conn, number or 0).state == "sent"
        assert outbox.mark_bounced(conn, "ack:1@desk.example", "ANNA@example.com", True, "5.1.1", "no such user")
        item = outbox.by_message_id(conn, ["ack:1@desk.example", ""])["ack:1@desk.example"]
        assert outbox.by_envelope_from(conn, "help+b.123@desk.example") == item
        assert outbox.by_envelope_from(conn, "") is None
    assert (item.state, item.last_reply, item.recipients[0].state) == ("failed", "5.1.1 no such user", "bounced")


def test_automatic_mail_is_counted_before_it_is_sent(db: Database) -> None:
    case = the_case(db)
    old = NOW - timedelta(hours=3)
    with db.write() as conn:
        outbox.add(conn, [outgoing(case, "old")], old)
        outbox.add(conn, [outgoing(case, "new"), outgoing(7, "other case")], NOW)
        outbox.add(conn, [outgoing(case, "by hand", automatic=False)], NOW)
        outbox.add(conn, [outgoing(None, "neighbour", recipients=("otto@example.com",))], NOW)
        outbox.add(conn, [outgoing(None, "elsewhere", recipients=("eve@example.org",))], NOW)
        conn.exec_driver_sql('UPDATE outbox SET "case" = NULL WHERE "case" = 7')
        now = NOW + timedelta(seconds=1)
        found = correspondents.look_up(conn, ["Anna@example.com", "nobody@example.net"], now)
        assert found["anna@example.com"].counts(case) == Counts(2, 3, 2, 3, 4)
        assert found["anna@example.com"].counts(None) == Counts(2, 3, 0, 3, 4)
        assert found["nobody@example.net"].counts(None) == Counts(0, 0, 0, 0, 4)
        automatic.forget_old(conn, NOW + timedelta(days=2))
        found = correspondents.look_up(conn, ["anna@example.com"], now)
        assert found["anna@example.com"].counts(case).total_hour == 0
