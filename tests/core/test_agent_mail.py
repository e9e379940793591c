"""Agents by mail: answers, commands, refusals, proof (A1-A3, A5, A7, O2, F6)."""

from __future__ import annotations

import pytest

from mailcase.core.context import Arrival
from mailcase.core.decision import Decision
from mailcase.core.message import Address, Attachment, Forwarded
from mailcase.core.policy import StatusKind as K
from tests.core.heart import ANNA, BOB, arrival, case, decided, mailed, moved, named, participant

BOBS = Address("Bob", BOB.address)
RECEIPT = ("command-result", "bob@staff.example")


def from_bob(text: str, kind: K = K.OPEN, proof: str = "token", **more: object) -> Arrival:
    more = {"on": case(kind=kind), "agent": BOB, "sender": BOBS, **more}
    return arrival(text, proof=proof, **more)


def refused(decision: Decision) -> list[str]:
    """The problems that the agent was told; nothing else happened."""
    assert decision.rule == "command-refused"
    assert mailed(decision) == [RECEIPT]
    assert [type(e).__name__ for e in decision.events] in (["Recorded"], [])
    return list(decision.replies[0].values["problems"])


@pytest.mark.parametrize(
    ("kind", "move"),
    [(K.NEW, ("new", "pending")), (K.OPEN, ("open", "pending")), (K.PENDING, None),
     (K.POSTPONED, ("postponed", "pending")), (K.RESOLVED, None)],
)  # fmt: skip
def test_an_answer_is_relayed_and_moves_the_case(kind: K, move: tuple[str, str] | None) -> None:
    decision = decided(from_bob("Please restart it.\n", kind))
    assert (decision.rule, moved(decision)) == ("agent-answers", move)
    assert mailed(decision) == [("answer", "anna@example.org")]
    reply = decision.replies[0]
    assert (reply.text, reply.automatic, reply.subject) == ("Please restart it.", False, "Re: [Case #1042] Printer")
    assert reply.in_reply_to == "answer@example.com"
    assert str(decision.actor) == "agent:bob"


def test_participants_get_the_answer_agents_and_the_unverified_do_not() -> None:
    people = (participant("carl@example.org"), participant("x@evil.example", "unverified"), participant(BOB.address),
              participant("support@example.com", "to"))  # fmt: skip
    decision = decided(from_bob("Hello", on=case(participants=people)))
    assert mailed(decision) == [("answer", "anna@example.org carl@example.org")]


def test_a_reply_to_of_the_customer_is_honoured() -> None:
    decision = decided(from_bob("Hello", on=case(participants=(participant("forms@example.org", "reply-to"),))))
    assert mailed(decision) == [("answer", "forms@example.org")]


def test_O2_a_customer_who_has_it_already_does_not_get_it_twice() -> None:
    decision = decided(from_bob("Hello", mail_more={"cc": (ANNA,)}))
    assert mailed(decision) == []
    assert named(decision.events, "MessageFiled")[0].direction == "outgoing"
    assert moved(decision) == ("open", "pending")


@pytest.mark.parametrize(
    ("text", "move", "mails"),
    [
        ("#status pending", ("open", "pending"), [RECEIPT]),
        ("#Status: Pending", ("open", "pending"), [RECEIPT]),
        ("\n\n#resolve", ("open", "resolved"), [("resolved", "anna@example.org"), RECEIPT]),
        ("#resolve\n#quiet", ("open", "resolved"), [RECEIPT]),
        ("#close", ("open", "closed"), [("closed", "anna@example.org"), RECEIPT]),
        ("#close duplicate", ("open", "closed"), [RECEIPT]),
        ("#spam", ("open", "closed"), [RECEIPT]),
        ("#spam\nbuy now", ("open", "closed"), [RECEIPT]),
        ("#postpone 3d", ("open", "postponed"), [RECEIPT]),
        ("#postpone 2026-12-24", ("open", "postponed"), [RECEIPT]),
        ("#resolve\nDone.", ("open", "resolved"), [("answer", "anna@example.org"), RECEIPT]),
        ("#status open\nStill looking.", None, [("answer", "anna@example.org"), RECEIPT]),
        ("#note call first", None, [RECEIPT]),
        ("#note\ncall first\n#resolve", None, [RECEIPT]),
        ("#take", None, [RECEIPT]),
        ("#assign sue", None, [RECEIPT]),
        ("#priority high", None, [RECEIPT]),
        ("#tag invoice -draft", None, [RECEIPT]),
        ("#cc +carl@example.org", None, [RECEIPT]),
        ("#requester carl@example.org", None, [RECEIPT]),
        ('#requester "Berg, Carl" <carl@example.org>', None, [RECEIPT]),
        ("#requester carl@example.org <mailto:carl@example.org>", None, [RECEIPT]),
        ("#cc +carl@example.org<mailto:carl@example.org> -dana@example.org [mailto:dana@example.org]", None, [RECEIPT]),
        ("#help", None, [RECEIPT]),
        ("# resolve", ("open", "resolved"), [("resolved", "anna@example.org"), RECEIPT]),
    ],
)
def test_commands(text: str, move: tuple[str, str] | None, mails: list[tuple[str, str]]) -> None:
    decision = decided(from_bob(text))
    assert (moved(decision), mailed(decision)) == (move, mails)


@pytest.mark.parametrize(
    "text", ["Hello\n #1 resolve", "1. #close", "# Heading with a space\ntext", "#1042 is the number"]
)
def test_what_is_no_command_is_relayed_as_it_is(text: str) -> None:
    decision = decided(from_bob(text))
    assert [kind for kind, _ in mailed(decision)] == ["answer"]
    assert decision.replies[0].text == text


@pytest.mark.parametrize(
    "text",
    ["#clsoe", "#clsoe\nHello Anna", "#status nonsense", "#resolve\n#unknown\nHello", "#assign nobody", "#priority now",
     "#postpone", "#postpone yesterday", "#postpone 2020-01-01", "#postpone 2026-02-31", "#status postponed", "#note",
     "#requester none", "#cc +support@example.com", "#link 1042", "#link 99", "#followup", "#tag ", "#close never", "",
     "#send nonsense", "#send 17 now", "#help me", "#take it", "#release me", "#mine please", "#recent 5", "#show 1042 now",
     "#forward dana@helper.example please look", "#forward Dana <dana@helper.example> please", "#later 3d Hello",
     "#requester carl@example.org now", "#cc +carl@example.org please", "#priority high now", "#list open now"],
)  # fmt: skip
def test_A3_one_wrong_line_stops_the_whole_mail(text: str) -> None:
    assert refused(decided(from_bob(text)))


@pytest.mark.parametrize("text", ["#status open", "#resolve", "#postpone 3d"])
def test_impossible_moves_are_refused(text: str) -> None:
    assert refused(decided(from_bob(text, K.CLOSED)))


@pytest.mark.parametrize("text", ["We look into it again.", "#followup\nWe look into it again.", "#followup"])
def test_F6_an_answer_on_a_closed_case_is_a_follow_up_case(text: str) -> None:
    decision = decided(from_bob(text, K.CLOSED))
    opened = named(decision.events, "CaseOpened")[0]
    assert (opened.case, opened.follow_up_of) == (1077, 1042)
    notes = {m.case: m.author.name for m in named(decision.events, "MessageFiled") if m.direction == "note"}
    assert notes == {1077: "bob", 1042: "bob"}
    if "look" in text:
        assert moved(decision) == ("open", "pending")
        assert "[Case #1077]" in decision.replies[0].subject


def test_a_note_on_a_closed_case_stays_there() -> None:
    decision = decided(from_bob("#note found the cause", K.CLOSED))
    assert named(decision.events, "MessageFiled")[0].case == 1042
    assert not named(decision.events, "CaseOpened")


def test_attachments_without_text_are_an_answer() -> None:
    files = {"attachments": (Attachment("manual.pdf", "application/pdf", 9, 0),)}
    decision = decided(from_bob("", mail_more=files))
    assert decision.replies[0].attach
    assert decided(from_bob("#take", mail_more=files)).rule == "agent-commands"


def test_A5_without_proof_the_mail_is_held_and_the_agent_asked() -> None:
    decision = decided(from_bob("#close", proof="", distrust="no reply token"))
    assert (decision.hold, decision.events) == ("no reply token", ())
    assert mailed(decision) == [("confirm-agent", "bob@staff.example")]
    assert decision.outcome.kind == "quarantined"


def test_A5_the_answer_to_the_question_lets_it_go_on() -> None:
    decision = decided(from_bob("yes", proof="", held=5, on=None))
    assert (decision.release, decision.replies, decision.outcome.kind) == (5, (), "ignored")


def test_A7_a_forward_is_a_case_of_the_original_sender() -> None:
    carl = Address("Carl", "carl@example.org")
    decision = decided(from_bob("see below", on=None, reading_more={"forwarded": Forwarded(carl, "Broken lamp")}))
    opened = named(decision.events, "CaseOpened")[0]
    assert (opened.requester, opened.subject, opened.status) == (carl, "Broken lamp", "open")


def test_A7_when_unsure_the_agent_is_asked() -> None:
    decision = decided(from_bob("see below", on=None, reading_more={"forwarded": Forwarded(None)}))
    assert (mailed(decision), decision.events) == ([RECEIPT], ())


def test_a_case_opened_for_a_customer() -> None:
    decision = decided(from_bob("#requester Carl <carl@example.org>\n#priority high\nHe called.", on=None))
    assert named(decision.events, "CaseOpened")[0].requester == Address("Carl", "carl@example.org")
    assert named(decision.events, "FieldChanged")[0].after == "high"
    assert named(decision.events, "MessageFiled")[0].direction == "note"


def test_a_case_without_a_customer_cannot_be_answered() -> None:
    assert refused(decided(from_bob("Hello", on=case(requester=Address("", "")))))
