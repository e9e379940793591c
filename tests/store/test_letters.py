"""The messages of a case as agents' commands need them, on both databases: split, answered, newest, rights (T4, L3)."""

from __future__ import annotations

from mailcase.core.decision import Actor, CasesLinked, Decision, FieldChanged, MessageFiled, MessageMoved, Outcome
from mailcase.core.message import Address
from mailcase.store import cases, letters, search, spool
from mailcase.store.engine import Database
from mailcase.store.listing import show_case
from tests.store.story import ANNA, BOB, NOW, apply, incoming, one_case, opening, outgoing

CARL = Address("Carl", "carl@example.net")


def heard(db: Database, number: int, author: Address, text: str) -> int:
    """A mail of a customer joins a case; its number in the spool."""
    with db.write() as conn:
        (accepted,) = spool.add(conn, [incoming(text)])
        filed = MessageFiled(
            number, "incoming", author, text=text, subject=text, message_id=f"{text}@example.net", at=NOW
        )
        copy = outgoing(number, f"notify:s{accepted.id}:bob", message_id=f"copy-of-{text}@desk.example")
        decision = Decision("customer-writes", Outcome("note", number), Actor("customer", author.address), (filed,))
        apply(conn, decision, spool_id=accepted.id, mails=(copy,))
    return accepted.id


def test_which_message_an_agent_answers(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn)
    first = heard(db, number, CARL, "kettle")
    heard(db, number, ANNA, "toaster")
    with db.read() as conn:
        letter, count = letters.answered(conn, number, ["unknown@x.example", "copy-of-kettle@desk.example"])
        assert letter is not None
        assert (letter.author, letter.text, letter.spool, count) == (CARL, "kettle", first, 3)
        newest, _ = letters.answered(conn, number, [])
        assert newest is not None
        assert newest.text == "toaster"
        named, _ = letters.answered(conn, number, (), "kettle@example.net")
        assert named == letter
        assert letters.answered(conn, number, (), "no@example.net") == (None, 3)
        assert letters.answered(conn, 99, []) == (None, 0)
        assert [found.text for found in letters.newest(conn, number, 2)] == ["kettle", "toaster"]


def test_a_moved_message_is_on_the_new_case_and_found_there(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn)
    heard(db, number, CARL, "kettle")
    with db.read() as conn:
        letter, _ = letters.answered(conn, number, [])
        new = cases.next_number(conn)
    assert letter is not None
    decision = opening(new, MessageMoved(number, new, letter.id), CasesLinked(new, number, "split"), requester=CARL)
    with db.write() as conn:
        apply(conn, decision)
    with db.read() as conn:
        assert [m["text"] for m in show_case(conn, new)["messages"]][:1] == ["kettle"]
        assert "kettle" not in [m["text"] for m in show_case(conn, number)["messages"]]
        assert search.search(conn, "kettle") == [new]
        assert [f.case for f in cases.by_message_ids(conn, ["kettle@example.net"])] == [new]
        assert letters.split_off(conn, number, "CARL@example.net") == new
        assert letters.split_off(conn, number, ANNA.address) is None
        assert letters.split_off(conn, new, CARL.address) is None
        events = [line["event"] for line in show_case(conn, number)["history"]]
        assert "message-moved" in events


def test_the_row_of_another_case_is_not_moved(db: Database) -> None:
    with db.write() as conn:
        number, other = one_case(conn), one_case(conn, "lamp")
    with db.read() as conn:
        letter, _ = letters.answered(conn, other, [])
    assert letter is not None
    with db.write() as conn:
        apply(conn, Decision("x", Outcome("note", number), BOB, (MessageMoved(number, other, letter.id),)))
    with db.read() as conn:
        assert letters.answered(conn, other, [])[1] == 1
        assert letters.answered(conn, number, [])[1] == 1


def test_L3_worked_on(db: Database) -> None:
    with db.write() as conn:
        did, has, neither = (one_case(conn, text) for text in ("did", "has", "neither"))
        apply(conn, Decision("x", Outcome("note", did), BOB, (FieldChanged(did, "priority", "normal", "high"),)))
        given = Decision("x", Outcome("note", has), Actor("operator"), (FieldChanged(has, "assignee", "", "Bob"),))
        apply(conn, given)
    with db.read() as conn:
        assert letters.worked_on(conn, [did, has, neither], "bob") == {did, has}
        assert letters.worked_on(conn, [did, has, neither], "sue") == set()
        assert letters.worked_on(conn, [], "bob") == set()
