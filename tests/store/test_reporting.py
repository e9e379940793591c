"""The facts behind the figures, as both databases tell them (L4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailcase.core.decision import SYSTEM, CaseOpened, Decision, FieldChanged, MessageFiled, Outcome, StatusChanged
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind as K
from mailcase.core.report import CaseFacts, Move
from mailcase.store import cases
from mailcase.store.engine import Database
from mailcase.store.reporting import facts
from tests.store.story import ANNA, BOB, NOW, answering, apply, one_case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def found(db: Database, **more: object) -> list[CaseFacts]:
    with db.read() as conn:
        return facts(conn, NOW - DAY, NOW + DAY, **more)  # type: ignore[arg-type]


def test_a_case_with_its_answers_and_moves(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn, assignee="bob")
        later = MessageFiled(number, "outgoing", Address("Bob", ""), text="And?", at=NOW + 3 * HOUR)
        apply(conn, replace(answering(number), events=(*answering(number).events, later)), now=NOW + HOUR)
        machine = MessageFiled(number, "outgoing", Address("", ""), text="!", automatic=True, at=NOW)
        done = StatusChanged(number, "pending", "resolved", K.RESOLVED)
        apply(conn, Decision("test", Outcome("note"), SYSTEM, (machine, done)), now=NOW + 5 * HOUR)
    (case,) = found(db)
    assert case == CaseFacts(
        number, "support", NOW, "resolved", K.RESOLVED, "", "bob", NOW,
        (Move(NOW, "new"), Move(NOW + HOUR, "pending"), Move(NOW + 5 * HOUR, "resolved")), {"bob": 2}, False,
    )  # fmt: skip


def test_what_is_not_of_the_period_or_mailbox_or_was_merged_is_not_counted(db: Database) -> None:
    with db.write() as conn:
        one, other = one_case(conn, "a"), one_case(conn, "b")
        merged = FieldChanged(one, "merged_into", "", str(other))
        apply(conn, Decision("test", Outcome("note"), BOB, (merged,)))
    assert [case.number for case in found(db)] == [other]
    assert found(db, mailboxes=("sales",)) == []
    with db.read() as conn:
        assert facts(conn, NOW + HOUR, NOW + DAY) == []
        assert facts(conn, NOW - DAY, NOW) == []


def test_a_case_that_goes_on_in_another_one(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn)
        following = CaseOpened(cases.next_number(conn), "support", "x", ANNA, "new", K.NEW, follow_up_of=number)
        apply(conn, Decision("test", Outcome("case"), BOB, (following,)))
    assert {case.number: case.followed_up for case in found(db)} == {number: True, following.case: False}
