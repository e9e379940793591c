"""Lists and the case as JSON: in the shapes and orders that were promised (L1, L2, S2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import event

from mailcase.core.decision import SYSTEM, Decision, Event, FieldChanged, Outcome, Participant, StatusChanged
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind
from mailcase.store import cases, listing
from mailcase.store.cases import CaseFilter
from mailcase.store.engine import Database
from mailcase.store.errors import NoSuch
from tests.store.story import BOB, NOW, answering, apply, one_case, outgoing


def happened(db: Database, *events: Event, actor: object = SYSTEM) -> None:
    with db.write() as conn:
        decision = Decision("test", Outcome("note"), actor, events)  # type: ignore[arg-type]
        apply(conn, decision, now=NOW + timedelta(hours=1))


@pytest.fixture(scope="module")
def desk(shared_db: Database) -> Database:
    """Five cases: low new, high new, pending of bob, closed, postponed."""
    db = shared_db
    with db.write() as conn:
        for n, priority in enumerate(("low", "high", "normal", "urgent", "normal")):
            one_case(conn, f"mail {n}", priority=priority, subject=f"subject {'edcba'[n]}", tags=(f"t{n % 2}",),
                     requester=Address(f"Customer {n}", f"c{n}@example.com"))  # fmt: skip
        apply(conn, answering(1003), mails=(outgoing(1003, "a"),))
    happened(db, FieldChanged(1003, "assignee", "", "bob"))
    happened(db, StatusChanged(1004, "new", "closed", StatusKind.CLOSED, "spam"))
    happened(db, StatusChanged(1005, "new", "postponed", StatusKind.POSTPONED, "", NOW + timedelta(days=3)))
    return db


def numbers(db: Database, **wanted: object) -> list[int]:
    with db.read() as conn:
        return [case["number"] for case in cases.list_cases(conn, CaseFilter(**wanted))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "result"),
    [
        ({}, [1002, 1001, 1003, 1005, 1004]),
        ({"attention": True}, [1002, 1001]),
        ({"closed": False}, [1002, 1001, 1003, 1005]),
        ({"closed": True}, [1004]),
        ({"statuses": ("Pending", "closed")}, [1003, 1004]),
        ({"kinds": ("postponed",)}, [1005]),
        ({"assignee": "BOB"}, [1003]),
        ({"mine": "bob"}, [1003]),
        ({"worked_by": "bob"}, [1003]),
        ({"worked_by": "eve"}, []),
        ({"mailboxes": ("support",), "tag": "t0"}, [1001, 1003, 1005]),
        ({"mailboxes": ("sales",)}, []),
        ({"requester": "C2@example.com"}, [1003]),
        ({"sort": "number"}, [1001, 1002, 1003, 1004, 1005]),
        ({"sort": "subject"}, [1005, 1004, 1003, 1002, 1001]),
        ({"sort": "priority"}, [1004, 1002, 1003, 1005, 1001]),
        ({"sort": "date", "limit": 2}, [1001, 1002]),
        ({"recent": True, "limit": 3}, [1005, 1004, 1003]),
        ({"search": "customer"}, [1002, 1001, 1003, 1005, 1004]),
        ({"search": "customer", "closed": True}, [1004]),
        ({"search": "customer", "worked_by": "bob"}, [1003]),
        ({"search": "1003"}, [1003]),
        ({"search": "nobody knows this"}, []),
    ],
)
def test_cases_are_filtered_and_sorted(desk: Database, wanted: dict[str, object], result: list[int]) -> None:
    assert numbers(desk, **wanted) == result


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"attention": True},
        {"closed": False},
        {"statuses": ("open",)},
        {"recent": True},
        {"sort": "number"},
        {"mine": "bob", "closed": False},
    ],
)
def test_a_list_of_the_first_cases_reads_no_others(desk: Database, wanted: dict[str, object]) -> None:
    """An index has the order already: nothing is sorted, however many cases there are."""
    if desk.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by what is in the tables, and in these there is nothing")
    plans: list[str] = []

    def explain(conn: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "ORDER BY cases" in statement or "ORDER BY (CASE" in statement:
            raw = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[attr-defined]
            plans.append(" ".join(row[3] for row in raw))

    event.listen(desk.engine, "before_cursor_execute", explain)
    numbers(desk, limit=10, **wanted)
    event.remove(desk.engine, "before_cursor_execute", explain)
    (plan,) = plans
    assert "TEMP B-TREE" not in plan
    assert "INDEX" in plan or "SCAN cases" in plan


@pytest.mark.parametrize("few", [0, 1_000])
@pytest.mark.parametrize(("name", "recent"), [("bob", False), ("BOB", True), ("eve", True)])
def test_who_worked_on_many_cases_sees_the_same_as_who_worked_on_few(
    desk: Database, monkeypatch: pytest.MonkeyPatch, few: int, name: str, recent: bool
) -> None:
    monkeypatch.setattr(listing, "_FEW", few)
    assert numbers(desk, worked_by=name, recent=recent) == ([] if name == "eve" else [1003])


def test_an_unknown_order_says_which_there_are(desk: Database) -> None:
    with pytest.raises(NoSuch, match="use number, date, subject or priority"):
        numbers(desk, sort="colour")


def test_a_case_in_a_list_has_the_promised_shape(desk: Database) -> None:
    with desk.read() as conn:
        (case,) = cases.list_cases(conn, CaseFilter(search="1003"))
    promised = {
        "number": 1003, "subject": "subject c", "status": "pending", "resolution": "", "priority": "normal",
        "assignee": "bob", "mailbox": "support", "requester": {"name": "Customer 2", "address": "c2@example.com"},
        "language": "", "tags": ["t0"], "created_at": "2026-11-21T12:00:00Z", "updated_at": "2026-11-21T13:00:00Z",
        "follow_up_of": None, "follow_ups": [],
    }  # fmt: skip
    assert {key: case[key] for key in promised} == promised


def test_a_case_with_everything_on_it_has_the_promised_shape(db: Database) -> None:
    with db.write() as conn:
        first = one_case(conn)
        number = one_case(conn, "again", follow_up_of=first,
                          participants=(Participant(Address("Otto", "otto@example.org"), "cc"),))  # fmt: skip
        apply(conn, answering(number), mails=(outgoing(number, "answer"),))
        shown = json.loads(json.dumps(cases.show_case(conn, number)))
        before = cases.show_case(conn, first)
        with pytest.raises(NoSuch, match="there is no case 4711"):
            cases.show_case(conn, 4711)
    assert (shown["follow_up_of"], before["follow_ups"]) == (first, [number])
    assert shown["participants"] == [{"name": "Otto", "address": "otto@example.org", "role": "cc"}]
    incoming, outgoing_mail = shown["messages"]
    promised = {
        "message_id": f"m{number}@example.com", "direction": "incoming", "automatic": False, "verified": True,
        "author": "Anna Müller <anna@example.com>", "from": "anna@example.com", "to": ["help@desk.example"], "cc": [],
        "subject": "Broken printer", "at": "2026-11-21T12:00:00Z", "text": "It does not print any more.", "quoted": "",
        "html": "", "attachments": [], "evidence": "none",
    }  # fmt: skip
    assert {key: incoming[key] for key in promised} == promised
    assert outgoing_mail["message_id"] == "answer@desk.example"
    assert [(h["event"], h["actor"], h["from_status"], h["to_status"]) for h in shown["history"]] == [
        ("case-opened", "customer:anna@example.com", "", "new"),
        ("message-received", "customer:anna@example.com", "", ""),
        ("message-sent", str(BOB), "", ""),
        ("status-changed", str(BOB), "new", "pending"),
    ]
    assert before["history"][-1]["event"] == "follow-up-created"
