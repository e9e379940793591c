"""Answers that go out later: ordered, taken back, and what becomes of them when their time comes (O6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailcase.core.context import Arrival
from mailcase.core.decision import AnswerScheduled, Decision
from mailcase.core.due_later import decide_later
from mailcase.core.message import Address, Attachment
from mailcase.core.policy import StatusKind as K
from tests.core.heart import BOB, NOW, POLICY, arrival, case, decided, desk, mailed, moved, named

BOBS = Address("Bob", BOB.address)
RECEIPT = ("command-result", "bob@staff.example")
IN_THREE_DAYS = NOW + timedelta(days=3)
WAITING = AnswerScheduled(1042, NOW, "bob", "Does it print again?")


def from_bob(text: str, **more: object) -> Arrival:
    return arrival(text, **{"on": case(), "agent": BOB, "sender": BOBS, "proof": "token", **more})


def scheduled(decision: Decision) -> AnswerScheduled:
    (event,) = named(decision.events, "AnswerScheduled")
    return event


@pytest.mark.parametrize(
    ("text", "unless"),
    [
        ("#later 3d\nDoes it print again?", False),
        ("#later 3d unless-answered\nDoes it print again?", True),
        ("#Later: 3d, unless answered\n\nDoes it print again?", True),
    ],
)
def test_the_text_waits_and_nothing_goes_to_the_customer(text: str, unless: bool) -> None:
    decision = decided(from_bob(text))
    assert scheduled(decision) == AnswerScheduled(1042, IN_THREE_DAYS, "bob", "Does it print again?", "", unless)
    assert mailed(decision) == [RECEIPT]
    assert moved(decision) is None


def test_a_template_can_wait_and_a_status_is_set_at_once() -> None:
    policy = replace(POLICY, answers=("survey",))
    decision = decided(from_bob("#later 3d\n#template survey\n#resolve"), policy=policy)
    assert (scheduled(decision).template, scheduled(decision).text) == ("survey", "")
    assert moved(decision) == ("open", "resolved")
    assert mailed(decision) == [("resolved", "anna@example.org"), RECEIPT]


@pytest.mark.parametrize(
    "text", ["#later 3d", "#later\nHello", "#later soon\nHello", "#later 2020-01-01\nHello", "#later 3d\n#note\nHello"]
)
def test_what_cannot_wait_is_refused(text: str) -> None:
    assert decided(from_bob(text)).rule == "command-refused"


def test_files_and_closed_cases_are_refused() -> None:
    files = {"attachments": (Attachment("manual.pdf", "application/pdf", 9, 0),)}
    assert decided(from_bob("#later 3d\nHello", mail_more=files)).rule == "command-refused"
    closed = decided(from_bob("#later 3d\nHello", on=case(kind=K.CLOSED)))
    assert (closed.rule, named(closed.events, "CaseOpened")) == ("command-refused", [])


def test_what_would_leak_is_held_when_it_is_ordered() -> None:
    assert decided(from_bob("#later 3d\nAsk bob@staff.example")).rule == "answer-held"


def test_it_can_be_taken_back() -> None:
    decision = decided(from_bob("#later cancel"))
    assert [type(e).__name__ for e in decision.events] == ["ScheduleCancelled"]
    assert mailed(decision) == [RECEIPT]


def test_when_its_time_has_come_it_goes_out_as_the_agents_answer() -> None:
    decision = decide_later(case(), 5, WAITING, desk())
    assert (decision.rule, str(decision.actor), moved(decision)) == (
        "scheduled-answer",
        "agent:bob",
        ("open", "pending"),
    )
    assert mailed(decision) == [("answer", "anna@example.org")]
    assert (decision.replies[0].text, decision.replies[0].reason_key) == (WAITING.text, "answer:later:5")
    assert named(decision.events, "MessageFiled")[0].direction == "outgoing"
    survey = decide_later(case(), 5, replace(WAITING, text="", template="survey"), desk())
    assert mailed(survey) == [("survey", "anna@example.org")]


def test_an_agent_who_has_left_is_still_its_author() -> None:
    decision = decide_later(case(), 5, replace(WAITING, agent="joe"), desk())
    assert mailed(decision) == [("answer", "anna@example.org")]
    assert str(decision.actor) == "agent:joe"


@pytest.mark.parametrize("what", [case(kind=K.CLOSED), case(requester=Address("", ""))])
def test_where_it_cannot_be_sent_the_agent_gets_it_back(what: object) -> None:
    decision = decide_later(what, 5, WAITING, desk())  # type: ignore[arg-type]
    assert mailed(decision) == [RECEIPT]
    assert decision.replies[0].values["your_text"] == WAITING.text
    assert [e.event for e in named(decision.events, "Recorded")] == ["scheduled-answer-cancelled"]
