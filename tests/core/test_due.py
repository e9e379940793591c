"""Deadlines: when they come, what they do, and that they do nothing once the case has moved on (D1-D3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mailcase.core.change import Change
from mailcase.core.context import Counts
from mailcase.core.deadline import Since, schedule
from mailcase.core.decision import SYSTEM, CaseView, Deadline
from mailcase.core.due import WHILE, decide_due
from mailcase.core.policy import Deadlines, Hours, Mailbox, Policy
from mailcase.core.policy import StatusKind as K
from tests.core.heart import NOW, POLICY, SUPPORT, case, desk, mailed, moved, named

DAY = timedelta(days=1)
TO_ANNA = "anna@example.org"


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        (K.NEW, [("remind_agent", 8), ("escalate", 16)]),
        (K.OPEN, [("remind_agent", 8), ("escalate", 16)]),
        (K.PENDING, [("remind_customer", 72), ("remind_customer", 168), ("close_pending", 336)]),
        (K.POSTPONED, [("wake", 48)]),
        (K.RESOLVED, [("close_resolved", 120)]),
        (K.CLOSED, []),
    ],
)
def test_schedule(kind: K, steps: list[tuple[str, int]]) -> None:
    found = schedule(7, kind, SUPPORT.deadlines, NOW, NOW + timedelta(hours=48))
    assert [(d.kind, (d.due_at - NOW) / timedelta(hours=1)) for d in found] == steps


def test_steps_that_are_not_configured_are_not_taken() -> None:
    for kind in K:
        assert [d.kind for d in schedule(7, kind, Deadlines(), NOW, None)] == []


@pytest.mark.parametrize(
    ("kind", "on", "move", "mails"),
    [
        ("remind_customer", K.PENDING, None, [("reminder", TO_ANNA)]),
        ("close_pending", K.PENDING, ("pending", "closed"), [("no-response", TO_ANNA)]),
        ("close_resolved", K.RESOLVED, ("resolved", "closed"), [("closed", TO_ANNA)]),
        ("remind_agent", K.OPEN, None, [("agent-reminder", "bob@staff.example"), ("agent-reminder", "sue@staff.example")]),
        ("escalate", K.NEW, None, [("escalation", "sue@staff.example")]),
        ("wake", K.POSTPONED, ("postponed", "open"), [("agent-reminder", "bob@staff.example"), ("agent-reminder", "sue@staff.example")]),
    ],
)  # fmt: skip
def test_what_a_deadline_does(kind: str, on: K, move: tuple[str, str] | None, mails: list[tuple[str, str]]) -> None:
    decision = decide_due(case(kind=on), Deadline(1042, kind, NOW), desk())
    assert (moved(decision), mailed(decision)) == (move, mails)


@pytest.mark.parametrize("kind", list(WHILE))
def test_nothing_happens_when_the_case_has_moved_on(kind: str) -> None:
    for on in set(K) - set(WHILE[kind]):
        decision = decide_due(case(kind=on), Deadline(1042, kind, NOW), desk())
        assert (decision.events, decision.replies) == ((), ())


def test_who_is_responsible_is_reminded_alone() -> None:
    decision = decide_due(case(assignee="bob"), Deadline(1042, "remind_agent", NOW), desk())
    assert mailed(decision) == [("agent-reminder", "bob@staff.example")]


def test_each_reminder_has_a_reason_of_its_own_and_is_counted() -> None:
    reasons = set()
    for step in (0, 1):
        decision = decide_due(case(kind=K.PENDING, attempts=step), Deadline(1042, "remind_customer", NOW, step), desk())
        reasons.add(decision.replies[0].reason_key)
        assert decision.replies[0].values["attempt"] == step + 1
        assert named(decision.events, "Recorded")[0].event == "reminder-sent"
    assert len(reasons) == 2


def test_a_limit_silences_the_mail_and_not_the_closing() -> None:
    full = replace(desk(), counts=Counts(address_day=POLICY.automatic.address_day))
    decision = decide_due(case(kind=K.PENDING), Deadline(1042, "close_pending", NOW), full)
    assert (moved(decision), mailed(decision)) == (("pending", "closed"), [])
    assert "mail-suppressed" in {e.event for e in named(decision.events, "Recorded")}


def test_a_case_that_never_was_answered_wakes_as_new() -> None:
    decision = decide_due(case(kind=K.POSTPONED, answered=False), Deadline(1042, "wake", NOW), desk())
    assert moved(decision) == ("postponed", "new")


# ---- business hours, targets, priorities -----------------------------------------------------------------------------

HOUR = timedelta(hours=1)
OFFICE = Hours("Europe/Berlin", (*(((540, 1020),),) * 5, (), ()))
TARGETS = replace(SUPPORT.deadlines, first_response=4 * HOUR, resolution=24 * HOUR)


def with_ladder(ladder: Deadlines, hours: Hours | None = None) -> Policy:
    return replace(POLICY, mailboxes=(replace(SUPPORT, deadlines=ladder, hours=hours),))


def due(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def test_what_agents_do_counts_in_business_time_and_what_customers_do_does_not() -> None:
    friday = due("2026-11-20 14:00")  # 15:00 in Berlin: two hours of the day are left
    work = {d.kind: d.due_at for d in schedule(7, K.OPEN, TARGETS, friday, None, OFFICE)}
    assert work == {
        "first_response": due("2026-11-23 10:00"), "remind_agent": due("2026-11-23 14:00"),
        "escalate": due("2026-11-24 14:00"), "resolution": due("2026-11-25 14:00"),
    }  # fmt: skip
    wait = [d.due_at - friday for d in schedule(7, K.PENDING, SUPPORT.deadlines, friday, None, OFFICE)]
    assert wait == [timedelta(days=n) for n in (3, 7, 14)]


def test_targets_count_from_the_opening_and_end_when_they_are_reached() -> None:
    def kinds(kind: K, since: Since) -> list[str]:
        return [
            d.kind
            for d in schedule(7, kind, replace(TARGETS, remind_agent=None, escalate=None), NOW, None, None, since)
        ]

    hour_ago = Since(NOW - HOUR)
    assert kinds(K.OPEN, hour_ago) == ["first_response", "resolution"]
    assert kinds(K.OPEN, replace(hour_ago, answered=True)) == ["resolution"]
    assert "first_response" not in kinds(K.PENDING, replace(hour_ago, answered=True))
    assert kinds(K.RESOLVED, hour_ago) == ["close_resolved"]
    assert kinds(K.CLOSED, hour_ago) == []
    assert kinds(K.OPEN, Since(NOW - 30 * HOUR)) == []


@pytest.mark.parametrize("kind", ["first_response", "resolution"])
def test_a_missed_target_goes_to_the_supervisors(kind: str) -> None:
    decision = decide_due(case(answered=False), Deadline(1042, kind, NOW), desk(policy=with_ladder(TARGETS)))
    assert mailed(decision) == [("escalation", "sue@staff.example")]
    assert decision.replies[0].values["why"] == kind
    assert named(decision.events, "Recorded")[0].event == "target-missed"
    assert moved(decision) is None


def test_a_first_response_that_was_given_is_not_missed() -> None:
    decision = decide_due(case(answered=True), Deadline(1042, "first_response", NOW), desk())
    assert (decision.rule, decision.events, decision.replies) == ("deadline-first_response-void", (), ())


@pytest.mark.parametrize("kind", ["escalate", "first_response", "resolution"])
def test_escalation_can_reassign(kind: str) -> None:
    policy = with_ladder(replace(TARGETS, escalate_to="bob"))
    decision = decide_due(case(assignee="sue", answered=False), Deadline(1042, kind, NOW), desk(policy=policy))
    assert mailed(decision) == [("escalation", "bob@staff.example")]
    changed = named(decision.events, "FieldChanged")[0]
    assert (changed.field, changed.before, changed.after) == ("assignee", "sue", "bob")
    assert (
        decide_due(case(assignee="bob"), Deadline(1042, "escalate", NOW), desk(policy=policy)).events[0].event
        == "escalated"
    )


def test_a_priority_may_have_a_ladder_of_its_own() -> None:
    urgent = replace(TARGETS, remind_agent=HOUR, escalate=2 * HOUR)
    mailbox = replace(SUPPORT, deadlines=replace(TARGETS, by_priority={"urgent": urgent}))

    def after(what: CaseView, to: str) -> list[tuple[str, timedelta]]:
        change = Change(replace(POLICY, mailboxes=(mailbox,)), NOW, SYSTEM, what)
        change.set_field("priority", to)
        return [(d.kind, d.due_at - NOW) for d in change.deadlines.get(1042, ())]

    opened = {"created_at": NOW, "answered": True}
    assert after(case(**opened), "urgent") == [
        ("remind_agent", HOUR),
        ("escalate", 2 * HOUR),
        ("resolution", 24 * HOUR),
    ]
    assert after(case(**opened), "high") == []
    assert after(case(kind=K.PENDING, **opened), "urgent") == []
    assert ("remind_agent", 8 * HOUR) in after(case(priority="urgent", **opened), "low")


def test_a_mailbox_without_hours_is_always_there() -> None:
    assert Mailbox("a", "a@example.com").hours is None


# ---- after a long stop -----------------------------------------------------------------------------------------------


def test_a_reminder_that_is_late_moves_what_follows_it() -> None:
    decision = decide_due(case(kind=K.PENDING), Deadline(1042, "remind_customer", NOW - 5 * DAY, 0), desk())
    assert [(d.kind, d.step, d.due_at - NOW) for d in decision.deadlines[1042]] == [
        ("remind_customer", 1, 4 * DAY), ("close_pending", 0, 11 * DAY),
    ]  # fmt: skip


@pytest.mark.parametrize(("late", "step"), [(timedelta(minutes=59), 0), (5 * DAY, 2)])
def test_nothing_moves_when_it_is_in_time_or_the_ladder_has_become_shorter(late: timedelta, step: int) -> None:
    decision = decide_due(case(kind=K.PENDING), Deadline(1042, "remind_customer", NOW - late, step), desk())
    assert decision.deadlines == {}


def test_a_target_is_not_moved_with_the_reminders_and_not_lost() -> None:
    opened = replace(case(kind=K.PENDING), created_at=NOW - 20 * DAY)
    ladder = replace(SUPPORT.deadlines, resolution=18 * DAY)
    decision = decide_due(opened, Deadline(1042, "remind_customer", NOW - 5 * DAY, 0), desk(policy=with_ladder(ladder)))
    assert {d.kind: d.due_at - NOW for d in decision.deadlines[1042] if d.kind == "resolution"} == {
        "resolution": -2 * DAY
    }
