"""Deadlines: when they come, what they do, and that they do nothing once the case has moved on (D1-D3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailcase.core.context import Counts
from mailcase.core.deadline import schedule
from mailcase.core.decision import Deadline
from mailcase.core.due import WHILE, decide_due
from mailcase.core.policy import Deadlines
from mailcase.core.policy import StatusKind as K
from tests.core.heart import NOW, POLICY, SUPPORT, case, desk, mailed, moved, named

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
def test_what_a_deadline_does(
    kind: str, on: K, move: tuple[str, str] | None, mails: list[tuple[str, str]]
) -> None:
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
