"""Answers that wait in the store: in order, once, and gone when the customer has written (O6)."""

from __future__ import annotations

from datetime import timedelta

from mailcase.core.decision import AnswerScheduled, Decision, MessageFiled, Outcome, ScheduleCancelled
from mailcase.core.message import Address
from mailcase.store import cases, later
from mailcase.store.engine import Database
from tests.store.story import ANNA, BOB, CUSTOMER, NOW, apply, one_case

DAY = timedelta(days=1)


def waiting(db: Database) -> list[AnswerScheduled]:
    with db.read() as conn:
        return [one.answer for one in later.until(conn, NOW + 30 * DAY)]


def two_waiting(db: Database) -> tuple[int, AnswerScheduled, AnswerScheduled]:
    """A case on which two answers wait, one of them only as long as the customer does not write."""
    with db.write() as conn:
        number = one_case(conn)
        sure = AnswerScheduled(number, NOW + 2 * DAY, "bob", "Hello again", "", False)
        unsure = AnswerScheduled(number, NOW + DAY, "bob", "", "survey", True)
        apply(conn, Decision("agent-commands", Outcome("note", number), BOB, (sure, unsure)))
    return number, sure, unsure


def events(db: Database, number: int) -> list[str]:
    with db.read() as conn:
        return [line.event for line in cases.history(conn, number)]


def test_what_was_scheduled_is_read_in_the_order_it_is_due(db: Database) -> None:
    number, sure, unsure = two_waiting(db)
    assert waiting(db) == [unsure, sure]
    with db.read() as conn:
        assert later.due(conn, NOW, 10) == []
        assert [one.answer for one in later.due(conn, NOW + DAY, 10)] == [unsure]
        assert [row["template"] for row in cases.show_case(conn, number)["later"]] == ["survey", ""]
    assert events(db, number).count("answer-scheduled") == 2


def test_a_customers_mail_cancels_what_was_not_to_be_sent_then(db: Database) -> None:
    number, sure, _ = two_waiting(db)
    written = MessageFiled(number, "incoming", ANNA, text="It works.", at=NOW)
    with db.write() as conn:
        apply(conn, Decision("customer-writes", Outcome("note", number), CUSTOMER, (written,)))
    assert waiting(db) == [sure]
    assert "scheduled-answer-cancelled" in events(db, number)


def test_machines_strangers_and_agents_cancel_nothing(db: Database) -> None:
    number, *both = two_waiting(db)
    others = (
        MessageFiled(number, "incoming", ANNA, text="I am away.", automatic=True, at=NOW),
        MessageFiled(number, "incoming", Address("", "mallory@evil.example"), text="Hi", verified=False, at=NOW),
        MessageFiled(number, "note", Address("Bob", "bob@staff.example"), text="Hm", at=NOW),
    )
    with db.write() as conn:
        apply(conn, Decision("test", Outcome("note", number), CUSTOMER, others))
    assert len(waiting(db)) == len(both)


def test_all_can_be_taken_back(db: Database) -> None:
    number, *_ = two_waiting(db)
    with db.write() as conn:
        apply(conn, Decision("agent-commands", Outcome("note", number), BOB, (ScheduleCancelled(number),)))
    assert waiting(db) == []
    assert events(db, number).count("scheduled-answer-cancelled") == 2


def test_one_is_taken_once_and_can_be_put_off(db: Database) -> None:
    two_waiting(db)
    with db.write() as conn:
        first, second = later.until(conn, NOW + 9 * DAY)
        assert later.take(conn, first)
        assert not later.take(conn, first)
        later.postpone(conn, second, NOW + 5 * DAY)
    assert [one.due_at for one in waiting(db)] == [NOW + 5 * DAY]
