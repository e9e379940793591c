"""What a brief is made of, on both databases: whose cases, since when (morning brief)."""

from __future__ import annotations

from datetime import timedelta

from mailcase.core.decision import (
    SYSTEM,
    BounceRecorded,
    Deadline,
    Decision,
    Event,
    FieldChanged,
    Outcome,
    StatusChanged,
)
from mailcase.core.policy import StatusKind as K
from mailcase.store import briefing, marks, outbox, spool
from mailcase.store.engine import Database
from tests.store.story import BOB, CUSTOMER, NOW, apply, incoming, one_case, outgoing

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOBS = briefing.Whose("bob", ("support",))
SUES = briefing.Whose("sue", ())
WAITED = ("pending", "postponed", "resolved")


def sections(db: Database, whose: briefing.Whose = BOBS) -> dict[str, list[int]]:
    with db.read() as conn:
        found = briefing.gather(conn, whose, NOW, NOW + DAY, WAITED)
    return {title: [row.number for row in rows] for title, rows in found.items() if rows}


def happens(db: Database, number: int, *events: Event, after: timedelta = HOUR, actor: object = CUSTOMER) -> None:
    decision = Decision("test", Outcome("note", number), actor, events, deadlines={number: ()})  # type: ignore[arg-type]
    with db.write() as conn:
        apply(conn, decision, now=NOW + after)


def a_case(db: Database, text: str, assignee: str = "") -> int:
    with db.write() as conn:
        return one_case(conn, text, assignee=assignee)


def moves(number: int, before: str, after: str) -> StatusChanged:
    return StatusChanged(number, before, after, K(after))


def test_what_waits_is_theirs_or_nobodys(db: Database) -> None:
    mine, nobodys, sues = a_case(db, "a", "Bob"), a_case(db, "b"), a_case(db, "c", "sue")
    happens(db, nobodys, FieldChanged(nobodys, "priority", "normal", "urgent"))
    assert sections(db)["waiting"] == [nobodys, mine]
    assert sections(db, SUES)["waiting"] == [sues]


def test_what_is_about_to_be_late(db: Database) -> None:
    soon, later = a_case(db, "a"), a_case(db, "b")
    for number, due in ((soon, 20 * HOUR), (later, 30 * HOUR)):
        work = (Deadline(number, "remind_agent", NOW + due), Deadline(number, "escalate", NOW + 2 * due))
        with db.write() as conn:
            apply(conn, Decision("test", Outcome("note", number), SYSTEM, (), deadlines={number: work}))
    assert sections(db)["due"] == [soon]


def test_what_has_happened_since(db: Database) -> None:
    back, long_ago, bounced, closed, by_hand = (a_case(db, text) for text in "abcde")
    happens(db, back, moves(back, "new", "pending"), moves(back, "pending", "open"))
    happens(db, long_ago, moves(long_ago, "pending", "open"), after=-HOUR)
    happens(db, bounced, BounceRecorded(bounced, "x@y.example", "anna@example.com", True))
    happens(db, closed, moves(closed, "new", "resolved"), moves(closed, "resolved", "closed"), actor=SYSTEM)
    happens(db, by_hand, moves(by_hand, "new", "closed"), actor=BOB)
    found = sections(db)
    assert (found["reopened"], found["bounced"], found["closed"]) == ([back], [bounced], [closed])
    assert sections(db, SUES) == {}


def test_what_was_reopened_and_is_pending_again_is_not_told(db: Database) -> None:
    number = a_case(db, "a")
    happens(db, number, moves(number, "pending", "open"), moves(number, "open", "pending"))
    assert sections(db) == {}


def test_what_is_held_and_what_could_not_be_read(db: Database) -> None:
    number, others = a_case(db, "a"), a_case(db, "b", "sue")
    with db.write() as conn:
        held, unread, foreign = (one.id for one in spool.add(conn, [incoming(t) for t in ("x", "y", "z")]))
        spool.hold(conn, held, "guard: overtaken")
        spool.quarantine(conn, unread, "broken", number)
        spool.quarantine(conn, foreign, "broken", others)
        outbox.add(conn, [outgoing(others, f"held:s{held}:bob"), outgoing(number, "held:s99:bob")], NOW)
    assert sections(db)["held"] == [others, number]
    assert sections(db, SUES)["held"] == [others]


def test_a_mark_moves_once(db: Database) -> None:
    with db.write() as conn:
        assert marks.read(conn, ["brief:bob"]) == {}
        marks.begin(conn, "brief:bob", NOW)
        marks.begin(conn, "brief:bob", NOW + DAY)
        assert marks.read(conn, ["brief:bob", "brief:sue"]) == {"brief:bob": NOW}
        assert marks.advance(conn, "brief:bob", NOW, NOW + DAY)
        assert not marks.advance(conn, "brief:bob", NOW, NOW + DAY)
