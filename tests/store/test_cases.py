"""Cases: what a decision writes is what is read back, and nobody writes on what they did not see."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from mailcase.core.decision import (
    SYSTEM,
    BounceRecorded,
    CaseOpened,
    CasesLinked,
    CaseView,
    Deadline,
    Decision,
    Event,
    FieldChanged,
    MessageFiled,
    Outcome,
    Participant,
    ParticipantsChanged,
    Recorded,
    StatusChanged,
    TagsChanged,
)
from mailcase.core.message import Address
from mailcase.core.policy import StatusKind
from mailcase.store import cases, correspondents, outbox, record, spool
from mailcase.store.correspondents import Correspondent
from mailcase.store.engine import Database
from mailcase.store.errors import LeaseLost, Moved
from tests.store.story import ANNA, CUSTOMER, NOW, answering, apply, incoming, one_case, opening, outgoing

OTTO = Address("Otto", "otto@example.org")


def a_case(db: Database, text: str = "printer", **values: object) -> int:
    with db.write() as conn:
        return one_case(conn, text, **values)


def happened(db: Database, *events: Event, **given: object) -> CaseView:
    """The case as it stands after these events."""
    with db.write() as conn:
        apply(conn, Decision("test", Outcome("note"), SYSTEM, events), **given)  # type: ignore[arg-type]
    return the(db, events[0].case)


def the(db: Database, number: int) -> CaseView:
    with db.read() as conn:
        case = cases.by_number(conn, number)
    assert case is not None
    return case


def closing(number: int) -> StatusChanged:
    return StatusChanged(number, "new", "closed", StatusKind.CLOSED, "solved")


# ---- what is written is what is read ---------------------------------------------------------------------------------


def test_an_opened_case_reads_as_it_was_decided(db: Database) -> None:
    people = (Participant(OTTO, "cc"),)
    number = a_case(db, language="de", priority="high", tags=("printer", "a"), participants=people)
    case = the(db, number)
    assert (case.number, case.subject, case.requester, case.language) == (1001, "Broken printer", ANNA, "de")
    assert (case.status, case.kind, case.priority, case.tags) == ("new", StatusKind.NEW, "high", ("a", "printer"))
    assert (case.participants, case.thread) == (people, ("m1001@example.com",))
    assert (case.created_at, case.updated_at, case.version) == (NOW, NOW, 1)
    with db.read() as conn:
        assert cases.next_number(conn) == number + 1
        known = correspondents.look_up(conn, ["ANNA@example.com", "otto@example.org", "anna@example.com"], NOW)
    assert known == {"anna@example.com": Correspondent("de"), "otto@example.org": Correspondent()}


def test_an_answer_moves_the_case_and_its_mail_is_ours(db: Database) -> None:
    number = a_case(db)
    with db.write() as conn:
        apply(conn, answering(number), mails=(outgoing(number, "answer:1", automatic=False),))
        outbox.add(conn, [outgoing(number, "notify:1")], NOW)
    case = the(db, number)
    assert (case.status, case.kind, case.answered, case.version) == ("pending", StatusKind.PENDING, True, 2)
    wanted = ["answer:1@desk.example", "notify:1@desk.example", "m1001@example.com", "unknown@example.com", ""]
    with db.read() as conn:
        found = cases.by_message_ids(conn, wanted)
        shown = cases.show_case(conn, number)
        known = correspondents.look_up(conn, ["Anna@example.com", "x\0\ud800"], NOW)
    assert [one.answered for one in known.values()] == [True, False]
    assert {(f.message_id, f.case, f.ours) for f in found} == {
        ("answer:1@desk.example", number, True), ("notify:1@desk.example", number, True),
        ("m1001@example.com", number, False),
    }  # fmt: skip
    events = ["case-opened", "message-received", "message-sent", "status-changed"]
    assert [h["event"] for h in shown["history"]] == events
    assert [m["direction"] for m in shown["messages"]] == ["incoming", "outgoing"]


def test_the_mail_an_answer_came_in_is_found_too(db: Database) -> None:
    """The customer was in To of the agent's mail and answers that one, not ours."""
    number = a_case(db)
    with db.write() as conn:
        (accepted,) = spool.add(conn, [incoming("answer of bob")])
        change = record.Change(answering(number), [outgoing(number, "answer:1")], {number: 1}, accepted.id, "bob@home")
        assert record.record_many(conn, [change], NOW) == []
        assert [(f.case, f.ours) for f in cases.by_message_ids(conn, ["bob@home"])] == [(number, False)]


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (FieldChanged(1001, "assignee", "", "bob"), {"assignee": "bob"}),
        (FieldChanged(1001, "priority", "normal", "urgent"), {"priority": "urgent"}),
        (FieldChanged(1001, "subject", "", "Scanner"), {"subject": "Scanner"}),
        (FieldChanged(1001, "language", "", "cs"), {"language": "cs"}),
        (FieldChanged(1001, "requester", "", "Otto <otto@example.org>"), {"requester": OTTO}),
        (FieldChanged(1001, "requester", "", "x@example.org"), {"requester": Address("", "x@example.org")}),
        (FieldChanged(1001, "answered", "False", "True"), {"answered": True}),
        (FieldChanged(1001, "merged_into", "", "1002"), {"merged_into": 1002}),
        (TagsChanged(1001, ("b", "c"), ("a",)), {"tags": ("b", "c")}),
        (ParticipantsChanged(1001, (Participant(OTTO, "to"),)), {"participants": (Participant(OTTO, "to"),)}),
        (StatusChanged(1001, "new", "postponed", StatusKind.POSTPONED, "", NOW),
         {"status": "postponed", "kind": StatusKind.POSTPONED, "until": NOW}),
        (closing(1001), {"status": "closed", "kind": StatusKind.CLOSED, "resolution": "solved"}),
        (Recorded(1001, "reminder-sent", "first"), {"attempts": 1}),
        (Recorded(1001, "mail-suppressed", "limit"), {}),
    ],
    ids=lambda value: getattr(value, "field", type(value).__name__) if isinstance(value, Event) else "",
)  # fmt: skip
def test_each_event_changes_its_columns_and_no_others(db: Database, event: Event, changed: dict[str, object]) -> None:
    number = a_case(db, tags=("a",))
    a_case(db, "another")
    before = the(db, number)
    after = happened(db, event, now=NOW + timedelta(hours=1))
    names = {name for name in CaseView.__dataclass_fields__ if getattr(before, name) != getattr(after, name)}
    assert {name: getattr(after, name) for name in names - {"version", "updated_at"}} == changed
    assert (after.version, after.updated_at) == (before.version + 1, NOW + timedelta(hours=1))
    with db.read() as conn:
        assert len(cases.history(conn, number)) == 3


def test_a_new_requester_stops_being_a_participant(db: Database) -> None:
    people = (Participant(OTTO, "cc"), Participant(Address("", "office@example.com"), "reply-to"))
    number = a_case(db, participants=people)
    assert happened(db, FieldChanged(number, "requester", str(ANNA), str(OTTO))).participants == ()


def test_a_role_changes_and_people_go(db: Database) -> None:
    number = a_case(db, participants=(Participant(OTTO, "unverified"),))
    assert happened(db, ParticipantsChanged(number, (Participant(OTTO, "cc"),))).participants[0].role == "cc"
    assert happened(db, ParticipantsChanged(number, (), (Address("", "OTTO@example.org"),))).participants == ()


def test_reminders_count_until_a_person_writes(db: Database) -> None:
    number = a_case(db)
    happened(db, Recorded(number, "reminder-sent"))
    assert happened(db, Recorded(number, "reminder-sent")).attempts == 2
    vacation = MessageFiled(number, "incoming", ANNA, automatic=True)
    assert happened(db, vacation).attempts == 2
    assert happened(db, MessageFiled(number, "incoming", ANNA)).attempts == 0


def test_links_stand_on_both_cases(db: Database) -> None:
    one, two = a_case(db), a_case(db, "another")
    happened(db, CasesLinked(one, two, "related"))
    with db.read() as conn:
        assert cases.show_case(conn, one)["links"] == [{"number": two, "relation": "related"}]
        assert cases.show_case(conn, two)["links"] == [{"number": one, "relation": "related"}]
    assert the(db, two).version == 2


def test_a_bounce_marks_the_mail_and_the_case(db: Database) -> None:
    number = a_case(db)
    with db.write() as conn:
        outbox.add(conn, [outgoing(number, "ack:1")], NOW)
    happened(db, BounceRecorded(number, "ack:1@desk.example", "anna@example.com", True, "5.1.1", "no such user"))
    with db.read() as conn:
        assert outbox.items(conn)[0].state == "failed"
        assert cases.history(conn, number)[-1].event == "mail-bounced"


def test_deadlines_are_replaced_as_a_whole(db: Database) -> None:
    number = a_case(db)
    new = tuple(Deadline(number, "remind_customer", NOW + timedelta(days=d), d) for d in (1, 2))
    with db.write() as conn:
        apply(conn, Decision("test", Outcome("note"), events=(), deadlines={number: new}))
    with db.read() as conn:
        assert cases.upcoming(conn, NOW + timedelta(days=9)) == list(new)
        assert cases.due(conn, NOW + timedelta(days=1), 10) == [new[0]]
    with db.write() as conn:
        assert record.take_deadline(conn, new[0])
        assert not record.take_deadline(conn, new[0])
        record.postpone_deadline(conn, new[1], NOW + timedelta(days=5))
        assert [d.due_at for d in cases.upcoming(conn, NOW + timedelta(days=9))] == [NOW + timedelta(days=5)]
        apply(conn, Decision("test", Outcome("note"), events=(), deadlines={number: ()}))
        assert cases.upcoming(conn, NOW + timedelta(days=9)) == []


def test_a_long_thread_keeps_its_newest_ids(db: Database) -> None:
    number = a_case(db)
    mails = [MessageFiled(number, "incoming", ANNA, message_id=f"{n}@example.com") for n in range(150)]
    case = happened(db, *mails)
    assert len(case.thread) == cases.THREAD_LENGTH
    assert case.thread[-1] == "149@example.com"


def test_why_names_evidence_and_rule_also_of_ignored_mail(db: Database) -> None:
    number = a_case(db)
    with db.write() as conn:
        (accepted,) = spool.add(conn, [incoming("vacation")])
        spool.finish(conn, accepted.id, Outcome("ignored", None, "about nothing of ours"), "vacation", NOW,
                     message_id="v@example.com")  # fmt: skip
    with db.read() as conn:
        (line,) = cases.why(conn, "<m1001@example.com>")
        (ignored,) = cases.why(conn, "v@example.com")
        assert cases.why(conn, "unknown@example.com") == []
        assert cases.why(conn, "") == []
    assert (line["case"], line["rule"], line["evidence"], line["verified"]) == (number, "customer-new", "none", True)
    assert (ignored["case"], ignored["outcome"], ignored["reason"]) == (None, "ignored", "about nothing of ours")


# ---- merges and follow-ups -------------------------------------------------------------------------------------------


def test_merges_are_followed_and_never_for_ever(db: Database) -> None:
    one, two, three = (a_case(db, text) for text in "abc")
    happened(db, FieldChanged(one, "merged_into", "", str(two)))
    happened(db, FieldChanged(two, "merged_into", "", str(three)))
    with db.read() as conn:
        assert [cases.final_number(conn, n) for n in (one, two, three)] == [three] * 3
        assert cases.final_number(conn, 4711) == 4711
    happened(db, FieldChanged(three, "merged_into", "", str(one)))
    with db.read() as conn:
        assert cases.final_number(conn, one) in (one, two, three)


def test_the_chain_of_follow_ups(db: Database) -> None:
    first = a_case(db)
    happened(db, closing(first))
    with db.read() as conn:
        assert cases.active_follow_up(conn, first) is None
    second = a_case(db, "again", follow_up_of=first)
    happened(db, closing(second))
    third = a_case(db, "and again", follow_up_of=second)
    with db.read() as conn:
        assert [cases.active_follow_up(conn, n) for n in (first, second, third)] == [third, third, None]
        assert cases.chain(conn, second) == [first, second, third]
        assert cases.chain(conn, third) == [first, second, third]
    assert the(db, first).follow_ups == (second,)
    other = a_case(db, "elsewhere")
    happened(db, FieldChanged(third, "merged_into", "", str(other)), closing(third))
    with db.read() as conn:
        assert cases.active_follow_up(conn, first) == other


def test_the_last_lines_of_several_histories_come_together(db: Database) -> None:
    numbers = [a_case(db, "one"), a_case(db, "two")]
    for word in ("one", "two", "three"):
        happened(db, Recorded(numbers[0], word))
    with db.read() as conn:
        found = cases.histories(conn, [*numbers, 1], 3)
        assert cases.history(conn, numbers[0], 100) == cases.history(conn, numbers[0])
    events = {number: [line.event for line in lines] for number, lines in found.items()}
    opened = ["case-opened", "message-received"]
    assert events == {numbers[0]: ["one", "two", "three"], numbers[1]: opened, 1: []}


# ---- nobody writes on what they did not see --------------------------------------------------------------------------


def test_an_old_version_is_refused_and_leaves_nothing(db: Database) -> None:
    number = a_case(db)
    happened(db, Recorded(number, "first"))
    with pytest.raises(Moved), db.write() as conn:
        apply(conn, answering(number), mails=(outgoing(number, "late"),), versions={number: 1})
    with db.read() as conn:
        assert [line.event for line in cases.history(conn, number)][2:] == ["first"]
        assert outbox.items(conn) == []


def test_a_taken_number_is_refused(db: Database) -> None:
    with db.write() as conn:
        first = cases.next_number(conn)
    a_case(db)
    with pytest.raises(Moved), db.write() as conn:
        apply(conn, opening(first))
    with pytest.raises(Moved), db.write() as conn:
        apply(conn, opening(first + 2))
    with pytest.raises(Moved), db.write() as conn:
        apply(conn, opening(first + 1), first_number=first)
    with db.write() as conn:
        apply(conn, opening(first + 1), first_number=first + 1)


def test_a_batch_leaves_out_what_has_moved(db: Database) -> None:
    old = a_case(db)
    happened(db, Recorded(old, "moved on"))
    with db.write() as conn:
        first = cases.next_number(conn)
        ids = [a.id for a in spool.add(conn, [incoming(f"mail {n}") for n in range(5)])]
        changes = [
            record.Change(opening(first), [outgoing(first, "ack:a")], {}, ids[0], "a@example.com"),
            record.Change(answering(old), [outgoing(old, "answer:old")], {old: 1}, ids[1]),
            record.Change(opening(first + 1), [outgoing(first + 1, "ack:b")], {}, ids[2]),
            record.Change(answering(first), [outgoing(first, "answer:new")], {first: 1}, ids[3]),
            record.Change(opening(first + 5), [], {}, ids[4]),
        ]
        assert record.record_many(conn, changes, NOW) == [1, 3, 4]
    with db.read() as conn:
        assert spool.waiting(conn) == 3
        assert [item.case for item in outbox.items(conn)] == [first, first + 1]
        assert cases.next_number(conn) == first + 2
        assert spool.get(conn, ids[2]).case == first + 1


def test_a_batch_is_all_or_nothing_when_a_mail_is_somebody_elses(db: Database) -> None:
    with db.write() as conn:
        first = cases.next_number(conn)
        (accepted,) = spool.add(conn, [incoming("mail")])
        spool.finish(conn, accepted.id, Outcome("ignored"), "test", NOW)
    with pytest.raises(LeaseLost), db.write() as conn:
        record.record_many(conn, [record.Change(opening(first), [outgoing(first, "ack")], {}, accepted.id)], NOW)
    with db.read() as conn:
        assert cases.by_number(conn, first) is None
        assert cases.next_number(conn) == first
        assert outbox.items(conn) == []


def test_a_batch_holds_and_releases(db: Database) -> None:
    number = a_case(db)
    with db.write() as conn:
        held, confirming = (a.id for a in spool.add(conn, [incoming("command"), incoming("yes, it was me")]))
        hold = Decision("hold", Outcome("note", number), CUSTOMER, (Recorded(number, "held"),), hold="no proof")
        record.record_many(conn, [record.Change(hold, [], {}, held)], NOW)
        assert spool.is_held(conn, held)
        release = Decision("release", Outcome("note", number), CUSTOMER, (Recorded(number, "ok"),), release=held)
        record.record_many(conn, [record.Change(release, [], {}, confirming, confirmed_by="bob")], NOW)
        (mail,) = spool.read(conn, [held])
    assert mail.confirmed_by == "bob"


def test_of_parallel_replies_to_a_closed_case_one_opens_the_follow_up(db: Database) -> None:
    """Attack C4: the others read again, and join it."""
    number = a_case(db)
    happened(db, closing(number))
    threads = [threading.Thread(target=_reply, args=(db, number, n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with db.read() as conn:
        assert len(cases.chain(conn, number)) == 2
        assert len(cases.show_case(conn, cases.chain(conn, number)[1])["messages"]) == 8


def _reply(db: Database, closed: int, n: int) -> None:
    while True:
        with db.read() as conn:
            old, new = cases.by_number(conn, closed), cases.next_number(conn)
            follow_up = cases.active_follow_up(conn, closed)
            versions = {c.number: c.version for c in cases.by_numbers(conn, (closed, follow_up or 0))}
        assert old is not None
        message = MessageFiled(follow_up or new, "incoming", ANNA, text=f"still broken {n}")
        opened = CaseOpened(new, "support", old.subject, ANNA, "new", StatusKind.NEW, follow_up_of=closed)
        events = (message,) if follow_up else (opened, message)
        try:
            with db.write() as conn:
                decision = Decision("reply", Outcome("case"), CUSTOMER, events)
                record.record(conn, decision, now=NOW, spool_id=None, sent={}, versions=versions)
            return
        except Moved:
            continue


def test_foreign_text_of_every_kind_is_kept_and_equal_on_both(db: Database) -> None:
    """Attack S24, F16: NUL and lone surrogates in every field."""
    nasty = "a\0b\ud800c\udfff \u202e𝒳é"
    number = a_case(db, requester=Address(nasty, f"{nasty}@example.com"), subject=nasty, tags=(nasty,),
                    participants=(Participant(Address(nasty, f"p{nasty}@example.com"), nasty),))  # fmt: skip
    who, files = Address(nasty, nasty), ({"filename": nasty, nasty: [nasty]},)
    filed = MessageFiled(number, "incoming", who, nasty, nasty, nasty, nasty, (who,), message_id=nasty, evidence=nasty,
                         attachments=files)  # fmt: skip
    happened(db, filed, Recorded(number, nasty, nasty, {nasty: {"deep": [nasty]}}))
    with db.write() as conn:
        outbox.add(conn, [outgoing(number, nasty, to=nasty, subject=nasty, recipients=(nasty,), hold=nasty)], NOW)
        shown = cases.show_case(conn, number)
        (found,) = cases.by_message_ids(conn, [nasty])
    clean = "ab\ufffdc\ufffd \u202e𝒳é"
    message = shown["messages"][-1]
    assert (shown["subject"], message["text"], message["html"], message["evidence"]) == (clean,) * 4
    assert message["attachments"] == [{"filename": clean, clean: [clean]}]
    assert shown["history"][-1]["data"] == {clean: {"deep": [clean]}}
    assert (found.case, found.message_id) == (number, clean)
