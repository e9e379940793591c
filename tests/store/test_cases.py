"""Cases: what a decision writes is what is read back, and nobody writes on what they did not see."""

from __future__ import annotations

from mailcase.core.decision import Participant
from mailcase.core.policy import StatusKind
from mailcase.store import cases
from mailcase.store.engine import Database
from tests.store.story import ANNA, NOW, answering, apply, one_case, outgoing


def test_an_opened_case_reads_as_it_was_decided(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn, language="de", priority="high", tags=("printer",), participants=(Participant(ANNA, "cc"),))
    with db.read() as conn:
        case = cases.by_number(conn, number)
        assert cases.next_number(conn) == number + 1
    assert case is not None
    assert (case.number, case.subject, case.requester, case.language) == (1001, "Broken printer", ANNA, "de")
    assert (case.status, case.kind, case.priority, case.tags) == ("new", StatusKind.NEW, "high", ("printer",))
    assert case.participants == (Participant(ANNA, "cc"),)
    assert case.thread == ("m1001@example.com",)
    assert (case.created_at, case.updated_at, case.version) == (NOW, NOW, 1)


def test_an_answer_moves_the_case_and_its_mail_is_ours(db: Database) -> None:
    with db.write() as conn:
        number = one_case(conn)
        apply(conn, answering(number), mails=(outgoing(number, "answer:1", automatic=False),))
    with db.read() as conn:
        case = cases.by_number(conn, number)
        found = cases.by_message_ids(conn, ["answer:1@desk.example", "m1001@example.com", "unknown@example.com"])
        shown = cases.show_case(conn, number)
    assert case is not None
    assert (case.status, case.answered, case.version) == ("pending", True, 2)
    assert {(f.message_id, f.case, f.ours) for f in found} == {
        ("answer:1@desk.example", number, True), ("m1001@example.com", number, False),
    }  # fmt: skip
    assert [h["event"] for h in shown["history"]] == [
        "case-opened", "message-received", "message-sent", "status-changed",
    ]  # fmt: skip
    assert [m["direction"] for m in shown["messages"]] == ["incoming", "outgoing"]
